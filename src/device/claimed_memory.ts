import type { SharedStretch } from '../backend/workers/shared_stretch.ts';
import { claimRegion, isShared } from '../engine/memory.ts';

/** What a device has claimed of the WebAssembly memory for its backends. Each part is kept for those that come later. */
export class ClaimedMemory {
  readonly #memory: WebAssembly.Memory;
  #table = { at: 0, bytes: 0 };
  #stretch: SharedStretch | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /**
   * Where records of deferred requests stand.
   * @throws RangeError when the memory cannot grow so far
   */
  table(bytes: number): number {
    if (bytes > this.#table.bytes) this.#table = { at: claimRegion(this.#memory, bytes), bytes };
    return this.#table.at;
  }

  /** What workers share of a guest memory that threads share; undefined where it is not, or cannot grow so far. */
  stretch(bytes: number): SharedStretch | undefined {
    if (!isShared(this.#memory)) return undefined;
    if (this.#stretch && this.#stretch.bytes >= bytes) return this.#stretch;
    try {
      this.#stretch = { at: claimRegion(this.#memory, bytes), bytes, free: Promise.resolve() };
    } catch {
      return undefined;
    }
    return this.#stretch;
  }
}
