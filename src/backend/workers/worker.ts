// What runs in a worker, bundled into one script by scripts/build-worker.mjs. Comlink starts it; from then on it knows the shared
// memory alone, and sleeps in Atomics.wait when there is nothing to do.
import * as Comlink from 'comlink';
import type { SharedLayout } from '../deferral/layout.ts';
import { JobRunner } from '../deferral/runner.ts';
import { FINISHED, FINISHED_MESSAGE, POSTED, SLEEPING, STOP, TAKEN } from './control.ts';
import { JobRing } from './job_ring.ts';
import { nodeEndpoint } from './node_endpoint.ts';

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

/** So many jobs are announced together, and for so many milliseconds a job waits to be, unless the next one takes longer. */
const ANNOUNCED_TOGETHER = 8;
const ANNOUNCED_WITHIN_MS = 0.2;
/**
 * For so many milliseconds a worker stays awake, for the device to answer what was announced with more: to be woken takes as long, and the
 * system likes to wake it where another worker runs already, which it then waits for.
 */
const AWAKE_MS = 0.03;
/** Where that was in vain, so many times it is not tried: the device may be waiting for the very core that a worker keeps. */
const TIRED = 4;

class Server {
  readonly #ring: JobRing;
  readonly #control: Int32Array;
  readonly #runner: JobRunner;
  readonly #workers: number;
  /** FINISHED, and when this worker saw it change: then the device was last told something. */
  #told = 0;
  #toldAt = 0;
  #tired = 0;

  /** @param send posts a message to the thread that the device is in */
  constructor({ module, memory, layout, index }: WorkerStart, send: (message: string) => void) {
    this.#ring = new JobRing(layout, memory, index, () => send(FINISHED_MESSAGE));
    this.#control = this.#ring.control;
    this.#runner = new JobRunner(module, memory, layout, index);
    this.#workers = layout.workers;
  }

  serve(): void {
    const control = this.#control;
    while (!Atomics.load(control, STOP)) {
      const posted = Atomics.load(control, POSTED);
      const slots = this.#ring.take(posted);
      if (slots.length === 0) {
        this.#ring.announce();
        this.#sleep(posted);
        continue;
      }
      this.#runner.run(slots);
      const unseen = this.#ring.finish(slots);
      // To be woken costs the device more than to take one job's result: it hears of several, unless the workers would run dry.
      const ahead = (posted - Atomics.load(control, TAKEN)) | 0;
      if (unseen >= ANNOUNCED_TOGETHER || ahead < 2 * this.#workers || this.#isLate()) this.#ring.announce();
    }
  }

  /** Until something more is posted. */
  #sleep(posted: number): void {
    const control = this.#control;
    if (this.#stayAwake(posted)) return;
    while (Atomics.load(control, POSTED) === posted) {
      Atomics.add(control, SLEEPING, 1);
      Atomics.wait(control, POSTED, posted);
      Atomics.sub(control, SLEEPING, 1);
    }
  }

  /** For AWAKE_MS, unless that was in vain lately; whether something came. */
  #stayAwake(posted: number): boolean {
    if (this.#tired > 0) {
      this.#tired--;
      return false;
    }
    const until = performance.now() + AWAKE_MS;
    do {
      if (Atomics.load(this.#control, POSTED) !== posted) return true;
    } while (performance.now() < until);
    this.#tired = TIRED;
    return false;
  }

  #isLate(): boolean {
    const told = Atomics.load(this.#control, FINISHED);
    const now = performance.now();
    if (told === this.#told) return now - this.#toldAt >= ANNOUNCED_WITHIN_MS;
    this.#told = told;
    this.#toldAt = now;
    return false;
  }
}

const parent = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;

const control: WorkerControl = {
  start(start) {
    const server = new Server(start, (message) =>
      parent ? parent.postMessage(message) : globalThis.postMessage(message),
    );
    // After the answer has left: serving ends only when the device does.
    setTimeout(() => server.serve(), 0);
  },
};

Comlink.expose(control, parent ? nodeEndpoint(parent) : undefined);
