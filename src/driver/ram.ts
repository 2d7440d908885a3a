/**
 * The guest's RAM as the driver sees it: index = guest-physical address. Asked for anew at each use, because a
 * WebAssembly memory that grows leaves its old views behind.
 */
export type GuestRam = () => Uint8Array;

/** Little-endian access to the RAM. */
export function ramView(ram: GuestRam): DataView {
  const bytes = ram();
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Takes memory for rings and buffers from a stretch of RAM, first fit, and gives it back. */
export class RamAllocator {
  /** Free stretches, in ascending order, never adjacent. */
  readonly #free: { start: number; end: number }[];
  readonly #taken = new Map<number, number>();

  /** Hands out [start, end). */
  constructor(start: number, end: number) {
    this.#free = [{ start, end }];
  }

  /** Bytes that are handed out now. */
  get taken(): number {
    let sum = 0;
    for (const bytes of this.#taken.values()) sum += bytes;
    return sum;
  }

  /**
   * @param bytes how many, at least one is taken
   * @param align power of two
   * @throws RangeError when no stretch is long enough
   */
  take(bytes: number, align = 16): number {
    const length = Math.max(bytes, 1);
    for (const [index, stretch] of this.#free.entries()) {
      const at = Math.ceil(stretch.start / align) * align;
      if (at + length > stretch.end) continue;
      const rest = [
        { start: stretch.start, end: at },
        { start: at + length, end: stretch.end },
      ].filter(({ start, end }) => start < end);
      this.#free.splice(index, 1, ...rest);
      this.#taken.set(at, length);
      return at;
    }
    throw new RangeError(
      `The driver's part of guest memory has no ${bytes} bytes left: give the bench more memoryBytes.`,
    );
  }

  give(at: number): void {
    const length = this.#taken.get(at);
    if (length === undefined) throw new RangeError(`Address ${at} was not taken from this allocator.`);
    this.#taken.delete(at);
    const stretch = { start: at, end: at + length };
    const index = this.#free.findIndex(({ start }) => start > at);
    const place = index < 0 ? this.#free.length : index;
    const after = this.#free[place];
    if (after && after.start === stretch.end) {
      stretch.end = after.end;
      this.#free.splice(place, 1);
    }
    const before = this.#free[place - 1];
    if (before && before.end === stretch.start) before.end = stretch.end;
    else this.#free.splice(place, 0, stretch);
  }
}
