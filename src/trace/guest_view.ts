import { type Guest, isForeign } from '../engine/memory.ts';

const WORD_BYTES_MAX = 8;

/** Guest RAM by guest-physical address, as it is read beside a running device. What is not RAM reads as undefined: the guest may name any address. */
export class GuestView {
  readonly #guest: Guest;
  /** What words are read from: the guest's memory, or a copy of one word of foreign memory. */
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

  /** A 64-bit number; one above 2^53 loses its low bits, and names no RAM either way. */
  uint64(address: number): number | undefined {
    const at = this.#look(address, 8);
    return at === undefined ? undefined : Number(this.#view.getBigUint64(at, true));
  }

  /** A copy of up to `bytes` bytes; empty where there is no RAM. */
  copy(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    const guest = this.#guest;
    if (isForeign(guest)) {
      const copied = new Uint8Array(bytes);
      return this.#read(address, copied) ? copied : new Uint8Array();
    }
    const at = this.#locate(address, bytes);
    return at === undefined ? new Uint8Array() : new Uint8Array(guest.memory.buffer, at, bytes).slice();
  }

  /** Overwrites guest RAM, as a guest may at any time; false where there is none, or it cannot be reached. */
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

  /** Where [address, address + bytes) stands in the view, or undefined unless all of it is in one region. */
  #look(address: number, bytes: number): number | undefined {
    const guest = this.#guest;
    if (isForeign(guest)) return this.#read(address, new Uint8Array(this.#view.buffer, 0, bytes)) ? 0 : undefined;
    // Growing the memory detaches the buffer that a view was made of.
    const { buffer } = guest.memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#locate(address, bytes);
  }

  /** Reads foreign memory; false where there is none, or it cannot be reached now. */
  #read(address: number, to: Uint8Array): boolean {
    if (!isForeign(this.#guest) || this.#locate(address, to.length) === undefined) return false;
    try {
      this.#guest.port.read(address, to, 0, to.length);
      return true;
    } catch {
      return false;
    }
  }

  /** Where bytes of one region stand in the WebAssembly memory; of a foreign one, that they are there. */
  #locate(address: number, bytes: number): number | undefined {
    for (const region of this.#guest.regions) {
      const from = address - region.guestAddress;
      if (from >= 0 && from + bytes <= region.bytes) return ('offset' in region ? region.offset : 0) + from;
    }
    return undefined;
  }
}
