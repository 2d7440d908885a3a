import type { Clock } from '../clock.ts';

/**
 * Queues whose chains wait, for the throttle or because a notification had too much work. They go on one by one from a timer. The queue
 * that has waited longest goes first.
 */
export class HeldQueues {
  readonly #queues = new Set<number>();
  readonly #clock: Clock;
  readonly #waitOf: (queue: number) => number;
  readonly #run: (queue: number) => void;
  #cancel: (() => void) | undefined;

  /**
   * @param waitOf milliseconds until a queue may go on
   * @param run runs a queue; it may hold the queue again
   */
  constructor(clock: Clock, waitOf: (queue: number) => number, run: (queue: number) => void) {
    this.#clock = clock;
    this.#waitOf = waitOf;
    this.#run = run;
  }

  has(queue: number): boolean {
    return this.#queues.has(queue);
  }

  /** Whether any waiting queue satisfies `matches`. */
  some(matches: (queue: number) => boolean): boolean {
    for (const queue of this.#queues) if (matches(queue)) return true;
    return false;
  }

  hold(queue: number): void {
    this.#queues.add(queue);
    // The new queue may have a shorter wait than the queues that are held already.
    this.#disarm();
    this.#arm();
  }

  /** Called when a queue is reset: it does not wait any more. */
  release(queue: number): void {
    this.#queues.delete(queue);
    if (this.#queues.size === 0) this.#disarm();
  }

  releaseAll(): void {
    this.#queues.clear();
    this.#disarm();
  }

  #arm(): void {
    if (this.#cancel || this.#queues.size === 0) return;
    let wait = Number.POSITIVE_INFINITY;
    for (const queue of this.#queues) wait = Math.min(wait, this.#waitOf(queue));
    this.#cancel = this.#clock.schedule(() => this.#fire(), wait);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #fire(): void {
    this.#cancel = undefined;
    for (const queue of this.#queues) {
      if (this.#waitOf(queue) > 0) continue;
      this.#queues.delete(queue);
      // One queue is run in each turn, so a turn takes no longer than a notification.
      try {
        this.#run(queue);
      } finally {
        this.#arm();
      }
      return;
    }
    this.#arm();
  }
}
