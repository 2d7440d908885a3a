import type { DevicePort } from '../contract.ts';

/**
 * Whose a record of a deferred request is, and the slot of the same number: nobody's, the engine's, the workers', a worker's that runs
 * what nobody waits for any more, or WebCrypto's.
 */
export type RecordOwner = 'free' | 'engine' | 'workers' | 'dropped' | 'webcrypto';

/** The engine's records of deferred requests, which those share who do the work: each record is one's at a time. */
export class Records {
  readonly count: number;
  /** Where they stand in the device's memory. */
  readonly table: number;
  /** Whether requests may be served in the guest's memory; to be set before they are open. */
  inPlace = false;
  /** By number. */
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

  /** The engine is done with a record, unless that was forgotten meanwhile. */
  release(record: number): void {
    if (this.owners[record] === 'engine') this.free(record);
  }

  free(record: number): void {
    this.owners[record] = 'free';
    this.#free.push(record);
  }

  /** The records that somebody has now. */
  of(owner: RecordOwner): number[] {
    return this.owners.flatMap((each, record) => (each === owner ? [record] : []));
  }
}
