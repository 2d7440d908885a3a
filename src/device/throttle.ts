import { LeakyBucket } from './leaky_bucket.ts';
import type { ResolvedLimits } from './limits.ts';

/** The work that one notification may do. */
export interface Budget {
  /** Number of requests. */
  requests: number;
  /** Bytes of content: no further request begins once they are reached. */
  bytes: number;
}

/** The levels of the buckets: part of a saved state. */
export interface ThrottleLevels {
  requests: number;
  bytes: number;
}

const REQUESTS_MAX = 0xffffffff;

/** The rates of a device. All data queues share them; they do not hold for the control queue. */
export class Throttle {
  readonly #requests: LeakyBucket | undefined;
  readonly #bytes: LeakyBucket | undefined;
  /** The budget of the control queue, and of every queue if there are no rates. */
  readonly unthrottled: Budget;

  constructor({ requests, bytes, bytesPerNotification }: ResolvedLimits) {
    this.#requests = requests && new LeakyBucket(requests);
    this.#bytes = bytes && new LeakyBucket(bytes);
    this.unthrottled = { requests: REQUESTS_MAX, bytes: bytesPerNotification };
  }

  /** Whether there are any rates. */
  get active(): boolean {
    return this.#requests !== undefined || this.#bytes !== undefined;
  }

  /** The budget of a data queue now; undefined if it has to wait. */
  budget(now: number): Budget | undefined {
    const { requests, bytes } = this.unthrottled;
    const budget = {
      requests: Math.min(requests, this.#requests?.room(now) ?? requests),
      bytes: Math.min(bytes, this.#bytes?.room(now) ?? bytes),
    };
    return budget.requests > 0 && budget.bytes > 0 ? budget : undefined;
  }

  /** Counts the work that a data queue has done. */
  fill(ran: Budget, now: number): void {
    this.#requests?.fill(ran.requests, now);
    this.#bytes?.fill(ran.bytes, now);
  }

  /** Milliseconds until budget() returns a budget. */
  wait(now: number): number {
    return Math.max(this.#requests?.wait(now) ?? 0, this.#bytes?.wait(now) ?? 0);
  }

  levels(now: number): ThrottleLevels {
    return { requests: this.#requests?.level(now) ?? 0, bytes: this.#bytes?.level(now) ?? 0 };
  }

  setLevels({ requests, bytes }: ThrottleLevels, now: number): void {
    this.#requests?.setLevel(requests, now);
    this.#bytes?.setLevel(bytes, now);
  }
}
