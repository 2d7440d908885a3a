import { MappedMemory } from '../../engine/foreign/mapped.ts';
import type { ForeignRegion, GuestMemoryPort } from '../../engine/foreign/port.ts';
import { GUEST_ADDRESS_END, type TableRegion } from './memory_table.ts';

/** A region of a memory table, and its bytes: views of at most some GiB each, one after the other. */
export interface MappedTableRegion extends TableRegion {
  readonly pieces: readonly Uint8Array[];
  /** Where the region is in the engine's memory, too; undefined if it is not there. */
  readonly offset: number | undefined;
}

/** The engine's aligned accesses need regions that are aligned like guest-physical memory. */
const REGION_ALIGN = 8;

/** Bytes of the window: a ring of 8, and the longest control request with its keys. */
export const WINDOW_BYTES = 4096;
/** Guest-physical address of the window. No memory table reaches it. */
export const WINDOW_ADDRESS: number = GUEST_ADDRESS_END;

/**
 * Guest memory of a vhost-user client: the regions of its memory table, and a window of the daemon's own. In the window the daemon is the
 * driver of the control queue, for clients that send sessions as messages. Only the daemon can use the window: while it is shut, requests
 * that name its addresses break the device.
 */
export class ClientMemory implements GuestMemoryPort {
  readonly #mapped = new MappedMemory();
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #table: readonly TableRegion[] = [];
  #open = false;

  constructor() {
    this.map([]);
  }

  /** The regions of a memory table as a device takes them, with the window. */
  regionsOf(table: readonly MappedTableRegion[]): ForeignRegion[] {
    const window = { guestAddress: WINDOW_ADDRESS, bytes: WINDOW_BYTES };
    const regions = table.map(({ guestAddress, bytes, offset }): ForeignRegion => {
      const there = offset !== undefined && (offset - guestAddress) % REGION_ALIGN === 0;
      return there ? { guestAddress, bytes, offset } : { guestAddress, bytes };
    });
    return [...regions, window];
  }

  /** The client's memory table. */
  get table(): readonly TableRegion[] {
    return this.#table;
  }

  /** Replaces the client's regions. Call DeviceRegisters.setRegions(), too. */
  map(table: readonly MappedTableRegion[]): void {
    this.#table = table.map(({ guestAddress, bytes, userAddress, fileOffset }) => {
      return { guestAddress, bytes, userAddress, fileOffset };
    });
    this.#mapped.map([
      ...table.flatMap(({ guestAddress, pieces }) => {
        let at = guestAddress;
        return pieces.map((view) => {
          at += view.length;
          return { guestAddress: at - view.length, view };
        });
      }),
      { guestAddress: WINDOW_ADDRESS, view: this.#window },
    ]);
  }

  /** Lets the device reach the window while `work` runs. */
  useWindow<T>(work: (window: Uint8Array<ArrayBuffer>) => T): T {
    this.#open = true;
    try {
      return work(this.#window);
    } finally {
      this.#open = false;
    }
  }

  read(address: number, to: Uint8Array, at: number, bytes: number): void {
    this.#check(address);
    this.#mapped.read(address, to, at, bytes);
  }

  write(address: number, from: Uint8Array, at: number, bytes: number): void {
    this.#check(address);
    this.#mapped.write(address, from, at, bytes);
  }

  load16(address: number): number {
    this.#check(address);
    return this.#mapped.load16(address);
  }

  store16(address: number, value: number): void {
    this.#check(address);
    this.#mapped.store16(address, value);
  }

  #check(address: number): void {
    if (address >= WINDOW_ADDRESS && !this.#open) throw new RangeError('a request names memory of the daemon.');
  }
}
