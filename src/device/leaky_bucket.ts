/** A rate that holds on average. */
export interface Rate {
  /** Units a second. */
  perSecond: number;
  /** Units that may come at once. */
  burst: number;
}

/**
 * A leaky bucket. Work fills it, time empties it at the rate, and while it is full no work begins. Work counts as a whole when it is done,
 * so the level can exceed the burst: a piece of work that is larger than a burst is done all the same, and the wait comes after it.
 */
export class LeakyBucket {
  readonly #rate: Rate;
  #level = 0;
  #at = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** The level in units at `now`, a time in milliseconds. */
  level(now: number): number {
    const elapsed = Math.max(0, now - this.#at) / 1000;
    return Math.max(0, this.#level - elapsed * this.#rate.perSecond);
  }

  /** Takes over a saved level. */
  setLevel(level: number, now: number): void {
    this.#level = level;
    this.#at = now;
  }

  /** Whole units that may be begun now. */
  room(now: number): number {
    return Math.max(0, Math.floor(this.#rate.burst - this.level(now) + ROUNDING));
  }

  /** Adds `amount` units of work that was done. */
  fill(amount: number, now: number): void {
    this.setLevel(this.level(now) + amount, now);
  }

  /** Milliseconds until there is room for one unit. */
  wait(now: number): number {
    return Math.max(0, ((this.level(now) - this.#rate.burst + 1) / this.#rate.perSecond) * 1000);
  }
}

/** Added to the room, so that after wait() there is room for one unit in spite of rounding. */
const ROUNDING = 1e-6;
