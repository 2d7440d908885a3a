import type { InterruptHandler } from './contract.ts';

/** Something that the device has to say to its host. */
type Notice = { kind: 'queue' | 'config'; queue: number } | { kind: 'event'; say: () => void };

/** No queue has this number. */
const NONE = -1;

/**
 * One thing at a time. Each register access and each timer of a device is a turn. What the device has to say to the host waits until the
 * turn has ended: interrupts and events. A handler then meets a consistent device, and may call any of its methods, each of
 * which is a turn of its own.
 */
export class Turns {
  onInterrupt: InterruptHandler = () => {};
  #running = false;
  /** The queue whose interrupt came up first, while nothing else has: that is how most turns are, and it costs nothing to note. */
  #only = NONE;
  #notices: Notice[] = [];
  /** Queues that were notified of during a turn. */
  readonly #notified = new Set<number>();
  #errors: unknown[] = [];
  readonly #notify: (queue: number) => void;

  /** @param notify runs a queue, as a part of a turn */
  constructor(notify: (queue: number) => void) {
    this.#notify = notify;
  }

  /**
   * Does something as a turn, and then calls the handlers of what came up. A handler that throws does not keep the others from
   * being called.
   * @param what names the call, for the error's message
   * @throws Error when a turn is under way: only onWrite and an observer are called then
   * @throws what `work` or a handler threw; of several, an AggregateError
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

  /** The same for a notification, which is the most frequent call. In the middle of a turn it waits for the turn's end. */
  notify(queue: number): void {
    if (this.#running) {
      this.#notified.add(queue);
      return;
    }
    this.#running = true;
    this.#run(queue);
    this.#end();
  }

  /** Has the handler of interrupts called when the turn ends. One call stands for all reasons of a kind since the last one. */
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

  /** Has something else called when the turn ends; outside of a turn, now. */
  say(say: () => void): void {
    this.#listOnly();
    this.#say({ kind: 'event', say });
  }

  /** A queue was reset, or the device: no interrupt follows from what was done before (2.4.1, 2.6.1.1.1). */
  forgetInterrupts(queue?: number): void {
    this.#listOnly();
    this.#notices = this.#notices.filter(
      (notice) =>
        notice.kind === 'event' || (queue !== undefined && (notice.kind === 'config' || notice.queue !== queue)),
    );
  }

  /** Calls something of the host's in the middle of a turn. What it throws is thrown when the turn ends. */
  guard<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#errors.push(error);
      return undefined;
    }
  }

  /** From here on there is more to say than one queue's interrupt. */
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
