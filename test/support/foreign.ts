import { type ForeignGuest, foreignGuest, type GuestMemoryPort, MappedMemory } from '../../src/engine/foreign/index.ts';
import type { GuestMemory } from '../../src/engine/memory.ts';

/** The same guest memory, behind a port: the engine then works in a memory of its own, and copies. It must not grow. */
export function asForeign(guest: GuestMemory): ForeignGuest {
  const mapped = mappedOf(guest);
  return foreignGuest(mapped, mapped.regions);
}

/** The regions of a guest memory as mappings. */
export function mappedOf({ memory, regions }: GuestMemory): MappedMemory {
  return new MappedMemory(
    regions.map(({ guestAddress, bytes, offset }) => ({
      guestAddress,
      view: new Uint8Array(memory.buffer, offset, bytes),
    })),
  );
}

/** A port that counts how often each byte of the first MiB of guest memory is read and written, and that fails on demand. */
export class WatchedPort implements GuestMemoryPort {
  /** By guest-physical address. */
  readonly reads: Uint32Array;
  readonly writes: Uint32Array;
  /** Calls until every one of them throws. */
  callsLeft = Number.POSITIVE_INFINITY;
  /** Calls since it was made. */
  calls = 0;
  readonly #port: GuestMemoryPort;

  constructor(port: GuestMemoryPort, bytes = 1024 * 1024) {
    this.#port = port;
    this.reads = new Uint32Array(bytes);
    this.writes = new Uint32Array(bytes);
  }

  /** From now on nothing was read or written. */
  forget(): void {
    this.reads.fill(0);
    this.writes.fill(0);
  }

  read(address: number, to: Uint8Array, at: number, bytes: number): void {
    this.#count(this.reads, address, bytes);
    this.#port.read(address, to, at, bytes);
  }

  write(address: number, from: Uint8Array, at: number, bytes: number): void {
    this.#count(this.writes, address, bytes);
    this.#port.write(address, from, at, bytes);
  }

  load16(address: number): number {
    this.#count(this.reads, address, 2);
    return this.#port.load16(address);
  }

  store16(address: number, value: number): void {
    this.#count(this.writes, address, 2);
    this.#port.store16(address, value);
  }

  #count(counts: Uint32Array, address: number, bytes: number): void {
    this.calls++;
    if (this.callsLeft-- <= 0) throw new Error('the guest is gone');
    for (let at = address; at < address + bytes && at < counts.length; at++) counts[at] = (counts[at] ?? 0) + 1;
  }
}
