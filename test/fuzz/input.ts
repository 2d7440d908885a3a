/** An input, read from its start; a byte beyond its end is 0. */
export class Input {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  below(end: number): number {
    return this.byte() % end;
  }

  u16(): number {
    return this.byte() | (this.byte() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  /** The number of a descriptor: mostly one that a ring may have. */
  index(): number {
    const byte = this.byte();
    return byte < 0xf0 ? byte & 15 : byte;
  }

  /** Mostly small, sometimes at the edges of what 32 bits hold, sometimes anything. */
  length(): number {
    const kind = this.byte();
    if (kind < 0xe0) return kind;
    if (kind < 0xf0) return EDGES[kind & 15] ?? 0;
    return this.u32();
  }

  bytes(length: number): Uint8Array {
    const start = Math.min(this.#at, this.#bytes.length);
    this.#at += length;
    return this.#bytes.subarray(start, start + length);
  }
}

const EDGES = [
  0x100, 0x400, 0xfff, 0x1000, 0x1001, 0x6000, 0x7000, 0x7001, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0,
  0xfffffffe, 0xffffffff, 0xffff0000,
];
