import * as crypto from '../../spec/crypto.ts';
import * as spec from '../../spec/engine.ts';
import { recordOf, SPECIFIED, type SpecifiedService } from '../../spec/services.ts';
import type { BackendCounts } from '../backend/contract.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { Budget } from './throttle.ts';

/** Statuses other than OK (5.9.7.1), by their names. */
export type ErrorStatus = 'err' | 'badmsg' | 'notsupp' | 'invsess' | 'nospc' | 'key-rejected';

/** What was done. */
export interface Counts {
  /** Requests that were answered, whatever their status. */
  requests: number;
  /**
   * Bytes of their content: IV, associated data and source, and a result of SHAKE that is longer than 64 bytes; of a control
   * request, its keys.
   */
  bytes: number;
  /** Requests that ended with a status other than OK, by status. */
  errors: Record<ErrorStatus, number>;
  /** Time that the device spent on them. */
  milliseconds: number;
}

/** One virtqueue. */
export interface QueueCounts extends Counts {
  kind: 'data' | 'control';
  /** How often the device took requests from the queue: for notifications, at DRIVER_OK, and to go on after a wait. */
  rounds: number;
  /** How often requests had to wait: for the throttle, or for the rest of a long notification. */
  held: number;
}

/** Services by the names of crypto_services (5.9.5) in lower case; `unknown` are requests whose opcode names none. */
export type CountedService = SpecifiedService | 'unknown';

/** What a device has done since it was created, resets included. */
export interface Statistics {
  /** The data queues, then the control queue. */
  queues: QueueCounts[];
  /** Data requests by service. A notification's time is shared out by the bytes that it ran for each. */
  services: Record<CountedService, Counts>;
  /** What ran elsewhere than in the engine at once: see CryptoDeviceOptions.backend. */
  elsewhere: BackendCounts;
}

/** In the order of the engine's rows and records. */
const COUNTED: readonly CountedService[] = [...SPECIFIED, 'unknown'];
const ERRORS = {
  err: crypto.CRYPTO_ERR,
  badmsg: crypto.CRYPTO_BADMSG,
  notsupp: crypto.CRYPTO_NOTSUPP,
  invsess: crypto.CRYPTO_INVSESS,
  nospc: crypto.CRYPTO_NOSPC,
  'key-rejected': crypto.CRYPTO_KEY_REJECTED,
} as const satisfies Record<ErrorStatus, number>;

/** The name of a status other than OK. */
export function statusName(status: number): ErrorStatus {
  const names = Object.keys(ERRORS) as ErrorStatus[];
  return names.find((name) => ERRORS[name] === status) ?? 'err';
}

/** A request costs time even if it carries nothing: about as much as so many bytes. */
const REQUEST_WEIGHT = 64;

/** Reads what the engine counts, and keeps what it cannot: time, and who waited. */
export class StatisticsReader {
  readonly #memory: WasmMemory;
  readonly #at: number;
  readonly #queues: { milliseconds: number; rounds: number; held: number }[];
  readonly #serviceMilliseconds = COUNTED.map(() => 0);
  #view: DataView | undefined;

  /**
   * @param at where the engine's counts stand in the memory
   * @param dataQueues how many queues come before the control queue
   */
  constructor(memory: WasmMemory, at: number, dataQueues: number) {
    this.#memory = memory;
    this.#at = at;
    this.#queues = Array.from({ length: dataQueues + 1 }, () => ({ milliseconds: 0, rounds: 0, held: 0 }));
  }

  /** The engine has looked at a queue: how long that took is noted, and what it ran is answered. */
  took(queue: number, milliseconds: number): Budget {
    const own = this.#queues[queue];
    if (own) {
      own.milliseconds += milliseconds;
      own.rounds++;
    }
    const rows = this.#rows;
    const ran: Budget = { requests: 0, bytes: 0 };
    let only = -1;
    for (let service = 0; service < COUNTED.length; service++) {
      const requests = rows.getUint32(service * spec.ROW_BYTES + spec.ROW_REQUESTS, true);
      if (requests === 0) continue;
      only = ran.requests === 0 ? service : -1;
      ran.requests += requests;
      ran.bytes += rows.getUint32(service * spec.ROW_BYTES + spec.ROW_CONTENT, true);
    }
    if (only >= 0) this.#serviceMilliseconds[only] = (this.#serviceMilliseconds[only] ?? 0) + milliseconds;
    else if (ran.requests > 0) this.#share(milliseconds, rows, ran);
    return ran;
  }

  /** Requests of a queue have to wait. */
  heldBack(queue: number): void {
    const own = this.#queues[queue];
    if (own) own.held++;
  }

  read(): Omit<Statistics, 'elsewhere'> {
    const control = this.#queues.length - 1;
    const counts = (record: number, milliseconds: number): Counts => ({ ...this.#record(record), milliseconds });
    const service = (name: CountedService): Counts => {
      const index = COUNTED.indexOf(name);
      return counts(this.#queues.length + index, this.#serviceMilliseconds[index] ?? 0);
    };
    return {
      queues: this.#queues.map(({ milliseconds, rounds, held }, index) => ({
        kind: index === control ? 'control' : 'data',
        ...counts(index, milliseconds),
        rounds,
        held,
      })),
      services: recordOf(COUNTED, service),
    };
  }

  /** Shares the time of a notification out to the services that it ran requests of. */
  #share(milliseconds: number, rows: DataView, ran: Budget): void {
    for (let service = 0; service < COUNTED.length; service++) {
      const requests = rows.getUint32(service * spec.ROW_BYTES + spec.ROW_REQUESTS, true);
      const bytes = rows.getUint32(service * spec.ROW_BYTES + spec.ROW_CONTENT, true);
      const share = weightOf(requests, bytes) / weightOf(ran.requests, ran.bytes);
      this.#serviceMilliseconds[service] = (this.#serviceMilliseconds[service] ?? 0) + milliseconds * share;
    }
  }

  /** The rows, and the records behind them, in the memory's buffer of now: it is another one whenever the memory has grown. */
  get #rows(): DataView {
    const { buffer } = this.#memory;
    if (this.#view?.buffer !== buffer) {
      const records = this.#queues.length + COUNTED.length;
      this.#view = new DataView(buffer, this.#at, spec.ROWS_BYTES + records * spec.RECORD_BYTES);
    }
    return this.#view;
  }

  #record(index: number): Omit<Counts, 'milliseconds'> {
    const at = spec.ROWS_BYTES + index * spec.RECORD_BYTES;
    const count = (offset: number) => Number(this.#rows.getBigUint64(at + offset, true));
    const error = (name: ErrorStatus) => count(spec.RECORD_ERRORS + (ERRORS[name] - 1) * 8);
    return {
      requests: count(spec.RECORD_REQUESTS),
      bytes: count(spec.RECORD_CONTENT),
      errors: {
        err: error('err'),
        badmsg: error('badmsg'),
        notsupp: error('notsupp'),
        invsess: error('invsess'),
        nospc: error('nospc'),
        'key-rejected': error('key-rejected'),
      },
    };
  }
}

function weightOf(requests: number, bytes: number): number {
  return requests * REQUEST_WEIGHT + bytes;
}
