import type { SharedStretch } from '../backend/workers/shared_stretch.ts';
import { claimRegion, isShared } from '../engine/memory.ts';

/** What a device has claimed of the WebAssembly memory: for its engine, and for its backends, whose parts are kept for those that come later. */
export class ClaimedMemory {
  readonly #memory: WebAssembly.Memory;
  /** All parts that were claimed, those that are in use no more among them. */
  readonly #parts: { at: number; end: number }[] = [];
  #table = { at: 0, bytes: 0 };
  #stretch: SharedStretch | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /**
   * Claims a part for good.
   * @throws RangeError when the memory cannot grow so far
   */
  claim(bytes: number): number {
    const at = claimRegion(this.#memory, bytes);
    this.#parts.push({ at, end: this.#memory.buffer.byteLength });
    return at;
  }

  /** Whether a stretch of the memory has bytes of what was claimed. */
  meets(offset: number, bytes: number): boolean {
    return this.#parts.some(({ at, end }) => offset < end && at < offset + bytes);
  }

  /**
   * Where records of deferred requests stand.
   * @throws RangeError when the memory cannot grow so far
   */
  table(bytes: number): number {
    if (bytes > this.#table.bytes) this.#table = { at: this.claim(bytes), bytes };
    return this.#table.at;
  }

  /** What workers share of a guest memory that threads share; undefined where it is not, or cannot grow so far. */
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
