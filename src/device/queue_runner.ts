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
 * Watches a device's queues, and can hold them back. A device without an observer spends no time on it. The methods are called in the
 * middle of the device's work: they may read the device and call notify(), but not reset, save or restore it.
 */
export interface DeviceObserver {
  /**
   * Called before a queue is run. Returns the number of requests that may be taken now. After a smaller number than there are
   * requests, call device.notify(queue) to resume; taking the observer away resumes all queues.
   */
  beforeQueue(queue: number): number;
  /**
   * Called after a queue was run, or after a request that ran outside the engine was completed. The results are in guest memory; the driver
   * has not been interrupted yet.
   * @param backend where the requests ran
   */
  afterQueue(queue: number, backend: RequestBackend): void;
}

/** The parts of a device that its runner needs. */
export interface RunnerDevice {
  turns: Turns;
  engine: EngineExports;
  /** Offset of the engine's region. */
  base: number;
  backend: Backend;
  statistics: StatisticsReader;
  clock: Clock;
  limits: ResolvedLimits;
  dataQueues: number;
  /** Whether the device works and the queue is enabled. */
  ready(queue: number): boolean;
  /** Called when there are used buffers in a queue, and the driver wants an interrupt. */
  used(queue: number): void;
  /** Called when the engine has a fault: only a reset helps. */
  broken(): void;
}

/**
 * Runs the requests in a device's queues. It runs as many now as limits and observer allow. The rest goes on from a timer, or when a
 * request completes that the next one has to wait for.
 */
export class QueueRunner {
  #observer: DeviceObserver | undefined;
  readonly #device: RunnerDevice;
  readonly #throttle: Throttle;
  readonly #held: HeldQueues;
  /** Queues whose next request waits for a request under way. */
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

  /** Replaces the observer. Queues that the old observer held back go on from a timer. */
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
    // A driver may notify without a request. Observer and throttle are asked only if there is a request. Without observer and throttle
    // the engine finds that out itself, so that most notifications need one call.
    const throttled = this.#throttled(queue);
    if ((throttled || this.#observer) && !this.#hasAvailable(queue)) return;
    // Queues that already wait for the throttle go first.
    const queued = throttled && this.#held.some((other) => this.#throttled(other));
    if (queued || this.#waitOf(queue) > 0) this.#hold(queue);
    else this.#run(queue);
  }

  /**
   * Completes the request of a record that ran outside the engine. Its result is already in its buffers. Its chain becomes used now, or in
   * its turn with VIRTIO_F_IN_ORDER.
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

  /** Runs the queues whose next request waited for a request under way. The queue that has waited longest goes first. */
  goOn(): void {
    for (const queue of [...this.#waiting]) {
      if (this.#waiting.delete(queue)) this.notify(queue);
    }
  }

  /** Whether requests wait in a queue although the driver has notified the device. */
  waits(queue: number): boolean {
    return this.#held.has(queue) || this.#waiting.has(queue) || this.#observed.has(queue);
  }

  /** Lets a queue go on from a timer, for example if it waited when its device was saved. */
  resume(queue: number): void {
    if (this.#device.ready(queue)) this.#held.hold(queue);
  }

  /** Forgets the queues that were held back. Their requests stay in the rings. */
  stop(): void {
    this.#held.releaseAll();
    this.#observed.clear();
  }

  /** Called when the device is reset: requests under way are forgotten. */
  reset(): void {
    this.stop();
    this.#waiting.clear();
    this.#device.backend.drop();
  }

  /** Called when one queue is reset. Nothing else runs before the engine has forgotten the queue's chains. */
  resetQueue(queue: number): void {
    const { engine, base, backend } = this.#device;
    this.#held.release(queue);
    this.#waiting.delete(queue);
    this.#observed.delete(queue);
    backend.drop(queue);
    engine.resetQueue(base, queue);
  }

  /** Runs other queues after one was reset, because they may have waited for its requests. */
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

  /** Whether the rates hold for a queue. They do not hold for the control queue. */
  #throttled(queue: number): boolean {
    return this.#throttle.active && queue < this.#device.dataQueues;
  }

  /** Milliseconds until a queue may run a request. */
  #waitOf(queue: number): number {
    if (!this.#throttled(queue)) return 0;
    const now = this.#device.clock.now();
    return this.#throttle.budget(now) ? 0 : this.#throttle.wait(now);
  }

  #hold(queue: number): void {
    this.#device.statistics.heldBack(queue);
    this.#held.hold(queue);
  }

  /** Runs the available requests of a queue within its budget. If requests are left, the queue is held. */
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
    const isData = queue < this.#device.dataQueues;
    let answer: number;
    if (isData) backend.before(queue, started);
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
    if (isData) backend.after(queue, started, ended, ran.requests);
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
   * Called when the engine threw, or a function that it called, for example onWrite. A request is half done, and only a reset helps.
   * @throws the error, unless guest memory could not be reached: that is not a mistake of the host, and the fault tells it
   */
  #halfDone(queue: number, error: unknown): void {
    const { engine, base, broken } = this.#device;
    const unreachable = error instanceof GuestMemoryError;
    engine.setFault(base, unreachable ? FAULT_GUEST_MEMORY : FAULT_HOST, queue);
    broken();
    if (!unreachable) throw error;
  }
}
