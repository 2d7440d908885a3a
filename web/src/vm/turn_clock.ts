/** The message with which v86 waits for its next turn: `t` milliseconds, and `tick`, which comes back. */
interface Turn {
  t: number;
  tick: number;
}

/**
 * The clock of v86. In a page v86 waits for its next turn in a worker, because browsers slow the timers of pages in the background down. The
 * machine is in a worker already, whose timers keep their time, so it needs no second one: a worker that starts a worker may stand still
 * (page_workers.ts). This class takes the place of `Worker` there.
 */
export class TurnClock {
  onmessage: ((event: { data: number }) => void) | null = null;
  /** Each turn is a task of its own, and a timer that a message starts is not slowed down as one that a timer starts. */
  readonly #turns = new MessageChannel();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#turns.port1.onmessage = ({ data }) => this.onmessage?.({ data });
  }

  postMessage({ t, tick }: Turn): void {
    clearTimeout(this.#timer);
    if (t < 1) this.#turns.port2.postMessage(tick);
    else this.#timer = setTimeout(() => this.#turns.port2.postMessage(tick), t);
  }

  terminate(): void {
    clearTimeout(this.#timer);
    this.#turns.port1.close();
  }
}
