import { SingleBar } from 'cli-progress';

/** How far a run is, on standard error. */
export interface Progress {
  done(passed: boolean): void;
  end(): void;
}

/** A bar on a terminal; elsewhere a line for every tenth of the cells. */
export function showProgress(total: number): Progress {
  let count = 0;
  let failed = 0;
  const stream = process.stderr;
  const bar = stream.isTTY
    ? new SingleBar({
        format: '  {bar} {value}/{total} cells, {failed} failed',
        stream,
        clearOnComplete: true,
        hideCursor: true,
      })
    : undefined;
  bar?.start(total, 0, { failed });
  const tenth = Math.max(1, Math.ceil(total / 10));
  return {
    done: (passed) => {
      count++;
      if (!passed) failed++;
      if (bar) bar.update(count, { failed });
      else if (count % tenth === 0 || count === total) stream.write(`${count} of ${total} cells, ${failed} failed\n`);
    },
    end: () => bar?.stop(),
  };
}
