import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { Output } from '../output.ts';

/** A table of figures as people read it. */
export function table(head: string[], rows: string[][]): string {
  const table = new Table({
    head,
    colAligns: head.map(() => 'right' as const),
    style: { head: [], border: [] },
    // No line between rows: eight rows need none.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  table.push(...rows);
  return table.toString();
}

/** A bar that shows how far a measurement is; undefined where the output is no terminal. */
export function progressBar(output: Output, total: number): SingleBar | undefined {
  if (!output.stream.isTTY) return undefined;
  const bar = new SingleBar({
    format: '  {bar} {value}/{total}',
    stream: output.stream,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0);
  return bar;
}
