/**
 * Decides when to pass on a notification of a data queue: at once, or when the guest is idle.
 *
 * At once is best for a driver that waits for each request. For a driver that has several requests but notifies of each one, as Linux's
 * does, the next idle moment is better: its requests are then run side by side, and it is interrupted once. While notifications are passed
 * on at once, the two kinds of driver cannot be told apart. So now and then one notification is held back as a trial. Each failed trial
 * makes the next one rarer.
 */
export class Coalescing {
  /** Notifications until the next trial. */
  #untilTrial = TRIAL_INTERVAL;
  #interval = TRIAL_INTERVAL;
  /** Whether notifications are held back now. */
  #holding = false;

  /** Takes a notification. Returns true if it is to be passed on at once, false if it is to be held back until settle(). */
  answerAtOnce(): boolean {
    if (this.#holding) return false;
    if (--this.#untilTrial > 0) return true;
    this.#holding = true;
    return false;
  }

  /**
   * Called when held requests have been run. Holding goes on only if the guest was idle and had more than one request.
   * @param requests number of requests
   * @param idle whether the guest was idle. A busy guest has waited for the end of its time slice, and should not
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
 * Notifications between trials: 17 at first, 1151 in the end. A trial costs a guest that waits for each request about 70 µs. All intervals
 * are odd, because drivers offer requests in powers of two: with an interval of 16, a trial could always meet the last of eight requests.
 */
const TRIAL_INTERVAL = 17;
const TRIAL_INTERVAL_MAX = 1151;
