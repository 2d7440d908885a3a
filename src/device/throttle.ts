import { LeakyBucket } from './leaky_bucket.ts';
import type { ResolvedLimits } from './limits.ts';

/** What one notification may run: so many requests, and no further one once their content comes to so many bytes. */
export interface Budget {
  requests: number;
  bytes: number;
}

/** How full the buckets are: part of a saved state. */
export interface ThrottleLevels {
  requests: number;
  bytes: number;
}

const REQUESTS_MAX = 0xffffffff;

/** The rates of a device: its data queues share them, the control queue is free of them. */
export class Throttle {
  readonly #requests: LeakyBucket | undefined;
  readonly #bytes: LeakyBucket | undefined;
  /** What the control queue may run in one notification, and every queue where there are no rates. */
  readonly unthrottled: Budget;

  constructor({ requests, bytes, bytesPerNotification }: ResolvedLimits) {
    this.#requests = requests && new LeakyBucket(requests);
    this.#bytes = bytes && new LeakyBucket(bytes);
    this.unthrottled = { requests: REQUESTS_MAX, bytes: bytesPerNotification };
  }

  /** Whether there are rates at all. */
  get active(): boolean {
    return this.#requests !== undefined || this.#bytes !== undefined;
  }

  /** What a data queue may run now; undefined when it has to wait. */
  budget(now: number): Budget | undefined {
    const { requests, bytes } = this.unthrottled;
    const budget = {
      requests: Math.min(requests, this.#requests?.room(now) ?? requests),
      bytes: Math.min(bytes, this.#bytes?.room(now) ?? bytes),
    };
    return budget.requests > 0 && budget.bytes > 0 ? budget : undefined;
  }

  /** A data queue ran so much. */
  fill(ran: Budget, now: number): void {
    this.#requests?.fill(ran.requests, now);
    this.#bytes?.fill(ran.bytes, now);
  }

  /** Milliseconds until budget() answers one. */
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
