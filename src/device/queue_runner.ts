import {
  FAULT_GUEST_MEMORY,
  FAULT_HOST,
  NOTIFY_IDLE,
  NOTIFY_INTERRUPT,
  NOTIFY_MORE,
  NOTIFY_NEEDS_RESET,
  NOTIFY_WAITS,
} from '../../spec/engine.ts';
import type { Backend } from '../backend/backend.ts';
import type { RequestBackend } from '../backend/contract.ts';
import type { Clock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import { GuestMemoryError } from '../engine/foreign/port.ts';
import { HeldQueues } from './held_queues.ts';
import type { ResolvedLimits } from './limits.ts';
import type { StatisticsReader } from './statistics.ts';
import { Throttle, type ThrottleLevels } from './throttle.ts';
import type { Turns } from './turns.ts';

/**
 * Watches a device's queues at work, and may hold them back. A device without one spends nothing on it. Its methods are called in the
 * middle of a request: from there the device may be read, and notified, but not reset, saved or restored.
 */
export interface DeviceObserver {
  /**
   * Called before a queue is run. Returns the number of requests that may be taken now. After a smaller number than there are
   * requests, call device.notify(queue) to resume; taking the observer away resumes all queues.
   */
  beforeQueue(queue: number): number;
  /**
   * That was done, or requests that run elsewhere were completed. Results stand in guest memory; the driver has not been
   * interrupted yet.
   */
  afterQueue(queue: number, backend: RequestBackend): void;
}

/** What a runner needs of its device. */
export interface RunnerDevice {
  turns: Turns;
  engine: EngineExports;
  /** Where the engine's region begins. */
  base: number;
  backend: Backend;
  statistics: StatisticsReader;
  clock: Clock;
  limits: ResolvedLimits;
  dataQueues: number;
  /** Whether the device works, and a queue of it is enabled. */
  ready(queue: number): boolean;
  /** Used buffers stand in a queue, and the driver wants to hear of it. */
  used(queue: number): void;
  /** The engine has met with what only a reset mends: its fault says what. */
  broken(): void;
}

/**
 * Runs what stands in a device's queues: now as far as limits and observer allow it, the rest from a timer, or when a
 * request is completed that it has to wait for.
 */
export class QueueRunner {
  #observer: DeviceObserver | undefined;
  readonly #device: RunnerDevice;
  readonly #throttle: Throttle;
  readonly #held: HeldQueues;
  /** Queues whose next request waits for one that is under way. */
  readonly #waiting = new Set<number>();
  /** Queues that the observer has held back. */
  readonly #observed = new Set<number>();

  constructor(device: RunnerDevice) {
    this.#device = device;
    this.#throttle = new Throttle(device.limits);
    this.#held = new HeldQueues(
      device.clock,
      (queue) => this.#waitOf(queue),
      (queue) => device.turns.run('A timer', () => this.#run(queue)),
    );
  }

  /** Attaches an observer in place of the one before. Queues that the one before held back go on from a timer. */
  observe(observer: DeviceObserver | undefined): void {
    this.#observer = observer;
    const held = [...this.#observed];
    this.#observed.clear();
    for (const queue of held) this.resume(queue);
  }

  /** Runs a queue in which the driver may have made buffers available. */
  notify(queue: number): void {
    const { ready, backend } = this.#device;
    if (!ready(queue)) return;
    backend.reap();
    if (this.#held.has(queue)) return;
    // A driver may notify in vain. An observer and the throttle are asked only where there is something to do; where
    // there are none, the engine finds out itself, so that most notifications call it once.
    const throttled = this.#throttled(queue);
    if ((throttled || this.#observer) && !this.#hasAvailable(queue)) return;
    // Whoever waits for the throttle goes first.
    const queued = throttled && this.#held.some((other) => this.#throttled(other));
    if (queued || this.#waitOf(queue) > 0) this.#hold(queue);
    else this.#run(queue);
  }

  /**
   * The request of a record was run elsewhere, and its result stands in its buffers: its chain is used now, or at its turn.
   * @param queue the queue that it came from
   */
  complete(queue: number, record: number, status: number, bytes: number, by: RequestBackend): void {
    const { engine, base } = this.#device;
    let answer: number;
    try {
      answer = engine.complete(base, record, status, bytes);
    } catch (error) {
      this.#halfDone(queue, error);
      return;
    }
    this.#after(queue, by);
    if (answer & NOTIFY_INTERRUPT) this.#device.used(queue);
  }

  /** Queues whose next request waited for one under way go on: the one that has waited longest first. */
  goOn(): void {
    for (const queue of [...this.#waiting]) {
      if (this.#waiting.delete(queue)) this.notify(queue);
    }
  }

  /** Whether requests of a queue stand in its ring although the driver has notified of them. */
  waits(queue: number): boolean {
    return this.#held.has(queue) || this.#waiting.has(queue) || this.#observed.has(queue);
  }

  /** A queue that waited when its device was saved goes on from a timer. */
  resume(queue: number): void {
    if (this.#device.ready(queue)) this.#held.hold(queue);
  }

  /** What was held back stays in its ring. */
  stop(): void {
    this.#held.releaseAll();
    this.#observed.clear();
  }

  /** The device is reset: what is under way is forgotten. */
  reset(): void {
    this.stop();
    this.#waiting.clear();
    this.#device.backend.drop();
  }

  /** The same for one queue. Nothing else runs before the engine has forgotten its chains. */
  resetQueue(queue: number): void {
    const { engine, base, backend } = this.#device;
    this.#held.release(queue);
    this.#waiting.delete(queue);
    this.#observed.delete(queue);
    backend.drop(queue);
    engine.resetQueue(base, queue);
  }

  /** Others may have waited for what was under way on a queue that was reset. */
  goOnAfterReset(): void {
    this.#device.backend.reap();
    this.goOn();
  }

  levels(): ThrottleLevels {
    return this.#throttle.levels(this.#device.clock.now());
  }

  setLevels(levels: ThrottleLevels): void {
    this.#throttle.setLevels(levels, this.#device.clock.now());
  }

  /** Whether the rates hold for a queue: sessions are made and unmade without them. */
  #throttled(queue: number): boolean {
    return this.#throttle.active && queue < this.#device.dataQueues;
  }

  /** Milliseconds until a queue may run something. */
  #waitOf(queue: number): number {
    if (!this.#throttled(queue)) return 0;
    const now = this.#device.clock.now();
    return this.#throttle.budget(now) ? 0 : this.#throttle.wait(now);
  }

  #hold(queue: number): void {
    this.#device.statistics.heldBack(queue);
    this.#held.hold(queue);
  }

  /** Runs what a queue has available, as far as its budget goes; the rest is held. */
  #run(queue: number): void {
    const { engine, base, backend, clock, statistics, limits } = this.#device;
    const started = clock.now();
    const throttled = this.#throttled(queue);
    const budget = throttled ? this.#throttle.budget(started) : this.#throttle.unthrottled;
    if (!budget) {
      this.#hold(queue);
      return;
    }
    const admitted = this.#before(queue) ?? budget.requests;
    this.#observed.delete(queue);
    if (admitted === 0) {
      this.#observed.add(queue);
      return;
    }
    const requests = Math.min(admitted, budget.requests);
    let answer: number;
    try {
      answer = engine.notify(base, queue, requests, budget.bytes, limits.bytesPerNotification);
    } catch (error) {
      this.#halfDone(queue, error);
      return;
    }
    if (answer & NOTIFY_IDLE) return;
    backend.flush();
    const ended = clock.now();
    this.#after(queue, 'inline');
    const ran = statistics.took(queue, ended - started);
    if (throttled) this.#throttle.fill(ran, ended);
    if (answer & NOTIFY_MORE && requests === budget.requests) this.#hold(queue);
    else if (answer & NOTIFY_MORE) this.#observed.add(queue);
    this.#waiting.delete(queue);
    if (answer & NOTIFY_WAITS) this.#waiting.add(queue);
    if (answer & NOTIFY_INTERRUPT) this.#device.used(queue);
    if (answer & NOTIFY_NEEDS_RESET) this.#device.broken();
  }

  #before(queue: number): number | undefined {
    const observer = this.#observer;
    return observer && this.#device.turns.guard(() => observer.beforeQueue(queue));
  }

  #after(queue: number, by: RequestBackend): void {
    const observer = this.#observer;
    if (observer) this.#device.turns.guard(() => observer.afterQueue(queue, by));
  }

  #hasAvailable(queue: number): boolean {
    const { engine, base } = this.#device;
    try {
      return engine.hasAvailable(base, queue) !== 0;
    } catch (error) {
      this.#halfDone(queue, error);
      return false;
    }
  }

  /**
   * The engine threw: something that it calls in turn did (onWrite, say), or it failed itself. A request is left half done, and only a
   * reset mends that.
   * @throws what was thrown, unless guest memory was not to be reached: that is no mistake of the host, and the fault says it
   */
  #halfDone(queue: number, error: unknown): void {
    const { engine, base, broken } = this.#device;
    const unreachable = error instanceof GuestMemoryError;
    engine.setFault(base, unreachable ? FAULT_GUEST_MEMORY : FAULT_HOST, queue);
    broken();
    if (!unreachable) throw error;
  }
}
