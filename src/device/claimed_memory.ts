import type { SharedStretch } from '../backend/workers/shared_stretch.ts';
import { claimRegion, isShared } from '../engine/memory.ts';

/** The parts of the WebAssembly memory that a device has claimed: for its engine, and for its backends. Later backends reuse them. */
export class ClaimedMemory {
  readonly #memory: WebAssembly.Memory;
  /** All parts that were claimed, also parts that are not used any more. */
  readonly #parts: { at: number; end: number }[] = [];
  #table = { at: 0, bytes: 0 };
  #stretch: SharedStretch | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /**
   * Claims a part. It cannot be given back.
   * @returns its byte offset in the memory
   * @throws RangeError if the memory cannot grow by `bytes`
   */
  claim(bytes: number): number {
    const at = claimRegion(this.#memory, bytes);
    this.#parts.push({ at, end: this.#memory.buffer.byteLength });
    return at;
  }

  /** Whether [offset, offset + bytes) of the memory overlaps a claimed part. */
  meets(offset: number, bytes: number): boolean {
    return this.#parts.some(({ at, end }) => offset < end && at < offset + bytes);
  }

  /**
   * Returns the offset of a table of at least `bytes` bytes for records of deferred requests.
   * @throws RangeError if the memory cannot grow that far
   */
  table(bytes: number): number {
    if (bytes > this.#table.bytes) this.#table = { at: this.claim(bytes), bytes };
    return this.#table.at;
  }

  /** Returns a part of the guest memory for workers. undefined if threads do not share the memory, or it cannot grow that far. */
  stretch(bytes: number): SharedStretch | undefined {
    if (!isShared(this.#memory)) return undefined;
    if (this.#stretch && this.#stretch.bytes >= bytes) return this.#stretch;
    try {
      this.#stretch = { at: this.claim(bytes), bytes, free: Promise.resolve() };
    } catch {
      return undefined;
    }
    return this.#stretch;
  }
}
