import * as crypto from '../../spec/crypto.ts';
import * as spec from '../../spec/engine.ts';
import { recordOf, SPECIFIED, type SpecifiedService } from '../../spec/services.ts';
import type { BackendCounts, RequestCosts } from '../backend/contract.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { QueueKind } from './queue_registers.ts';
import type { Budget } from './throttle.ts';

/** The names of the statuses other than OK (5.9.7.1). */
export type ErrorStatus = 'err' | 'badmsg' | 'notsupp' | 'invsess' | 'nospc' | 'key-rejected';

/** Counts of completed requests. */
export interface Counts {
  /** Completed requests, with any status. */
  requests: number;
  /**
   * Bytes of their content: IV, associated data, source, and results of SHAKE that are longer than 64 bytes. For control requests, bytes of
   * keys.
   */
  bytes: number;
  /** Requests with a status other than OK, by status. */
  errors: Record<ErrorStatus, number>;
  /** Milliseconds that the device's thread spent on them. */
  milliseconds: number;
}

/** Counts of one virtqueue. */
export interface QueueCounts extends Counts {
  kind: QueueKind;
  /** How often the device took requests from the queue: for a notification, at DRIVER_OK, or after a wait. */
  rounds: number;
  /** How often requests had to wait, for the throttle or because a notification had too much work. */
  held: number;
}

/** The services of crypto_services (5.9.5) in lower case. 'unknown' counts requests whose opcode names no service. */
export type CountedService = SpecifiedService | 'unknown';

/** Counts of a device's work since it was created, resets included. */
export interface Statistics {
  /** Counts of each queue: the data queues, the control queue, and the administration queue if there is one. */
  queues: QueueCounts[];
  /** Data requests by service. The time of a notification is divided among services by their requests and bytes in it. */
  services: Record<CountedService, Counts>;
  /** Work that ran outside the engine: see BackendOptions.backend. */
  elsewhere: BackendCounts;
  /** What requests cost at each place, as measured since the device or its backend was made: see BackendOptions.learn. */
  costs: RequestCosts[];
}

/** The services in the order of the engine's rows and records. */
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

/** A request costs about as much time as this many bytes, even if it has no content. */
const REQUEST_WEIGHT = 64;

/** Reads the engine's counts, and keeps the counts that the engine cannot keep: time and waits. */
export class StatisticsReader {
  readonly #memory: WasmMemory;
  readonly #at: number;
  readonly #dataQueues: number;
  readonly #queues: { kind: QueueKind; milliseconds: number; rounds: number; held: number }[];
  readonly #serviceMilliseconds = COUNTED.map(() => 0);
  #view: DataView | undefined;

  /**
   * @param at offset of the engine's counts in the memory
   * @param kinds what each queue is for
   */
  constructor(memory: WasmMemory, at: number, kinds: readonly QueueKind[]) {
    this.#memory = memory;
    this.#at = at;
    this.#dataQueues = kinds.filter((kind) => kind === 'data').length;
    this.#queues = kinds.map((kind) => ({ kind, milliseconds: 0, rounds: 0, held: 0 }));
  }

  /** Notes how long the engine ran a queue. Returns the requests and bytes that it ran. */
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

  /** Counts that requests of a queue have to wait. */
  heldBack(queue: number): void {
    const own = this.#queues[queue];
    if (own) own.held++;
  }

  read(): Omit<Statistics, 'elsewhere' | 'costs'> {
    const counts = (record: number, milliseconds: number): Counts => ({ ...this.#record(record), milliseconds });
    const service = (name: CountedService): Counts => {
      const index = COUNTED.indexOf(name);
      return counts(this.#dataQueues + spec.OTHER_QUEUES + index, this.#serviceMilliseconds[index] ?? 0);
    };
    return {
      queues: this.#queues.map(({ kind, milliseconds, rounds, held }, index) => ({
        kind,
        ...counts(index, milliseconds),
        rounds,
        held,
      })),
      services: recordOf(COUNTED, service),
    };
  }

  /** Divides the time of a notification among the services of its requests. */
  #share(milliseconds: number, rows: DataView, ran: Budget): void {
    for (let service = 0; service < COUNTED.length; service++) {
      const requests = rows.getUint32(service * spec.ROW_BYTES + spec.ROW_REQUESTS, true);
      const bytes = rows.getUint32(service * spec.ROW_BYTES + spec.ROW_CONTENT, true);
      const share = weightOf(requests, bytes) / weightOf(ran.requests, ran.bytes);
      this.#serviceMilliseconds[service] = (this.#serviceMilliseconds[service] ?? 0) + milliseconds * share;
    }
  }

  /** A view of the rows and of the records after them. It is made again if the memory has grown, which replaces its ArrayBuffer. */
  get #rows(): DataView {
    const { buffer } = this.#memory;
    if (this.#view?.buffer !== buffer) {
      const records = this.#dataQueues + spec.OTHER_QUEUES + COUNTED.length;
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
