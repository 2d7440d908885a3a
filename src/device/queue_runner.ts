import { NOTIFY_INTERRUPT, NOTIFY_MORE, NOTIFY_NEEDS_RESET, NOTIFY_WAITS } from '../../spec/engine.ts';
import type { RequestBackend } from '../backend/backend.ts';
import type { SwitchableBackend } from '../backend/switchable.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { Clock } from './clock.ts';
import { HeldQueues } from './held_queues.ts';
import type { ResolvedLimits } from './limits.ts';
import type { StatisticsReader } from './statistics.ts';
import { Throttle, type ThrottleLevels } from './throttle.ts';

/** Watches a device's queues at work, and may hold them back. A device without one spends nothing on it. */
export interface DeviceObserver {
  /** A queue is about to be run: answers how many requests may be taken now; whoever said 0 notifies again later. */
  beforeQueue(queue: number): number;
  /**
   * That was done, or requests that run elsewhere were completed. Results stand in guest memory; the driver has not been
   * interrupted yet.
   */
  afterQueue(queue: number, backend: RequestBackend): void;
}

/** What a runner needs of its device. */
export interface RunnerDevice {
  engine: EngineExports;
  /** Where the engine's region begins. */
  base: number;
  backend: SwitchableBackend;
  statistics: StatisticsReader;
  clock: Clock;
  limits: ResolvedLimits;
  dataQueues: number;
  /** Whether the device works, and a queue of it is enabled. */
  ready(queue: number): boolean;
  /** Used buffers stand in a queue, and the driver wants to hear of it. */
  used(queue: number): void;
  /** The engine has met with what only a reset mends. */
  broken(): void;
}

/**
 * Runs what stands in a device's queues: now as far as limits and observer allow it, the rest from a timer, or when a
 * request is completed that it has to wait for.
 */
export class QueueRunner {
  observer: DeviceObserver | undefined;
  readonly #device: RunnerDevice;
  readonly #throttle: Throttle;
  readonly #held: HeldQueues;
  /** Queues whose next request waits for one that is under way. */
  readonly #waiting = new Set<number>();

  constructor(device: RunnerDevice) {
    this.#device = device;
    this.#throttle = new Throttle(device.limits);
    this.#held = new HeldQueues(
      device.clock,
      (queue) => this.#waitOf(queue),
      (queue) => this.#run(queue),
    );
  }

  /** Runs a queue in which the driver may have made buffers available. */
  notify(queue: number): void {
    const { ready, backend, engine, base } = this.#device;
    if (!ready(queue)) return;
    backend.reap();
    // Whoever took an interrupt of that may have reset the device already.
    if (!ready(queue) || this.#held.has(queue)) return;
    // Nothing to do, and nothing to account for: a driver may notify in vain.
    if (!engine.hasAvailable(base, queue)) return;
    // Whoever waits for the throttle goes first.
    const queued = this.#throttled(queue) && this.#held.some((other) => this.#throttled(other));
    if (queued || this.#waitOf(queue) > 0) this.#hold(queue);
    else this.#run(queue);
  }

  /** Requests of a queue were completed outside of a notification. */
  completed(queue: number, answer: number, by: RequestBackend): void {
    this.observer?.afterQueue(queue, by);
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
    return this.#held.has(queue) || this.#waiting.has(queue);
  }

  /** A queue that waited when its device was saved goes on from a timer. */
  resume(queue: number): void {
    if (this.#device.ready(queue)) this.#held.hold(queue);
  }

  /** What was held back stays in its ring. */
  stop(): void {
    this.#held.releaseAll();
  }

  /** The device is reset: what is under way is forgotten. */
  reset(): void {
    this.#held.releaseAll();
    this.#waiting.clear();
    this.#device.backend.drop();
  }

  /** The same for one queue. goOn() is called for the others once the queue is reset. */
  resetQueue(queue: number): void {
    this.#held.release(queue);
    this.#waiting.delete(queue);
    this.#device.backend.drop(queue);
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
    const admitted = this.observer?.beforeQueue(queue) ?? budget.requests;
    if (admitted === 0) return;
    const requests = Math.min(admitted, budget.requests);
    const answer = engine.notify(base, queue, requests, budget.bytes, limits.bytesPerNotification);
    backend.flush();
    const ended = clock.now();
    this.observer?.afterQueue(queue, 'inline');
    const ran = statistics.took(queue, ended - started);
    if (throttled) this.#throttle.fill(ran, ended);
    if (answer & NOTIFY_MORE && requests === budget.requests) this.#hold(queue);
    this.#waiting.delete(queue);
    if (answer & NOTIFY_WAITS) this.#waiting.add(queue);
    if (answer & NOTIFY_INTERRUPT) this.#device.used(queue);
    if (answer & NOTIFY_NEEDS_RESET) this.#device.broken();
  }
}
