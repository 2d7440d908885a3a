import { BY_MESSAGE, BY_NOTIFICATION, FINISHED, LISTENING } from './control.ts';

/** Waits for workers to announce what they have finished, without blocking this thread. */
export class Announcements {
  readonly #control: Int32Array;
  #ring: (() => void) | undefined;

  constructor(control: Int32Array) {
    this.#control = control;
  }

  /**
   * Resolves when FINISHED is not `seen` any more: by Atomics.waitAsync or, where a browser has none, by a message that the worker sends
   * which announces next. A message takes longer to arrive.
   */
  next(seen: number): Promise<unknown> {
    const control = this.#control;
    if (typeof Atomics.waitAsync === 'function') {
      Atomics.store(control, LISTENING, BY_NOTIFICATION);
      return Promise.resolve(Atomics.waitAsync(control, FINISHED, seen).value);
    }
    Atomics.store(control, LISTENING, BY_MESSAGE);
    // What was announced before that was announced to nobody.
    if (Atomics.load(control, FINISHED) !== seen) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#ring = resolve;
    });
  }

  /** A worker's message has come, or cannot come any more. */
  rung(): void {
    this.#ring?.();
    this.#ring = undefined;
  }
}
