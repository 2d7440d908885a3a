import type { Clock } from '../clock.ts';

/**
 * Queues with chains that wait: for the throttle, or for the rest of a notification's work. They go on one by one from a
 * timer, the one that has waited longest first.
 */
export class HeldQueues {
  readonly #queues = new Set<number>();
  readonly #clock: Clock;
  readonly #waitOf: (queue: number) => number;
  readonly #run: (queue: number) => void;
  #cancel: (() => void) | undefined;

  /**
   * @param waitOf milliseconds until a queue may go on
   * @param run lets it go on; it may hold it again
   */
  constructor(clock: Clock, waitOf: (queue: number) => number, run: (queue: number) => void) {
    this.#clock = clock;
    this.#waitOf = waitOf;
    this.#run = run;
  }

  has(queue: number): boolean {
    return this.#queues.has(queue);
  }

  /** Whether any queue for which `matches` holds waits. */
  some(matches: (queue: number) => boolean): boolean {
    for (const queue of this.#queues) if (matches(queue)) return true;
    return false;
  }

  hold(queue: number): void {
    this.#queues.add(queue);
    // It may have to wait less long than those that are there.
    this.#disarm();
    this.#arm();
  }

  /** A queue was reset: it waits for nothing any more. */
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
      // One queue a turn: what a turn takes is bounded by what a notification may.
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
