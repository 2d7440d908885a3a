// A worker that runs requests in an engine of its own. Comlink starts it. From then on it uses only the shared memory, and sleeps in
// Atomics.wait when there are no jobs.
import type { SharedLayout } from '../deferral/layout.ts';
import { JobRunner } from '../deferral/runner.ts';
import { FINISHED, FINISHED_MESSAGE, POSTED, SLEEPING, STOP, TAKEN } from './control.ts';
import { JobRing } from './job_ring.ts';

/** The message with which a worker starts. */
export interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  layout: SharedLayout;
  index: number;
}

/** The control plane of a worker. */
export interface WorkerControl {
  /** Resolves when the engine is ready and the worker begins to take jobs. */
  start(start: WorkerStart): void;
}

/**
 * A worker announces finished jobs when there are ANNOUNCED_TOGETHER of them, or ANNOUNCED_WITHIN_MS milliseconds after the device was
 * last told of any. It looks at the time only between jobs.
 */
const ANNOUNCED_TOGETHER = 8;
const ANNOUNCED_WITHIN_MS = 0.2;
/**
 * Milliseconds that a worker without jobs stays awake, because the device may post more jobs after an announcement. Being woken takes as
 * long. The system also tends to wake a worker on a core where another worker runs, and then it has to wait.
 */
const AWAKE_MS = 0.03;
/** After staying awake in vain, a worker goes to sleep at once this many times: the device may be waiting for the worker's core. */
const TIRED = 4;

class Server {
  readonly #ring: JobRing;
  readonly #control: Int32Array;
  readonly #runner: JobRunner;
  readonly #workers: number;
  /** The last value of FINISHED, and when this worker saw it change. At that time the device was last told of finished jobs. */
  #told = 0;
  #toldAt = 0;
  #tired = 0;

  /** @param send posts a message to the device's thread */
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
      // Being woken costs the device more than taking the result of one job. So it is told of several jobs at a time, unless the
      // workers would run out of jobs.
      const ahead = (posted - Atomics.load(control, TAKEN)) | 0;
      if (unseen >= ANNOUNCED_TOGETHER || ahead < 2 * this.#workers || this.#isLate()) this.#ring.announce();
    }
  }

  /** Sleeps until more jobs are posted. */
  #sleep(posted: number): void {
    const control = this.#control;
    if (this.#stayAwake(posted)) return;
    while (Atomics.load(control, POSTED) === posted) {
      Atomics.add(control, SLEEPING, 1);
      Atomics.wait(control, POSTED, posted);
      Atomics.sub(control, SLEEPING, 1);
    }
  }

  /** Stays awake for AWAKE_MS, unless that was in vain lately. Returns true if jobs were posted. */
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

/**
 * What the worker's script offers to the device.
 * @param send posts a message to the device's thread
 */
export const workerControl = (send: (message: string) => void): WorkerControl => ({
  start(start) {
    const server = new Server(start, send);
    // Serving begins after the reply to start() has left, because it ends only with the device.
    setTimeout(() => server.serve(), 0);
  },
});
