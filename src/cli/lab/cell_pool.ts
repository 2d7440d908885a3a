import { Worker } from 'node:worker_threads';
import type { Cell, CellResult } from '../../lab/index.ts';

const SCRIPT = new URL('./cell_worker.js', import.meta.url);

/** How cells are run. */
export interface PoolOptions {
  /** Number of threads. */
  jobs: number;
  /** The most real milliseconds that a cell may take. */
  timeoutMs: number;
  /** The module of a driver that is not one of the lab's. */
  driverFile: string | undefined;
  signal: AbortSignal;
  /** @param index the cell's place among the cells */
  onResult(result: CellResult, index: number): void;
}

/** Runs cells in threads. A cell that does not end is reported as hung, and its thread replaced. Returns early if the signal is aborted. */
export async function runInThreads(cells: readonly Cell[], options: PoolOptions): Promise<void> {
  const waiting = cells.entries();
  const threads = Array.from({ length: Math.min(options.jobs, cells.length) }, () => serve(waiting, options));
  await Promise.all(threads);
}

async function serve(waiting: IterableIterator<[number, Cell]>, options: PoolOptions): Promise<void> {
  const { driverFile, signal, timeoutMs, onResult } = options;
  const start = () => new Worker(SCRIPT, { workerData: { driverFile } });
  let worker = start();
  try {
    for (const [index, cell] of waiting) {
      if (signal.aborted) return;
      const answer = await ask(worker, cell, timeoutMs, signal);
      if (answer === 'aborted') return;
      if (typeof answer === 'object') onResult(answer, index);
      else {
        onResult(hung(cell, answer, timeoutMs), index);
        await worker.terminate();
        worker = start();
      }
    }
  } finally {
    await worker.terminate();
  }
}

type Answer = CellResult | 'late' | 'ended' | 'aborted';

/** @throws Error if the thread cannot run the cell at all */
function ask(worker: Worker, cell: Cell, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    const settle = (answer: Answer) => {
      end();
      resolve(answer);
    };
    const onAbort = () => settle('aborted');
    // What a driver throws outside of all calls of the lab ends the thread.
    const onEnd = () => settle('ended');
    const onMessage = (answer: { result: CellResult } | { error: string }) => {
      if ('result' in answer) {
        settle(answer.result);
        return;
      }
      end();
      reject(new Error(answer.error));
    };
    const timer = setTimeout(() => settle('late'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
    worker.postMessage(cell);
  });
}

/** The result of a cell that never came back. */
function hung(cell: Cell, how: 'late' | 'ended', timeoutMs: number): CellResult {
  const text =
    how === 'late'
      ? `The driver did not give the processor back within ${timeoutMs / 1000} s.`
      : 'The driver threw an error outside of a request, which ended its thread.';
  return {
    cell,
    outcome: 'hung',
    expected: ['completed'],
    passed: false,
    struck: false,
    nth: undefined,
    requests: [{ what: 'the cell', end: text, expected: false }],
    violations: [],
    leaks: { sessions: 0, bytes: 0 },
    timeline: [{ at: 0, kind: 'fault', text }],
    log: [],
    milliseconds: timeoutMs,
  };
}
