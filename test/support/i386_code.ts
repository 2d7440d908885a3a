/** Conditions of a jump (the low four bits of its opcode). */
const CONDITIONS = { zero: 0x4, notZero: 0x5 } as const;

/**
 * A few instructions of the i386 as bytes, for programs that a test runs in a guest: no compiler for it is needed. All operands are 32
 * bits wide, and addresses absolute.
 */
export class I386Code {
  readonly #base: number;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #references: { at: number; label: string; relative: boolean }[] = [];

  /** @param base address at which the code will stand */
  constructor(base: number) {
    this.#base = base;
  }

  get here(): number {
    return this.#base + this.#bytes.length;
  }

  bytes(...values: number[]): this {
    this.#bytes.push(...values);
    return this;
  }

  word(value: number): this {
    return this.bytes(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  }

  /** The address of a label, as data or as an operand. */
  address(label: string): this {
    this.#references.push({ at: this.#bytes.length, label, relative: false });
    return this.word(0);
  }

  label(name: string): this {
    this.#labels.set(name, this.here);
    return this;
  }

  /** Fills up with no-operations to a multiple of `bytes`. */
  align(bytes: number): this {
    while (this.here % bytes !== 0) this.bytes(0x90);
    return this;
  }

  jump(label: string): this {
    return this.bytes(0xe9).#relative(label);
  }

  jumpIf(condition: keyof typeof CONDITIONS, label: string): this {
    return this.bytes(0x0f, 0x80 | CONDITIONS[condition]).#relative(label);
  }

  /** `[address] = value` */
  store(address: number, value: number): this {
    return this.bytes(0xc7, 0x05).word(address).word(value);
  }

  /** `[address] += 1` */
  increment(address: number): this {
    return this.bytes(0xff, 0x05).word(address);
  }

  /** Compares the word at an address with a small number. */
  compare(address: number, value: number): this {
    return this.bytes(0x83, 0x3d).word(address).bytes(value);
  }

  /** `ecx = value` */
  setCount(value: number): this {
    return this.bytes(0xb9).word(value);
  }

  /** `ecx -= 1`, and jumps when that is 0. */
  countDown(ended: string): this {
    return this.bytes(0x49).jumpIf('zero', ended);
  }

  /** The code, with its jumps and addresses. */
  link(): Uint8Array<ArrayBuffer> {
    const code = Uint8Array.from(this.#bytes);
    const view = new DataView(code.buffer);
    for (const { at, label, relative } of this.#references) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`The code has no label ${label}.`);
      view.setUint32(at, relative ? target - (this.#base + at + 4) : target, true);
    }
    return code;
  }

  #relative(label: string): this {
    this.#references.push({ at: this.#bytes.length, label, relative: true });
    return this.word(0);
  }
}
