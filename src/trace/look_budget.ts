/** Descriptors that a request may have on average. A request of 64 KiB in pages has about 35, others have about 5. */
export const DESCRIPTORS_A_REQUEST = 32;
/** The largest number of traced descriptors in chains that the device holds, even for a complete trace. */
const DESCRIPTORS_UNDER_WAY_MAX = 65536;
const INTERVAL_MS = 100;

/**
 * Limits how many of a device's requests are traced. Tracing a request costs a few microseconds, so at full speed only some requests are
 * traced, spread over each second. The budget grows with the time between notifications, but not during a notification, because the guest
 * decides how many chains a notification has, and how long they are.
 */
export class LookBudget {
  readonly #perSecond: number;
  #requests = 0;
  #descriptors = 0;
  #refilledAt: number | undefined;

  /** @param perSecond requests a second; Infinity: all */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether a chain may be traced. */
  get left(): boolean {
    return this.#requests >= 1 && this.#descriptors >= 1;
  }

  /**
   * Called when a notification begins.
   * @param now time in milliseconds
   * @param underWay number of descriptors in traced chains that the device still holds
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
    // The requests of one interval, and at least one request, may be traced at once.
    const most = this.#perSecond > 0 ? Math.max(1, (this.#perSecond * INTERVAL_MS) / 1000) : 0;
    this.#requests = Math.min(most, this.#requests + gained);
    this.#descriptors = Math.min(
      most * DESCRIPTORS_A_REQUEST,
      DESCRIPTORS_UNDER_WAY_MAX - underWay,
      this.#descriptors + gained * DESCRIPTORS_A_REQUEST,
    );
  }

  /** Counts a traced chain of `descriptors` descriptors. A long chain may leave a debt. */
  spend(descriptors: number): void {
    this.#requests--;
    this.#descriptors -= Math.max(descriptors, 1);
  }
}
