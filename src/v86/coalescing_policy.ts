/**
 * When to answer a notification of a data queue: at once, or when the guest has nothing else to do.
 *
 * At once is best for a driver that waits for each request. A driver that has several to offer, but notifies of each (as
 * Linux's does), is better served at its next idle moment: it then gives all of them for one notification, gets them
 * done side by side, and is interrupted once. Which of the two a guest is cannot be seen while it is answered at once;
 * so now and then one notification is held back as a trial, more rarely the more often that failed.
 */
export class Coalescing {
  /** Notifications to answer at once before the next trial. */
  #untilTrial = TRIAL_INTERVAL;
  #interval = TRIAL_INTERVAL;
  /** Whether notifications are held back now. */
  #holding = false;

  /** A notification arrived: true to answer it at once, false to hold it back until settle(). */
  answerAtOnce(): boolean {
    if (this.#holding) return false;
    if (--this.#untilTrial > 0) return true;
    this.#holding = true;
    return false;
  }

  /**
   * What was held back has been answered.
   * @param requests how many requests that were
   * @param idle whether the guest was idle; a busy one waits for its time slice to end, and should not
   */
  settle(requests: number, idle: boolean): void {
    if (idle && requests > 1) {
      this.#interval = TRIAL_INTERVAL;
      return;
    }
    this.#holding = false;
    this.#interval = Math.min(this.#interval * 2 + 1, TRIAL_INTERVAL_MAX);
    this.#untilTrial = this.#interval;
  }
}

/**
 * A trial costs a guest that waits for each request about 70 µs: one request in 17 at first, one in 1151 in the end. Odd
 * numbers, as all between them are: a driver offers requests by the power of two, and a trial that always met the last
 * of eight would never see the other seven.
 */
const TRIAL_INTERVAL = 17;
const TRIAL_INTERVAL_MAX = 1151;
