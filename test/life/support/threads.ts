// Lives whose workers are threads, which go on by themselves. To be imported before anything of src/: their script is the one with
// faults. Nothing of such a life is the same in the next run but what the driver has to find at its end.
import type { Worker } from 'node:worker_threads';
import { vi } from 'vitest';
import { faulty, SharedMemories, start } from '../../support/worker_faults.ts';
import { liveWith } from './life.ts';
import { Machine } from './machine.ts';
import type { Operation, Setting } from './operations.ts';
import type { Workers } from './workers.ts';

vi.mock('../../../src/backend/workers/worker_source.ts', async (importOriginal) => {
  const { WORKER_SOURCE } = await importOriginal<typeof import('../../../src/backend/workers/worker_source.ts')>();
  return {
    get WORKER_SOURCE() {
      return faulty(WORKER_SOURCE);
    },
  };
});

class Threads implements Workers {
  readonly real = true;
  readonly reliable = false;
  readonly trespassed = false;
  hanging = false;
  readonly #memories = new SharedMemories();
  readonly #alive = new Set<Worker>();
  readonly #remember = (worker: Worker) => {
    this.#alive.add(worker);
    worker.on('exit', () => this.#alive.delete(worker));
  };

  get starting(): 'well' | 'with an error' | 'never' {
    return start.how;
  }

  set starting(how: 'well' | 'with an error' | 'never') {
    start.how = how;
    this.hanging ||= how === 'never';
  }

  get alive(): number {
    return this.#alive.size;
  }

  /** The memory that was shared last is that of the workers, if there are any. */
  lose(_worker: number, how: 'dies' | 'hangs'): void {
    if (this.#alive.size === 0 || !this.#memories.any) return;
    if (how === 'dies') this.#memories.die(1);
    else this.#memories.hang(1);
    this.hanging ||= how === 'hangs';
  }

  work(): void {}

  workOn(): void {}

  interleave(): () => void {
    return () => {};
  }

  begin(): void {
    this.#memories.watch();
    process.on('worker', this.#remember);
  }

  end(): void {
    this.#memories.restore();
    process.off('worker', this.#remember);
    start.how = 'well';
  }
}

/**
 * Lives a life.
 * @throws Wrong where the driver finds what it must not, and whatever else goes wrong
 */
export async function live(setting: Setting, operations: readonly Operation[]): Promise<void> {
  const threads = new Threads();
  threads.begin();
  try {
    await liveWith(new Machine(setting, threads), threads, operations);
  } finally {
    threads.end();
  }
}
