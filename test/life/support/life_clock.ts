import { FakeClock } from '../../support/fake_clock.ts';

/** A clock whose timers let nothing through. */
export class LifeClock extends FakeClock {
  readonly #attempt: (call: () => void) => void;

  constructor(attempt: (call: () => void) => void) {
    super();
    this.#attempt = attempt;
  }

  override schedule(callback: () => void, milliseconds: number): () => void {
    return super.schedule(() => this.#attempt(callback), milliseconds);
  }
}
