/** Descriptors that a request may have on average; a driver of 64 KiB in pages has some 35, others 5. */
export const DESCRIPTORS_A_REQUEST = 32;
/** Descriptors of chains that the device holds: more are not looked at, whoever asks for a complete trace. */
const DESCRIPTORS_UNDER_WAY_MAX = 65536;
const INTERVAL_MS = 100;

/**
 * How much of a device's requests may be looked at. A look costs a few microseconds, so that at full speed only some are looked at,
 * spread over each second. The budget grows with the time between notifications, and never within one: a notification is for as many
 * chains as the guest likes, each as long as it likes.
 */
export class LookBudget {
  readonly #perSecond: number;
  #requests = 0;
  #descriptors = 0;
  #refilledAt: number | undefined;

  /** @param perSecond requests, Infinity for all */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether a chain may be looked at. */
  get left(): boolean {
    return this.#requests >= 1 && this.#descriptors >= 1;
  }

  /**
   * A notification begins.
   * @param now milliseconds
   * @param underWay descriptors of chains that were looked at, and that the device still holds
   */
  refill(now: number, underWay: number): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) {
      this.#requests = Number.POSITIVE_INFINITY;
      this.#descriptors = DESCRIPTORS_UNDER_WAY_MAX - underWay;
      return;
    }
    const elapsed = now - (this.#refilledAt ?? now - INTERVAL_MS);
    this.#refilledAt = now;
    const gained = (this.#perSecond * elapsed) / 1000;
    // One interval's worth may be spent at once, and one request where that is less.
    const most = this.#perSecond > 0 ? Math.max(1, (this.#perSecond * INTERVAL_MS) / 1000) : 0;
    this.#requests = Math.min(most, this.#requests + gained);
    this.#descriptors = Math.min(
      most * DESCRIPTORS_A_REQUEST,
      DESCRIPTORS_UNDER_WAY_MAX - underWay,
      this.#descriptors + gained * DESCRIPTORS_A_REQUEST,
    );
  }

  /** A chain of so many descriptors was looked at. A long one may leave a debt. */
  spend(descriptors: number): void {
    this.#requests--;
    this.#descriptors -= Math.max(descriptors, 1);
  }
}
