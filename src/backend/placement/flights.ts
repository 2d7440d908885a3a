/** Requests of one kind that are under way. */
interface Flight {
  underWay: number;
  /** When the time that was not reported yet began. */
  since: number;
  /** Completions since then, and the time of the last one. */
  completed: number;
  last: number;
}

/** While requests are always under way, so many completions, and so many milliseconds, make a report. */
const REPORT_REQUESTS = 8;
const REPORT_MS = 0.5;
/**
 * A report ends before a completion that took at least this part of what one took in the report. A thread that was kept busy finds many
 * completions at once. If a report ended among them, the rest of them would seem to have taken no time.
 */
const GAP = 1 / 4;

/** Times deferred requests. Requests of one kind run side by side, so their time is measured together. */
export class Flights {
  readonly #report: (kind: number, milliseconds: number, requests: number, drained: boolean) => void;
  readonly #flights = new Map<number, Flight>();
  /** The kind of each record's request. */
  readonly #kinds = new Map<number, number>();

  /** @param report called with the time that a number of requests took; `drained` says that none is under way any more */
  constructor(report: (kind: number, milliseconds: number, requests: number, drained: boolean) => void) {
    this.#report = report;
  }

  /** Number of requests under way. */
  get underWay(): number {
    return this.#kinds.size;
  }

  posted(record: number, kind: number, now: number): void {
    const flight = this.#flights.get(kind) ?? { underWay: 0, since: now, completed: 0, last: now };
    this.#flights.set(kind, flight);
    this.#kinds.set(record, kind);
    flight.underWay++;
  }

  completed(record: number, now: number): void {
    const kind = this.#kinds.get(record);
    if (kind === undefined) return;
    this.#kinds.delete(record);
    const flight = this.#flights.get(kind);
    if (!flight) return;
    const window = flight.last - flight.since;
    const isWindow = flight.completed >= REPORT_REQUESTS && window >= REPORT_MS;
    if (isWindow && (now - flight.last) * flight.completed >= GAP * window) {
      this.#report(kind, window, flight.completed, false);
      flight.since = flight.last;
      flight.completed = 0;
    }
    flight.underWay--;
    flight.completed++;
    flight.last = now;
    if (flight.underWay > 0) return;
    // Only kinds that are under way take memory.
    this.#flights.delete(kind);
    if (now > flight.since) this.#report(kind, now - flight.since, flight.completed, true);
  }

  /** Forgets all requests under way. */
  forget(): void {
    this.#flights.clear();
    this.#kinds.clear();
  }
}
