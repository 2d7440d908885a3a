/** Requests of one kind that are under way, and when the oldest time that was not reported began. */
interface Flight {
  underWay: number;
  since: number;
  completed: number;
}

/** While requests are always under way, so many completions, and so many milliseconds, make a report. */
const REPORT_REQUESTS = 8;
const REPORT_MS = 0.5;

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
    const flight = this.#flights.get(kind) ?? { underWay: 0, since: now, completed: 0 };
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
    flight.underWay--;
    flight.completed++;
    const milliseconds = now - flight.since;
    const drained = flight.underWay === 0;
    if (!drained && (flight.completed < REPORT_REQUESTS || milliseconds < REPORT_MS)) return;
    const { completed } = flight;
    // Only kinds that are under way take memory.
    if (drained) this.#flights.delete(kind);
    flight.since = now;
    flight.completed = 0;
    if (milliseconds > 0) this.#report(kind, milliseconds, completed, drained);
  }

  /** Forgets all requests under way. */
  forget(): void {
    this.#flights.clear();
    this.#kinds.clear();
  }
}
