// What runs in a worker, bundled into one script by scripts/build-worker.mjs. Comlink starts it; from then on it knows the shared
// memory alone, and sleeps in Atomics.wait when there is nothing to do.
import * as Comlink from 'comlink';
import { JOB_ALIKE, JOBS_AT_ONCE } from '../../../spec/engine.ts';
import {
  CONTROL,
  CONTROL_WORDS,
  DONE,
  FINISHED,
  LISTENING,
  POSTED,
  RING,
  RING_ENTRIES,
  RUNNING,
  type SharedLayout,
  SLEEPING,
  STATES,
  STOP,
  slotAt,
  TAKEN,
  WAITING,
} from './layout.ts';
import { nodeEndpoint } from './node_endpoint.ts';
import { JobRunner } from './runner.ts';

/** What a worker is told when it starts. */
export interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: SharedLayout;
  index: number;
}

/** The control plane of a worker. */
export interface WorkerControl {
  /** Resolves when the engine stands and the worker begins to take jobs. */
  start(start: WorkerStart): void;
}

/** So many jobs of one worker are announced together, at most. */
const ANNOUNCED_TOGETHER = 4;

class Server {
  readonly #control: Int32Array;
  readonly #runner: JobRunner;
  readonly #workers: number;
  readonly #mark: number;
  readonly #layout: SharedLayout;
  readonly #jobs: DataView;
  /** Jobs that the device has not been told of. */
  #finished = 0;

  constructor({ module, memory, layout, index }: WorkerStart) {
    this.#control = new Int32Array(memory.buffer, CONTROL, CONTROL_WORDS);
    this.#runner = new JobRunner(module, memory, layout, index);
    this.#workers = layout.workers;
    this.#mark = RUNNING + index;
    this.#layout = layout;
    this.#jobs = new DataView(memory.buffer);
  }

  serve(): void {
    const control = this.#control;
    while (!Atomics.load(control, STOP)) {
      const posted = Atomics.load(control, POSTED);
      const slots = this.#take(posted);
      if (slots.length === 0) {
        this.#announce();
        Atomics.add(control, SLEEPING, 1);
        Atomics.wait(control, POSTED, posted);
        Atomics.sub(control, SLEEPING, 1);
        continue;
      }
      this.#runner.run(slots);
      for (const slot of slots) Atomics.compareExchange(control, STATES + slot, this.#mark, DONE);
      this.#finished += slots.length;
      // To be woken costs the device more than to take one job's result: it hears of several, unless the workers would run dry.
      const ahead = (posted - Atomics.load(control, TAKEN)) | 0;
      if (this.#finished >= ANNOUNCED_TOGETHER || ahead < this.#workers) this.#announce();
    }
  }

  /** Tells the device what is finished. */
  #announce(): void {
    if (this.#finished === 0) return;
    this.#finished = 0;
    Atomics.add(this.#control, FINISHED, 1);
    if (Atomics.load(this.#control, LISTENING)) Atomics.notify(this.#control, FINISHED);
  }

  #alike(slot: number): boolean {
    return this.#jobs.getUint32(slotAt(this.#layout, slot) + JOB_ALIKE, true) !== 0;
  }

  /** Takes a fair share of what was posted, four jobs at most. */
  #take(posted: number): number[] {
    const control = this.#control;
    const slots: number[] = [];
    let share = JOBS_AT_ONCE;
    while (slots.length < share) {
      const taken = Atomics.load(control, TAKEN);
      const ahead = (posted - taken) | 0;
      if (ahead <= 0) break;
      const slot = Atomics.load(control, RING + ((taken >>> 0) % RING_ENTRIES));
      // The slot's state says whose it is; the count of those that were taken only follows.
      if (Atomics.compareExchange(control, STATES + slot, WAITING, this.#mark) === WAITING) {
        slots.push(slot);
        // Several at once only where that is faster than one after the other.
        if (slots.length === 1)
          share = this.#alike(slot) ? Math.min(JOBS_AT_ONCE, Math.ceil(ahead / this.#workers)) : 1;
      }
      Atomics.compareExchange(control, TAKEN, taken, (taken + 1) | 0);
    }
    return slots;
  }
}

const control: WorkerControl = {
  start(start) {
    const server = new Server(start);
    // After the answer has left: serving ends only when the device does.
    setTimeout(() => server.serve(), 0);
  },
};

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
Comlink.expose(control, threads?.parentPort ? nodeEndpoint(threads.parentPort) : undefined);
