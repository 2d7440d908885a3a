// What runs in a worker, bundled into one script by scripts/build-worker.mjs. Comlink starts it; from then on it knows the shared
// memory alone, and sleeps in Atomics.wait when there is nothing to do.
import * as Comlink from 'comlink';
import { JOB_ALIKE, JOBS_AT_ONCE } from '../../../spec/engine.ts';
import {
  BY_MESSAGE,
  BY_NOTIFICATION,
  controlOf,
  DONE,
  FINISHED,
  FINISHED_MESSAGE,
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
  UNSEEN,
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

/** So many jobs are announced together, and for so many milliseconds a job waits to be, unless the next one takes longer. */
const ANNOUNCED_TOGETHER = 8;
const ANNOUNCED_WITHIN_MS = 0.2;
/** Fewer of them gain nothing by running side by side. */
const LANES_LEAST = 3;
/**
 * For so many milliseconds a worker stays awake, for the device to answer what was announced with more: to be woken takes as long, and the
 * system likes to wake it where another worker runs already, which it then waits for.
 */
const AWAKE_MS = 0.03;
/** Where that was in vain, so many times it is not tried: the device may be waiting for the very core that a worker keeps. */
const TIRED = 4;

class Server {
  readonly #control: Int32Array;
  readonly #runner: JobRunner;
  readonly #workers: number;
  readonly #mark: number;
  readonly #layout: SharedLayout;
  readonly #jobs: DataView;
  readonly #send: (message: string) => void;
  /** FINISHED, and when this worker saw it change: then the device was last told something. */
  #told = 0;
  #toldAt = 0;
  #tired = 0;

  /** @param send posts a message to the thread that the device is in */
  constructor({ module, memory, layout, index }: WorkerStart, send: (message: string) => void) {
    this.#control = controlOf(layout, memory);
    this.#runner = new JobRunner(module, memory, layout, index);
    this.#workers = layout.workers;
    this.#mark = RUNNING + index;
    this.#layout = layout;
    this.#jobs = new DataView(memory.buffer);
    this.#send = send;
  }

  serve(): void {
    const control = this.#control;
    while (!Atomics.load(control, STOP)) {
      const posted = Atomics.load(control, POSTED);
      const slots = this.#take(posted);
      if (slots.length === 0) {
        this.#announce();
        this.#sleep(posted);
        continue;
      }
      this.#runner.run(slots);
      for (const slot of slots) Atomics.compareExchange(control, STATES + slot, this.#mark, DONE);
      const unseen = Atomics.add(control, UNSEEN, slots.length) + slots.length;
      // To be woken costs the device more than to take one job's result: it hears of several, unless the workers would run dry.
      const ahead = (posted - Atomics.load(control, TAKEN)) | 0;
      if (unseen >= ANNOUNCED_TOGETHER || ahead < 2 * this.#workers || this.#isLate()) this.#announce();
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

  /** Tells the device what is finished, unless it has seen that. */
  #announce(): void {
    const control = this.#control;
    if (Atomics.exchange(control, UNSEEN, 0) === 0) return;
    Atomics.add(control, FINISHED, 1);
    const listening = Atomics.load(control, LISTENING);
    if (listening === BY_NOTIFICATION) Atomics.notify(control, FINISHED);
    // One message for each time that the device listens.
    else if (listening === BY_MESSAGE && Atomics.compareExchange(control, LISTENING, BY_MESSAGE, 0) === BY_MESSAGE) {
      this.#send(FINISHED_MESSAGE);
    }
  }

  #alike(slot: number): boolean {
    return this.#jobs.getUint32(slotAt(this.#layout, slot) + JOB_ALIKE, true) !== 0;
  }

  /** Takes a job, or up to four that run side by side. */
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
        // Four side by side take less than two in turn: worth it even where another worker then has nothing.
        if (slots.length === 1) share = ahead >= LANES_LEAST && this.#alike(slot) ? JOBS_AT_ONCE : 1;
      }
      Atomics.compareExchange(control, TAKEN, taken, (taken + 1) | 0);
    }
    return slots;
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
