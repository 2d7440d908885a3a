import type { BignumExports } from './bignum.ts';

const ALIGNMENT = 16;
const PAGE_BYTES = 0x10000;

/** A modulus that was prepared, and scratch for products modulo it: addresses. */
export interface Ring {
  limbs: number;
  modulus: number;
  product: number;
}

/** A kernel for big numbers, and its memory. One operation at a time takes from it, and all that it took is wiped at its end. */
export class Arena<Kernel extends BignumExports> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: WebAssembly.Memory;
  #kernel: Kernel;
  #free = ALIGNMENT;

  /**
   * @param pages its size, in pages of 64 KiB
   * @param instantiate makes the kernel over the memory
   */
  constructor(pages: number, instantiate: (memory: WebAssembly.Memory) => Kernel) {
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.#memory.buffer, 0, pages * PAGE_BYTES);
    this.#kernel = instantiate(this.#memory);
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Takes another build of the kernel. No operation may be under way. */
  use(instantiate: (memory: WebAssembly.Memory) => Kernel): void {
    this.#kernel = instantiate(this.#memory);
  }

  /** Takes zeroed memory, which release() or wipe() gives back. */
  take(bytes: number): number {
    const at = Math.ceil(this.#free / ALIGNMENT) * ALIGNMENT;
    if (at + bytes > this.bytes.length) throw new RangeError('The operation needs more memory than the kernel has.');
    this.#free = at + bytes;
    return at;
  }

  /** Where memory that is taken next begins. */
  get mark(): number {
    return this.#free;
  }

  /** Gives back and wipes what was taken since mark was `start`. */
  release(start: number): void {
    this.kernel.wipe(start, this.#free - start);
    this.#free = start;
  }

  /** Gives back and wipes all of it. */
  wipe(): void {
    this.kernel.wipe(0, this.#free);
    this.#free = ALIGNMENT;
  }

  /** A copy of bytes. */
  place(bytes: Uint8Array): number {
    const at = this.take(bytes.length);
    this.bytes.set(bytes, at);
    return at;
  }

  /** A number of `limbs` limbs, from its big-endian bytes. */
  number(bytes: Uint8Array, limbs: number): number {
    const number = this.take(this.kernel.numberBytes(limbs));
    this.kernel.fromBytes(number, limbs, this.place(bytes), bytes.length);
    return number;
  }

  /** The low `length` bytes of a number, big-endian. */
  read(number: number, limbs: number, length: number): Uint8Array<ArrayBuffer> {
    const at = this.take(length);
    this.kernel.toBytes(at, length, number, limbs);
    return this.bytes.slice(at, at + length);
  }

  /** Prepares an odd modulus of exactly `bits` bits. */
  ring(modulus: Uint8Array, bits: number): Ring {
    const { kernel } = this;
    const limbs = kernel.limbsOf(bits);
    const ring = {
      limbs,
      modulus: this.take(kernel.modulusBytes(limbs)),
      product: this.take(kernel.productBytes(limbs)),
    };
    kernel.setModulus(ring.modulus, limbs, this.place(modulus), modulus.length, bits, ring.product);
    return ring;
  }
}
