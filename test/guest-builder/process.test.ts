import { expect, test } from 'vitest';
import { lastLines, missingPrograms, runProcess } from '../../src/guest/process.ts';

test('output, status and status lines come back', async () => {
  const lines: string[] = [];
  const result = await runProcess('sh', ['-c', 'echo out; echo err >&2; printf "a\\nb\\n" >&3; exit 3'], {
    onStatusLine: (line) => lines.push(line),
  });
  expect(result).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  expect(lines).toEqual(['a', 'b']);
});

test('an abort ends the whole family of a child, and gives the reason', async () => {
  const stop = new AbortController();
  // The grandchild holds the pipe to standard output: the promise settles when that, too, has ended.
  const running = runProcess('sh', ['-c', 'sleep 60 & echo started >&3; wait'], {
    signal: stop.signal,
    onStatusLine: () => stop.abort(new Error('enough')),
  });
  await expect(running).rejects.toThrow('enough');
});

test('a child that ignores the request to end is killed', async () => {
  const stop = new AbortController();
  const running = runProcess('sh', ['-c', 'trap "" TERM; echo started >&3; while :; do sleep 60; done'], {
    signal: stop.signal,
    onStatusLine: () => stop.abort(new Error('enough')),
  });
  await expect(running).rejects.toThrow('enough');
});

test('an abort before the start starts nothing', async () => {
  await expect(runProcess('true', [], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
});

test('a program that is not there is an error', async () => {
  await expect(runProcess('no-such-program', [])).rejects.toThrow('ENOENT');
  expect(await missingPrograms(['sh', 'no-such-program'])).toEqual(['no-such-program']);
});

test('the last lines of a complaint', () => {
  expect(lastLines('a\nb\nc\n', 2)).toBe('b\nc');
});
