import type { DevicePort } from '../contract.ts';

/**
 * Who owns a record and the slot of the same number. `dropped`: a worker still runs the request, and its result will be thrown away.
 */
export type RecordOwner = 'free' | 'engine' | 'workers' | 'dropped' | 'webcrypto' | 'akcipher';

/** The engine's records of deferred requests. Engine, workers and WebCrypto share them: each record has one owner at a time. */
export class Records {
  readonly count: number;
  /** Offset of the records in the device's memory. */
  readonly table: number;
  /** Whether requests may be read in place from the guest's memory. Set it before open(). */
  inPlace = false;
  /** The owner of each record, by the record's number. */
  readonly owners: RecordOwner[];
  readonly #port: DevicePort;
  readonly #free: number[];
  #open = false;

  constructor(port: DevicePort, count: number) {
    this.#port = port;
    this.count = count;
    this.table = port.claimTable(port.engine.deferredBytes(count));
    const numbers = Array.from({ length: count }, (_, record) => record);
    this.owners = numbers.map(() => 'free');
    this.#free = numbers.reverse();
  }

  /** From now on the engine may defer requests. */
  open(): void {
    const { engine, base } = this.#port;
    if (!this.#open) engine.useDeferred(base, this.table, this.count, this.inPlace ? 1 : 0);
    this.#open = true;
  }

  /** Gives the engine a record to fill in. */
  claim(): number | 'full' {
    const record = this.#free.pop();
    if (record === undefined) return 'full';
    this.owners[record] = 'engine';
    return record;
  }

  /** The engine is done with a record. Does nothing if the record has been given away or freed meanwhile. */
  release(record: number): void {
    if (this.owners[record] === 'engine') this.free(record);
  }

  free(record: number): void {
    this.owners[record] = 'free';
    this.#free.push(record);
  }

  /** The numbers of the records that `owner` has now. */
  of(owner: RecordOwner): number[] {
    return this.owners.flatMap((each, record) => (each === owner ? [record] : []));
  }
}
