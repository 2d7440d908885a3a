/** Milliseconds that a ring is looked at after it ran, and in which a client that gets an answer usually sends the next request. */
export const LINGER_MS = 0.05;
/** Milliseconds between two runs of a ring that count as quick succession: most of it is the time in which the system wakes a process. */
const SUCCESSION_MS = 0.2;
/** Notifications without lingering after lingering was in vain so often that it is hardly worth a trial. */
const PENALTY_MAX = 1024;

/**
 * Says when it is worth to look at a ring for a moment longer, instead of waiting for its next event, which takes the system tens of
 * microseconds. It is if the client sends requests in quick succession. Each time in vain doubles the number of events until the next trial,
 * so lingering costs nothing where it gains nothing.
 */
export class Patience {
  #ended = Number.NEGATIVE_INFINITY;
  #penalty = 0;
  #skip = 0;

  /** Whether to linger after a run that an event began at `now`, in milliseconds. */
  worthwhile(now: number): boolean {
    if (now - this.#ended > SUCCESSION_MS) return false;
    if (this.#skip === 0) return true;
    this.#skip--;
    return false;
  }

  /** Takes note that a request came while the ring was looked at. */
  rewarded(): void {
    this.#penalty = 0;
  }

  /** Takes note that no request came. */
  inVain(): void {
    this.#penalty = Math.min(2 * this.#penalty + 1, PENALTY_MAX);
    this.#skip = this.#penalty;
  }

  /** Takes note of the time at which the ring was left. */
  left(now: number): void {
    this.#ended = now;
  }
}
