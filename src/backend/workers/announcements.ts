import { BY_MESSAGE, BY_NOTIFICATION, FINISHED, LISTENING } from './control.ts';

/** Waits, without blocking this thread, until workers announce that they have finished jobs. */
export class Announcements {
  readonly #control: Int32Array;
  #ring: (() => void) | undefined;

  constructor(control: Int32Array) {
    this.#control = control;
  }

  /**
   * Resolves when FINISHED differs from `seen`. It uses Atomics.waitAsync. In a browser without it, the next worker that announces sends
   * a message, which takes longer to arrive.
   */
  next(seen: number): Promise<unknown> {
    const control = this.#control;
    if (typeof Atomics.waitAsync === 'function') {
      Atomics.store(control, LISTENING, BY_NOTIFICATION);
      return Promise.resolve(Atomics.waitAsync(control, FINISHED, seen).value);
    }
    Atomics.store(control, LISTENING, BY_MESSAGE);
    // A worker that announced before this store has sent no message.
    if (Atomics.load(control, FINISHED) !== seen) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#ring = resolve;
    });
  }

  /** Called when a worker's message has come, or cannot come any more. */
  rung(): void {
    this.#ring?.();
    this.#ring = undefined;
  }
}
