import { type Guest, isForeign } from '../engine/memory.ts';

const WORD_BYTES_MAX = 8;

/**
 * Reads guest RAM by guest-physical address beside a running device. Reads outside RAM return undefined, because the guest may name any
 * address. Numbers are little-endian.
 */
export class GuestView {
  readonly #guest: Guest;
  /** A view of the guest's memory; for foreign memory, of a copy of one word. */
  #view = new DataView(new ArrayBuffer(WORD_BYTES_MAX));

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  uint8(address: number): number | undefined {
    const at = this.#look(address, 1);
    return at === undefined ? undefined : this.#view.getUint8(at);
  }

  uint16(address: number): number | undefined {
    const at = this.#look(address, 2);
    return at === undefined ? undefined : this.#view.getUint16(at, true);
  }

  uint32(address: number): number | undefined {
    const at = this.#look(address, 4);
    return at === undefined ? undefined : this.#view.getUint32(at, true);
  }

  /** A 64-bit number. A number above 2^53 loses its low bits, which does not matter because it cannot be an address in RAM. */
  uint64(address: number): number | undefined {
    const at = this.#look(address, 8);
    return at === undefined ? undefined : Number(this.#view.getBigUint64(at, true));
  }

  /** A copy of `bytes` bytes; empty unless all of them are in one region of RAM. */
  copy(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    const guest = this.#guest;
    if (isForeign(guest)) {
      const copied = new Uint8Array(bytes);
      return this.#read(address, copied) ? copied : new Uint8Array();
    }
    const at = this.#locate(address, bytes);
    return at === undefined ? new Uint8Array() : new Uint8Array(guest.memory.buffer, at, bytes).slice();
  }

  /** Writes to guest RAM, as a guest may at any time. Returns false if there is no RAM, or it cannot be reached. */
  write(address: number, bytes: Uint8Array): boolean {
    const guest = this.#guest;
    const at = this.#locate(address, bytes.length);
    if (at === undefined) return false;
    if (!isForeign(guest)) {
      new Uint8Array(guest.memory.buffer).set(bytes, at);
      return true;
    }
    try {
      guest.port.write(address, bytes, 0, bytes.length);
      return true;
    } catch {
      return false;
    }
  }

  /** The offset of [address, address + bytes) in the view; undefined unless all of it is in one region. */
  #look(address: number, bytes: number): number | undefined {
    const guest = this.#guest;
    if (isForeign(guest)) return this.#read(address, new Uint8Array(this.#view.buffer, 0, bytes)) ? 0 : undefined;
    // When the memory grows, its old buffer is detached, and the view must be made again.
    const { buffer } = guest.memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#locate(address, bytes);
  }

  /** Reads foreign memory. Returns false if there is none, or it cannot be reached now. */
  #read(address: number, to: Uint8Array): boolean {
    if (!isForeign(this.#guest) || this.#locate(address, to.length) === undefined) return false;
    try {
      this.#guest.port.read(address, to, 0, to.length);
      return true;
    } catch {
      return false;
    }
  }

  /** The offset of bytes in the WebAssembly memory; for foreign memory, in the region. undefined unless all are in one region. */
  #locate(address: number, bytes: number): number | undefined {
    for (const region of this.#guest.regions) {
      const from = address - region.guestAddress;
      if (from >= 0 && from + bytes <= region.bytes) return ('offset' in region ? region.offset : 0) + from;
    }
    return undefined;
  }
}
