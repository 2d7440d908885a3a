/** A rate that is kept to on average, and how much may come at once. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/**
 * A leaky bucket: what is done fills it, time empties it at the rate, and while it is full nothing more is begun. What was
 * begun counts whole, so that the bucket may stand above its brim: something larger than a burst is done all the same, and
 * waited for afterwards.
 */
export class LeakyBucket {
  readonly #rate: Rate;
  #level = 0;
  #at = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** How full it is at `now`, in milliseconds. */
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

  /** So much was done. */
  fill(amount: number, now: number): void {
    this.setLevel(this.level(now) + amount, now);
  }

  /** Milliseconds until there is room for one unit. */
  wait(now: number): number {
    return Math.max(0, ((this.level(now) - this.#rate.burst + 1) / this.#rate.perSecond) * 1000);
  }
}

/** A wait that is over has let one unit through, whatever was lost in its fractions. */
const ROUNDING = 1e-6;
