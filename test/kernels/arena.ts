import { expect } from 'vitest';
import type { EngineBuild } from '../../src/engine/load.ts';
import { compileKernels, sectionIds } from './compile.ts';

const ALIGNMENT = 16;
const GUARD = 64;
const CANARY = 0xa5;

/** Bytes written in hexadecimal, spaces where they help. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** A memory for kernels, in which every piece lies between canaries. */
export class Arena {
  readonly #bytes: Uint8Array;
  #free = GUARD;

  constructor(memory: WebAssembly.Memory) {
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** Fills the memory with canaries and forgets every piece. */
  clear(): void {
    this.#bytes.fill(CANARY);
    this.#free = GUARD;
  }

  /** A new piece, `skew` bytes off a 16-byte boundary. */
  allocate(bytes: number, skew = 0): number {
    const at = ((this.#free + ALIGNMENT - 1) & -ALIGNMENT) + skew;
    this.#free = at + bytes + GUARD;
    return at;
  }

  /** A new piece with these bytes. */
  place(bytes: Uint8Array, skew = 0): number {
    const at = this.allocate(bytes.length, skew);
    this.#bytes.set(bytes, at);
    return at;
  }

  read(at: number, bytes: number): Buffer {
    return Buffer.from(this.#bytes.slice(at, at + bytes));
  }

  /** Fails unless the canaries on both sides of a piece are as they were. */
  expectGuards(at: number, bytes: number): void {
    const canaries = Buffer.alloc(GUARD - ALIGNMENT, CANARY);
    expect(this.read(at - canaries.length, canaries.length).equals(canaries)).toBe(true);
    expect(this.read(at + bytes, canaries.length).equals(canaries)).toBe(true);
  }

  /** Fails if a piece was written to. */
  expectUntouched(at: number, bytes: number): void {
    expect(this.read(at, bytes).equals(Buffer.alloc(bytes, CANARY))).toBe(true);
  }
}

/** Compiles an entry of this folder; answers its exports, which the caller names, over an arena. */
export async function loadKernels<Kernels>(
  entry: string,
  build: EngineBuild = 'simd',
): Promise<{ kernels: Kernels; arena: Arena }> {
  const binary = await compileKernels(entry, build);
  const memory = new WebAssembly.Memory({ initial: 32 });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(binary), { env: { memory } });
  const ids = sectionIds(binary);
  for (const [name, id] of Object.entries({ global: 6, start: 8, data: 11, dataCount: 12 }))
    expect(ids, `${name} section`).not.toContain(id);
  return { kernels: exports as unknown as Kernels, arena: new Arena(memory) };
}
