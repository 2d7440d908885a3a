// Workers without threads. Each takes, runs and announces jobs by the code of real workers, one step at a time and when the test says so.
// A life is then the same in every run, and a worker may stand anywhere in its work while the device goes on.

import { regionAt } from '../../../src/backend/deferral/layout.ts';
import { JobRunner } from '../../../src/backend/deferral/runner.ts';
import { POSTED, STOP } from '../../../src/backend/workers/control.ts';
import { JobRing } from '../../../src/backend/workers/job_ring.ts';
import type { Thread, ThreadEvents } from '../../../src/backend/workers/thread.ts';
import type { WorkerStart } from '../../../src/backend/workers/worker.ts';
import type { Workers } from './workers.ts';

/** A pool gives a worker up that was started 16 times. */
const LOST_MOST = 12;

/** One worker, as the device sees it and as the test does. */
class SimulatedWorker implements Thread {
  readonly #workers: SimulatedWorkers;
  readonly #events: ThreadEvents;
  #serving: { ring: JobRing; runner: JobRunner } | undefined;
  #taken: number[] = [];
  #ran = false;
  #region: { memory: WebAssembly.Memory; at: number } | undefined;
  #begun = false;
  #gone = false;
  /** Whether it never ends what it is at, or takes next. */
  hangs = false;

  constructor(workers: SimulatedWorkers, events: ThreadEvents) {
    this.#workers = workers;
    this.#events = events;
  }

  get serves(): boolean {
    return this.#begun && !this.#gone;
  }

  async start(start: WorkerStart): Promise<void> {
    const { starting } = this.#workers;
    if (starting === 'with an error') throw new Error('This worker does not start.');
    if (starting === 'never') await new Promise(() => {});
    // A thread takes a while to start.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#gone) throw new Error('It was ended.');
    const { module, memory, layout, index } = start;
    this.#region = { memory, at: regionAt(layout, index) };
    this.#workers.enter(this);
    const runner = new JobRunner(module, memory, layout, index);
    // What a thread has sent arrives, whatever becomes of it.
    const send = () => void setImmediate(() => this.#events.announced());
    this.#serving = { ring: new JobRing(layout, memory, index, send), runner };
    // After the answer has left: what it does then is an event of its own.
    setImmediate(() => {
      this.#begun = true;
    });
  }

  /** Whether both have their engine's state in the same place. */
  shares(other: SimulatedWorker): boolean {
    const [own, its] = [this.#region, other.#region];
    return own !== undefined && its !== undefined && own.memory === its.memory && own.at === its.at;
  }

  async end(): Promise<void> {
    // Its start took too long, or its device has gone.
    if (!this.#serving) this.#workers.giveUp();
    // Until then it goes on with what it is at.
    await new Promise((resolve) => setImmediate(resolve));
    this.#leave();
  }

  /** It ends by itself, in the middle of whatever it is at. */
  die(): void {
    if (this.#gone) return;
    this.#leave();
    this.#events.died('it was killed');
  }

  /** Does one step of its work; false: there is nothing to do. Other workers do not go on meanwhile. */
  step(): boolean {
    return this.#workers.alone(() => this.#step());
  }

  #step(): boolean {
    if (!this.#serving || this.#gone) return false;
    const { ring, runner } = this.#serving;
    if (this.#taken.length === 0) {
      if (Atomics.load(ring.control, STOP)) return false;
      this.#taken = ring.take(Atomics.load(ring.control, POSTED));
      return this.#taken.length > 0 || ring.announce();
    }
    if (this.hangs) return false;
    if (!this.#ran) {
      runner.run(this.#taken);
      this.#ran = true;
      return true;
    }
    ring.finish(this.#taken);
    this.#taken = [];
    this.#ran = false;
    return true;
  }

  #leave(): void {
    this.#gone = true;
    this.#workers.leave(this);
  }
}

/** All workers of a life. */
export class SimulatedWorkers implements Workers {
  #starting: 'well' | 'with an error' | 'never' = 'well';
  /** How many had to be replaced, and whether some did not start. */
  #lost = 0;
  #failed = false;
  trespassed = false;
  readonly #alive = new Set<SimulatedWorker>();
  #random = 0x2545f491;
  #stepping = false;
  readonly real = false;

  /** What src/backend/workers/thread.ts has. */
  createThread(events: ThreadEvents): Thread {
    const worker = new SimulatedWorker(this, events);
    this.#alive.add(worker);
    return worker;
  }

  /** A worker lays its engine out. No other worker may have its engine in the same place. */
  enter(worker: SimulatedWorker): void {
    if ([...this.#alive].some((other) => other !== worker && other.shares(worker))) this.trespassed = true;
  }

  giveUp(): void {
    this.#failed = true;
  }

  leave(worker: SimulatedWorker): void {
    this.#lost++;
    this.#alive.delete(worker);
  }

  /** Of all devices. */
  get alive(): number {
    return this.#alive.size;
  }

  get starting(): 'well' | 'with an error' | 'never' {
    return this.#starting;
  }

  set starting(how: 'well' | 'with an error' | 'never') {
    this.#starting = how;
    this.#failed ||= how !== 'well';
  }

  get reliable(): boolean {
    return !this.#failed && this.#lost < LOST_MOST;
  }

  get hanging(): boolean {
    return [...this.#alive].some(({ hangs }) => hangs);
  }

  /** Those that take jobs. */
  get serving(): SimulatedWorker[] {
    return [...this.#alive].filter(({ serves }) => serves);
  }

  work(index: number, steps: number): void {
    const worker = this.#at(index);
    for (let i = 0; i < steps; i++) worker?.step();
  }

  lose(index: number, how: 'dies' | 'hangs'): void {
    const worker = this.#at(index);
    if (how === 'dies') worker?.die();
    else if (worker) worker.hangs = true;
  }

  #at(index: number): SimulatedWorker | undefined {
    const { serving } = this;
    return serving[index % Math.max(1, serving.length)];
  }

  /** Each does what it can, until there is nothing to do. */
  workOn(): void {
    let busy = true;
    while (busy) {
      busy = false;
      for (const worker of this.serving) while (worker.step()) busy = true;
    }
  }

  /** Does a step of one worker, which no other interrupts. */
  alone(step: () => boolean): boolean {
    const before = this.#stepping;
    this.#stepping = true;
    try {
      return step();
    } finally {
      this.#stepping = before;
    }
  }

  /**
   * Has workers go on while the device looks at what they share.
   * @param percent how often
   * @returns what ends that
   */
  interleave(percent: number): () => void {
    const originals = { ...pick(Atomics) };
    const some = () => {
      if (this.#stepping || percent === 0 || this.#next() % 100 >= percent) return;
      const { serving } = this;
      serving[this.#next() % Math.max(1, serving.length)]?.step();
    };
    const watched = <F extends (...given: never) => unknown>(original: F): F =>
      new Proxy(original, {
        apply(target, self, given) {
          some();
          return Reflect.apply(target, self, given);
        },
      });
    Atomics.load = watched(originals.load);
    Atomics.store = watched(originals.store);
    Atomics.compareExchange = watched(originals.compareExchange);
    return () => {
      Object.assign(Atomics, originals);
    };
  }

  #next(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return this.#random;
  }
}

function pick(from: Atomics): Pick<Atomics, 'load' | 'store' | 'compareExchange'> {
  const { load, store, compareExchange } = from;
  return { load, store, compareExchange };
}
