import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { arc4 } from '../support/reference/arc4.ts';
import { type Arena, hex, loadKernels } from './arena.ts';

interface Kernels {
  arc4ContextBytes(): number;
  arc4SetKey(ctx: number, key: number, keyBytes: number): void;
  arc4(ctx: number, src: number, dst: number, bytes: number): void;
}

let kernels: Kernels;
let arena: Arena;

beforeAll(async () => {
  ({ kernels, arena } = await loadKernels<Kernels>('test/kernels/arc4_entry.ts'));
});
beforeEach(() => arena.clear());

function expand(key: Uint8Array): number {
  const ctx = arena.allocate(kernels.arc4ContextBytes());
  kernels.arc4SetKey(ctx, arena.place(key, 3), key.length);
  return ctx;
}

function run(ctx: number, data: Uint8Array, inPlace: boolean, skew = 1): Buffer {
  const src = arena.place(data, skew);
  const dst = inPlace ? src : arena.allocate(data.length, skew + 2);
  kernels.arc4(ctx, src, dst, data.length);
  arena.expectGuards(dst, data.length);
  arena.expectGuards(ctx, kernels.arc4ContextBytes());
  if (!inPlace) expect(arena.read(src, data.length).equals(data)).toBe(true);
  return arena.read(dst, data.length);
}

describe('RFC 6229 section 2', () => {
  const cases = [
    [5, 0, 'b2396305f03dc027ccc3524a0a1118a8 6982944f18fc82d589c403a47a0d0919'],
    [5, 240, '28cb1132c96ce286421dcaadb8b69eae 1cfcf62b03eddb641d77dfcf7f8d8c93'],
    [8, 0, '97ab8a1bf0afb96132f2f67258da15a8'],
    [16, 0, '9ac7cc9a609d1ef7b2932899cde41b97 5248c4959014126a6e8a84f11d1a9e1c'],
    [32, 0, 'eaa6bd25880bf93d3f5d1e4ca2611d91 cfa45c9f7e714b54bdfa80027cb14380'],
  ] as const;
  it.each(cases)('gives the key stream of the key 1, 2, ... of %i bytes at offset %i', (keyBytes, offset, stream) => {
    const expected = hex(stream);
    const ctx = expand(Uint8Array.from({ length: keyBytes }, (_, n) => n + 1));
    expect(run(ctx, new Uint8Array(offset + expected.length), true).subarray(offset)).toEqual(expected);
  });
});

describe('ARC4 beside its description', () => {
  it.each([false, true])('takes every length (in place: %s)', (inPlace) => {
    for (const bytes of [...Array(300).keys(), 1024, 16_383, 70_001]) {
      arena.clear();
      const [key, data] = [randomBytes(1 + (bytes % 256)), randomBytes(bytes)];
      expect(run(expand(key), data, inPlace, bytes % 14).equals(arc4(key, data))).toBe(true);
    }
  });

  it('takes keys of 1 to 256 bytes', () => {
    const data = randomBytes(40);
    for (let keyBytes = 1; keyBytes <= 256; keyBytes++) {
      arena.clear();
      const key = randomBytes(keyBytes);
      expect(run(expand(key), data, false).equals(arc4(key, data))).toBe(true);
    }
  });

  it('begins every request anew, and leaves no trace of the one before', () => {
    const [key, data] = [randomBytes(16), randomBytes(500)];
    const ctx = expand(key);
    for (const bytes of [500, 3, 0, 499]) {
      const part = data.subarray(0, bytes);
      expect(run(ctx, part, false).equals(arc4(key, part))).toBe(true);
      expect(arena.read(ctx + 256, 256).equals(Buffer.alloc(256))).toBe(true);
    }
  });
});
