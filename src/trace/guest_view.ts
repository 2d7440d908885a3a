import type { GuestMemory } from '../engine/memory.ts';

/** Read access to guest RAM by guest-physical address. What is not RAM reads as undefined: the guest may name any address. */
export class GuestView {
  readonly #guest: GuestMemory;
  #view: DataView;

  constructor(guest: GuestMemory) {
    this.#guest = guest;
    this.#view = new DataView(guest.memory.buffer);
  }

  /** Where [address, address + bytes) stands in the memory, or undefined unless all of it is in one region. */
  locate(address: number, bytes: number): number | undefined {
    for (const region of this.#guest.regions) {
      const from = address - region.guestAddress;
      if (from >= 0 && from + bytes <= region.bytes) return region.offset + from;
    }
    return undefined;
  }

  uint8(address: number): number | undefined {
    const at = this.locate(address, 1);
    return at === undefined ? undefined : this.#current().getUint8(at);
  }

  uint16(address: number): number | undefined {
    const at = this.locate(address, 2);
    return at === undefined ? undefined : this.#current().getUint16(at, true);
  }

  uint32(address: number): number | undefined {
    const at = this.locate(address, 4);
    return at === undefined ? undefined : this.#current().getUint32(at, true);
  }

  /** A 64-bit number; one above 2^53 loses its low bits, and names no RAM either way. */
  uint64(address: number): number | undefined {
    const at = this.locate(address, 8);
    return at === undefined ? undefined : Number(this.#current().getBigUint64(at, true));
  }

  /** A copy of up to `bytes` bytes; empty where there is no RAM. */
  copy(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    const at = this.locate(address, bytes);
    return at === undefined ? new Uint8Array() : new Uint8Array(this.#guest.memory.buffer, at, bytes).slice();
  }

  /** Growing the memory detaches the buffer that a view was made of. */
  #current(): DataView {
    const { buffer } = this.#guest.memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
  }
}
