import { claimRegion, isShared } from '../../engine/memory.ts';

/** A part of a guest memory that threads share, for workers that serve requests where they stand. One pool after the other has it. */
export interface SharedStretch {
  at: number;
  bytes: number;
  /** Resolves when the pool that has it, or waits for it, is done with it. */
  free: Promise<void>;
}

/** Claims such a part when it is first needed, and keeps it for the pools that come later. */
export class StretchKeeper {
  readonly #memory: WebAssembly.Memory;
  #stretch: SharedStretch | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** A stretch of so many bytes; undefined where the memory is not shared, or cannot grow so far. */
  claim(bytes: number): SharedStretch | undefined {
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

/**
 * Waits for a stretch's turn.
 * @returns what is to be called when it is needed no more
 */
export async function takeTurn(stretch: SharedStretch): Promise<() => void> {
  const before = stretch.free;
  let done = () => {};
  stretch.free = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  return done;
}
