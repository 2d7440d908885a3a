// What handlers throw in a test. A device may let it through, or report it later: it has to surface, and once.

/** Thrown by a handler of the test's. */
export class Thrown extends Error {
  override name = 'Thrown';
  readonly number: number;

  constructor(number: number) {
    super(`thrown by handler ${number}`);
    this.number = number;
  }
}

/** Who takes part in what surfaces nowhere else: errors that no call lets through, rejections that nobody handles. */
export class Surfaced {
  readonly #seen = new Map<number, number>();
  #thrown = 0;
  /** What nobody has thrown. */
  readonly unexpected: unknown[] = [];
  readonly #take = (error: unknown) => this.take(error);
  #others: { event: 'uncaughtException' | 'unhandledRejection'; listeners: NodeJS.UncaughtExceptionListener[] }[] = [];

  /** A new error, for a handler to throw. */
  make(): Thrown {
    return new Thrown(++this.#thrown);
  }

  take(error: unknown): void {
    if (error instanceof AggregateError) for (const each of error.errors) this.take(each);
    else if (error instanceof Thrown) this.#seen.set(error.number, (this.#seen.get(error.number) ?? 0) + 1);
    else this.unexpected.push(error);
  }

  /** What was thrown and surfaced never, or more than once. */
  get astray(): string[] {
    const wrong: string[] = [];
    for (let number = 1; number <= this.#thrown; number++) {
      const times = this.#seen.get(number) ?? 0;
      if (times !== 1) wrong.push(`what handler ${number} threw surfaced ${times} times`);
    }
    return wrong;
  }

  /** From now on the process's own errors come here, and not to the runner of tests. */
  listen(): void {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      this.#others.push({ event, listeners: process.listeners(event as 'uncaughtException') });
      process.removeAllListeners(event);
      process.on(event, this.#take);
    }
  }

  restore(): void {
    for (const { event, listeners } of this.#others) {
      process.off(event, this.#take);
      for (const listener of listeners) process.on(event, listener);
    }
    this.#others = [];
  }
}
