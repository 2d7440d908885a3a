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

const ELF_BASE = 0x08048000;
const ELF_HEADERS = 0x54;
/** From the base on: where a program's variables stand, in a page of zeroes behind that of its code. */
const ELF_DATA = 0x1000;
const ELF_BYTES = 0x2000;

/**
 * A program for Linux on an i386 that needs no library: an executable file (System V ABI, Intel386 supplement, chapter 4) of one segment.
 * @param program writes the code, which begins at its first byte; the variables stand where `data` says
 */
export function linuxProgram(program: (code: I386Code, data: (index: number) => number) => void): Uint8Array {
  const data = (index: number) => ELF_BASE + ELF_DATA + 4 * index;
  const code = new I386Code(ELF_BASE + ELF_HEADERS);
  program(code, data);
  const text = code.link();
  const file = new Uint8Array(ELF_HEADERS + text.length);
  const view = new DataView(file.buffer);
  const half = (at: number, value: number) => view.setUint16(at, value, true);
  const words = (at: number, ...values: number[]) => {
    for (const [i, value] of values.entries()) view.setUint32(at + 4 * i, value, true);
  };
  // ELFCLASS32, ELFDATA2LSB, EV_CURRENT; ET_EXEC for EM_386.
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  half(0x10, 2);
  half(0x12, 3);
  // Version, entry, where the program headers are, no section headers, no flags.
  words(0x14, 1, ELF_BASE + ELF_HEADERS, 0x34, 0, 0);
  // Sizes of this header and of a program header, of which there is one.
  half(0x28, 0x34);
  half(0x2a, 0x20);
  half(0x2c, 1);
  // PT_LOAD of the whole file: readable, writable, executable.
  words(0x34, 1, 0, ELF_BASE, ELF_BASE, file.length, ELF_BYTES, 7, 0x1000);
  file.set(text, ELF_HEADERS);
  return file;
}
