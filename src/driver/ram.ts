/**
 * Returns the guest's RAM as the driver sees it: the index of a byte is its guest-physical address. It is called again at each use,
 * because views become invalid when a WebAssembly memory grows. The view begins at an even offset of its buffer.
 */
export type GuestRam = () => Uint8Array;

/** Little-endian access to the RAM. */
export function ramView(ram: GuestRam): DataView {
  const bytes = ram();
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The 16-bit fields of rings by which driver and device hear of each other. The device may run at the same time, in another thread or
 * process: these accesses keep their order among each other, and come after all earlier writes. So a driver that writes an index and then
 * reads whether it has to notify misses no notification (2.7.13.4.1), nor a completion when it asks for an interrupt and then looks again.
 */
export class RingFields {
  readonly #ram: GuestRam;
  #words: Uint16Array = new Uint16Array();

  constructor(ram: GuestRam) {
    this.#ram = ram;
  }

  /** The field at an even guest-physical address. */
  load(address: number): number {
    return Atomics.load(this.#view(), address / 2);
  }

  /** Writes the field at an even guest-physical address. */
  store(address: number, value: number): void {
    Atomics.store(this.#view(), address / 2, value);
  }

  /** The view is made again if the RAM has moved. */
  #view(): Uint16Array {
    const { buffer, byteOffset, byteLength } = this.#ram();
    const words = this.#words;
    if (words.buffer !== buffer || words.byteOffset !== byteOffset) {
      if (byteOffset % 2 !== 0) {
        throw new RangeError(
          `The RAM begins at byte ${byteOffset} of its buffer: give a view that begins at an even one.`,
        );
      }
      this.#words = new Uint16Array(buffer, byteOffset, Math.floor(byteLength / 2));
    }
    return this.#words;
  }
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
