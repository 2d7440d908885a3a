import { Writable } from 'node:stream';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { bootView } from '../../src/cli/demo/boot_view.ts';
import type { Output } from '../../src/cli/output.ts';

/** An output that is no terminal, and what was written there. */
function lines(): { output: Output; written: string[] } {
  const written: string[] = [];
  const line = (text: string) => void written.push(text);
  const stream = Object.assign(new Writable(), { isTTY: false }) as unknown as NodeJS.WriteStream;
  return { output: { line, ok: line, failed: line, stream, colors: pc.createColors(false) }, written };
}

const at = (instructions: number) => ({ instructions, lastLine: '', silentSeconds: 0 });

test('where there is no terminal, a line each half minute tells how far our own guest is', () => {
  const { output, written } = lines();
  const view = bootView(output, { ownGuest: false, verbose: false });
  for (let second = 1; second <= 60; second++) view.progress(at(second * 50e6));
  expect(written).toEqual([
    '  30 s: 1,500 million instructions, about 63 % of the boot',
    '  60 s: 3,000 million instructions, about 99 % of the boot',
  ]);
});

test("nobody knows how long the boot of a user's own guest is; the kernel's log needs no lines beside it", () => {
  const own = lines();
  const view = bootView(own.output, { ownGuest: true, verbose: false });
  for (let second = 1; second <= 30; second++) view.progress(at(second * 50e6));
  expect(own.written).toEqual(['  30 s: 1,500 million instructions']);
  const verbose = lines();
  const silent = bootView(verbose.output, { ownGuest: true, verbose: true });
  for (let second = 1; second <= 30; second++) silent.progress(at(second));
  expect(verbose.written).toEqual([]);
});

test('a silence is told with the last words and what can be done', () => {
  const { output, written } = lines();
  const view = bootView(output, { ownGuest: true, verbose: false });
  view.silence({ instructions: 7e9, lastLine: 'Freeing memory', silentSeconds: 240 });
  expect(written).toEqual([
    '  The guest runs (7,000 million instructions), but has written nothing for 4 minutes. Its last line: Freeing memory',
    "  It may be slow, or hang: --verbose shows the kernel's log, --timeout sets a limit, Ctrl-C ends it.",
  ]);
});
