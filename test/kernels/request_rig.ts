import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { EngineBuild } from '../../src/engine/load.ts';
import { compileKernels, sectionIds } from './compile.ts';

const GUARD = 64;
const CANARY = 0xa5;

/** `(ctx, iv, src, dst, bytes)`. */
export type CipherKernel = (ctx: number, iv: number, src: number, dst: number, bytes: number) => void;
/** `(ctx, key)`. */
export type SetKey = (ctx: number, key: number) => void;

/** Kernels in a memory of their own, and requests with canaries around everything. */
export class RequestRig<Kernels> {
  readonly kernels: Kernels;
  private readonly memory: Uint8Array;
  private free = GUARD;

  private constructor(kernels: Kernels, memory: Uint8Array) {
    this.kernels = kernels;
    this.memory = memory;
  }

  /** Compiles an entry, which must have no data, global or start section. */
  static async compile<Kernels>(entry: string, build: EngineBuild = 'simd'): Promise<RequestRig<Kernels>> {
    const binary = await compileKernels(entry, build);
    const ids = sectionIds(binary);
    for (const [name, id] of Object.entries({ global: 6, start: 8, data: 11, dataCount: 12 }))
      expect(ids, `${name} section`).not.toContain(id);
    const pages = new WebAssembly.Memory({ initial: 32 });
    const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(binary), { env: { memory: pages } });
    return new RequestRig(exports as unknown as Kernels, new Uint8Array(pages.buffer));
  }

  /** Fills the memory with canaries and forgets every allocation. */
  clear(): void {
    this.memory.fill(CANARY);
    this.free = GUARD;
  }

  allocate(bytes: number, skew = 0): number {
    const at = ((this.free + 63) & ~63) + skew;
    this.free = at + bytes + GUARD;
    return at;
  }

  place(bytes: Uint8Array, skew = 0): number {
    const at = this.allocate(bytes.length, skew);
    this.memory.set(bytes, at);
    return at;
  }

  read(at: number, bytes: number): Buffer {
    return Buffer.from(this.memory.slice(at, at + bytes));
  }

  /** Nothing before or behind was written. */
  expectGuards(at: number, bytes: number): void {
    const canaries = Buffer.alloc(GUARD / 2, CANARY);
    expect(this.read(at - canaries.length, canaries.length).equals(canaries)).toBe(true);
    expect(this.read(at + bytes, canaries.length).equals(canaries)).toBe(true);
  }

  /** A context whose memory was full of something else. */
  setKey(setKey: SetKey, contextBytes: number, key: Uint8Array): number {
    const ctx = this.place(randomBytes(contextBytes));
    setKey(ctx, this.place(key, 3));
    this.expectGuards(ctx, contextBytes);
    return ctx;
  }

  /** The result of one cipher request. */
  cipher(kernel: CipherKernel, ctx: number, iv: Buffer, data: Buffer, inPlace: boolean, skew = 5): Buffer {
    const ivAt = this.place(iv, 1);
    const src = this.place(data, skew);
    const dst = inPlace ? src : this.allocate(data.length, (skew + 2) % 16);
    kernel(ctx, ivAt, src, dst, data.length);
    this.expectGuards(dst, data.length);
    this.expectInput(ivAt, iv);
    if (!inPlace) this.expectInput(src, data);
    return this.read(dst, data.length);
  }

  /** The result of one MAC request: `kernel` is called with the address of the message and that of the result. */
  mac(message: Buffer, bytes: number, kernel: (src: number, dst: number) => void, skew = 5): Buffer {
    const src = this.place(message, skew);
    const dst = this.allocate(bytes, (skew + 2) % 16);
    kernel(src, dst);
    this.expectGuards(dst, bytes);
    this.expectInput(src, message);
    return this.read(dst, bytes);
  }

  private expectInput(at: number, bytes: Buffer): void {
    expect(this.read(at, bytes.length).equals(bytes)).toBe(true);
    this.expectGuards(at, bytes.length);
  }
}

/** Every length up to some hundred bytes, and a few long ones. */
export const LENGTHS = [...Array.from({ length: 290 }, (_, n) => n), 1023, 1024, 4099, 65_537];

/** The first `bits` bits, with zeros behind. */
export function firstBits(bytes: Buffer, bits: number): Buffer {
  const first = Buffer.from(bytes.subarray(0, Math.ceil(bits / 8)));
  if (bits % 8 !== 0) first.writeUInt8(first.readUInt8(first.length - 1) & (0xff00 >> (bits % 8)), first.length - 1);
  return first;
}
