/**
 * Returns the guest's RAM as the driver sees it: the index of a byte is its guest-physical address. It is called again at each use,
 * because views become invalid when a WebAssembly memory grows.
 */
export type GuestRam = () => Uint8Array;

/** Little-endian access to the RAM. */
export function ramView(ram: GuestRam): DataView {
  const bytes = ram();
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Allocates guest memory for rings and buffers from one stretch of RAM, first fit. Addresses are guest-physical. */
export class RamAllocator {
  /** Free stretches, in ascending order, never adjacent. */
  readonly #free: { start: number; end: number }[];
  readonly #taken = new Map<number, number>();

  /**
   * @param start guest-physical address of the stretch's first byte
   * @param end guest-physical address after its last byte
   */
  constructor(start: number, end: number) {
    this.#free = [{ start, end }];
  }

  /** Number of bytes that are taken now. */
  get taken(): number {
    let sum = 0;
    for (const bytes of this.#taken.values()) sum += bytes;
    return sum;
  }

  /**
   * Takes a free stretch.
   * @param bytes its length; for 0, one byte is taken
   * @param align its address is a multiple of this power of two
   * @returns its guest-physical address
   * @throws RangeError if no free stretch is long enough
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

  /**
   * Gives a stretch back.
   * @param at the address that take() returned
   * @throws RangeError if no stretch at this address is taken
   */
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
