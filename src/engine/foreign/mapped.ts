import { copyBytes } from '../copy_bytes.ts';
import type { ForeignRegion, GuestMemoryPort } from './port.ts';

/** A region of guest memory with its bytes, from a mapping of a file or of shared memory. */
export interface MappedRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Its bytes. The view must stay valid as long as the region is part of the memory. */
  view: Uint8Array;
}

interface Mapping {
  start: number;
  end: number;
  bytes: Uint8Array;
  /** The same bytes as 16-bit words; undefined if the region or its bytes begin at an odd address. */
  words: Uint16Array | undefined;
}

/**
 * A port over regions that are mapped into this process. Its methods throw a RangeError for bytes that are in no region. A copy may cross
 * from one region to the next, because a region of many GiB may have to be given as several.
 */
export class MappedMemory implements GuestMemoryPort {
  #mappings: readonly Mapping[] = [];
  #last: Mapping | undefined;

  constructor(regions: readonly MappedRegion[] = []) {
    this.map(regions);
  }

  /** Replaces all regions. Call CryptoDevice.setRegions(), too. */
  map(regions: readonly MappedRegion[]): void {
    this.#last = undefined;
    this.#mappings = regions.map(({ guestAddress, view }) => ({
      start: guestAddress,
      end: guestAddress + view.length,
      bytes: view,
      words: (view.byteOffset - guestAddress) % 2 === 0 && guestAddress % 2 === 0 ? wordsOf(view) : undefined,
    }));
  }

  /** The regions as a device takes them: addresses and lengths without the bytes. */
  get regions(): ForeignRegion[] {
    return this.#mappings.map(({ start, end }) => ({ guestAddress: start, bytes: end - start }));
  }

  read(address: number, to: Uint8Array, at: number, bytes: number): void {
    for (let done = 0; done < bytes; ) {
      const { start, end, bytes: mapped } = this.#find(address + done, 1);
      const length = Math.min(bytes - done, end - address - done);
      copyBytes(mapped, address + done - start, length, to, at + done);
      done += length;
    }
  }

  write(address: number, from: Uint8Array, at: number, bytes: number): void {
    for (let done = 0; done < bytes; ) {
      const { start, end, bytes: mapped } = this.#find(address + done, 1);
      const length = Math.min(bytes - done, end - address - done);
      copyBytes(from, at + done, length, mapped, address + done - start);
      done += length;
    }
  }

  load16(address: number): number {
    const { start, words, bytes } = this.#find(address, 2);
    const at = address - start;
    if (words) return Atomics.load(words, at / 2);
    return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  }

  store16(address: number, value: number): void {
    const { start, words, bytes } = this.#find(address, 2);
    const at = address - start;
    if (words) {
      // The store is sequentially consistent: it comes after all earlier writes, and before all later reads.
      Atomics.store(words, at / 2, value);
      return;
    }
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
  }

  #find(address: number, bytes: number): Mapping {
    const last = this.#last;
    if (last && address >= last.start && address + bytes <= last.end) return last;
    const found = this.#mappings.find(({ start, end }) => address >= start && address + bytes <= end);
    if (!found) throw new RangeError(`nothing is mapped at 0x${address.toString(16)}, ${bytes} bytes.`);
    this.#last = found;
    return found;
  }
}

function wordsOf(view: Uint8Array): Uint16Array {
  return new Uint16Array(view.buffer, view.byteOffset, Math.floor(view.length / 2));
}
