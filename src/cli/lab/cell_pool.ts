import { Worker } from 'node:worker_threads';

/** How cells are run. */
export interface PoolOptions<Cell, Result> {
  /** The module of a thread: it answers each cell with `{ result }`, or with `{ error }` if it cannot run the cell at all. */
  script: URL;
  /** What each thread has besides its cells: its workerData. */
  data: unknown;
  /** Number of threads. */
  jobs: number;
  /** The most real milliseconds that a cell may take. Left out: a thread ends its cells by itself. */
  timeoutMs?: number;
  signal: AbortSignal;
  /** The result of a cell that never came back: it took too long, or its thread has ended. */
  lost(cell: Cell, how: 'late' | 'ended'): Result;
  /** @param index the cell's place among the cells */
  onResult(result: Result, index: number): void;
}

/**
 * Runs cells in threads. A thread that is lost with its cell is replaced. Returns early if the signal is aborted.
 * @throws Error if a thread cannot run a cell at all; no other cell is begun then
 */
export async function runInThreads<Cell, Result>(
  cells: readonly Cell[],
  options: PoolOptions<Cell, Result>,
): Promise<void> {
  const waiting = cells.entries();
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const threads = Array.from({ length: Math.min(options.jobs, cells.length) }, async () => {
    try {
      await serve(waiting, { ...options, signal });
    } catch (error) {
      failure.abort();
      throw error;
    }
  });
  // All threads are gone before the caller hears of an error.
  const ends = await Promise.allSettled(threads);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function serve<Cell, Result>(
  waiting: IterableIterator<[number, Cell]>,
  { script, data, timeoutMs, signal, lost, onResult }: PoolOptions<Cell, Result>,
): Promise<void> {
  const start = () => new Worker(script, { workerData: data });
  let worker = start();
  try {
    for (const [index, cell] of waiting) {
      if (signal.aborted) return;
      const answer = await ask<Cell, Result>(worker, cell, timeoutMs, signal);
      if (answer === 'aborted') return;
      if (typeof answer === 'object') onResult(answer.result, index);
      else {
        onResult(lost(cell, answer), index);
        await worker.terminate();
        worker = start();
      }
    }
  } finally {
    await worker.terminate();
  }
}

type Answer<Result> = { result: Result } | 'late' | 'ended' | 'aborted';

/** @throws Error if the thread cannot run the cell at all */
function ask<Cell, Result>(
  worker: Worker,
  cell: Cell,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<Answer<Result>> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    const settle = (answer: Answer<Result>) => {
      end();
      resolve(answer);
    };
    const onAbort = () => settle('aborted');
    // What a driver throws outside of all calls of the lab ends the thread.
    const onEnd = () => settle('ended');
    const onMessage = (answer: { result: Result } | { error: string }) => {
      if ('result' in answer) {
        settle(answer);
        return;
      }
      end();
      reject(new Error(answer.error));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => settle('late'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
    worker.postMessage(cell);
  });
}
