import type { InterruptHandler } from './contract.ts';

/** A call of one of the host's handlers that is due. */
type Notice = { kind: 'queue' | 'config'; queue: number } | { kind: 'event'; say: () => void };

/** The number of no queue. */
const NONE = -1;

/**
 * Runs one thing at a time. Each register access and each timer of a device is a turn. Interrupts and events for the host wait until the
 * turn has ended, so a handler always finds a consistent device. It may call any of the device's methods, and each call is a new turn.
 */
export class Turns {
  onInterrupt: InterruptHandler = () => {};
  #running = false;
  /** The queue whose interrupt is the only notice of the turn so far. Most turns have no other notice, and this needs no list. */
  #only = NONE;
  #notices: Notice[] = [];
  /** Queues for which notify() was called during a turn. */
  readonly #notified = new Set<number>();
  #errors: unknown[] = [];
  readonly #notify: (queue: number) => void;

  /** @param notify runs a queue, as a part of a turn */
  constructor(notify: (queue: number) => void) {
    this.#notify = notify;
  }

  /**
   * Runs `work` as a turn, and then calls the handlers that are due. All of them are called, even if one throws.
   * @param what the name of the call, for the error's message
   * @throws Error if a turn is under way: then onWrite or an observer has made the call
   * @throws the error of `work` or of a handler; an AggregateError if there are several
   */
  run<T>(what: string, work: () => T): T {
    if (this.#running) {
      throw new Error(
        `${what} was called from onWrite or from an observer, in the middle of a request: call it from an interrupt handler, or later.`,
      );
    }
    let outcome: { result: T } | { error: unknown };
    this.#running = true;
    try {
      outcome = { result: work() };
    } catch (error) {
      outcome = { error };
      this.#errors.push(error);
    }
    this.#end();
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  }

  /** Runs a notification as a turn. During a turn it waits for the turn's end. It is not run(), because it is the most frequent call. */
  notify(queue: number): void {
    if (this.#running) {
      this.#notified.add(queue);
      return;
    }
    this.#running = true;
    this.#run(queue);
    this.#end();
  }

  /** Has the handler of interrupts called at the end of the turn. It is called once for each kind and queue. */
  interrupt(kind: 'queue' | 'config', queue: number): void {
    if (
      kind === 'queue' &&
      this.#running &&
      this.#notices.length === 0 &&
      (this.#only === NONE || this.#only === queue)
    ) {
      this.#only = queue;
      return;
    }
    this.#listOnly();
    if (this.#notices.some((notice) => notice.kind === kind && notice.queue === queue)) return;
    this.#say({ kind, queue });
  }

  /** Has `say` called at the end of the turn; outside of a turn, now. */
  say(say: () => void): void {
    this.#listOnly();
    this.#say({ kind: 'event', say });
  }

  /** Called when a queue, or the device, is reset: no interrupt for earlier work may follow (2.4.1, 2.6.1.1.1). */
  forgetInterrupts(queue?: number): void {
    this.#listOnly();
    this.#notices = this.#notices.filter(
      (notice) =>
        notice.kind === 'event' || (queue !== undefined && (notice.kind === 'config' || notice.queue !== queue)),
    );
  }

  /** Calls a function of the host in the middle of a turn. An error that it throws is thrown when the turn ends. */
  guard<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#errors.push(error);
      return undefined;
    }
  }

  /** Moves the only notice to the list, because another notice follows. */
  #listOnly(): void {
    if (this.#only === NONE) return;
    this.#notices.push({ kind: 'queue', queue: this.#only });
    this.#only = NONE;
  }

  #say(notice: Notice): void {
    this.#notices.push(notice);
    if (!this.#running) this.#end();
  }

  #end(): void {
    if (this.#notified.size > 0) this.#runNotified();
    this.#running = false;
    const only = this.#only;
    this.#only = NONE;
    if (only !== NONE) this.#interrupt('queue', only);
    if (this.#notices.length > 0) this.#deliverAll();
    if (this.#errors.length > 0) this.#throwErrors();
  }

  #deliverAll(): void {
    for (let notice = this.#notices.shift(); notice; notice = this.#notices.shift()) this.#deliver(notice);
  }

  #runNotified(): void {
    for (const queue of this.#notified) {
      this.#notified.delete(queue);
      this.#run(queue);
    }
  }

  #run(queue: number): void {
    try {
      this.#notify(queue);
    } catch (error) {
      this.#errors.push(error);
    }
  }

  #deliver(notice: Notice): void {
    if (notice.kind === 'event') this.guard(notice.say);
    else this.#interrupt(notice.kind, notice.queue);
  }

  #interrupt(kind: 'queue' | 'config', queue: number): void {
    try {
      this.onInterrupt(kind, queue);
    } catch (error) {
      this.#errors.push(error);
    }
  }

  #throwErrors(): never {
    const errors = this.#errors;
    this.#errors = [];
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'Several handlers of the device failed.');
  }
}
