import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { snow3gKeystream, uea2, uia2 } from '../support/reference/snow3g.ts';
import { type CipherKernel, firstBits, LENGTHS, RequestRig } from './request_rig.ts';
import { UEA2_FIGURES, UIA2_FIGURES } from './snow3g_figures.ts';

interface Kernels {
  snow3gContextBytes(): number;
  snow3gSetKey(ctx: number, key: number): void;
  snow3gUea2: CipherKernel;
  snow3gUia2(ctx: number, iv: number, src: number, bytes: number, dst: number): void;
  carrylessProduct(x: bigint, y: bigint): bigint;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

let rig: RequestRig<Kernels>;
let kernels: Kernels;

beforeAll(async () => {
  rig = await RequestRig.compile('test/kernels/snow3g_entry.ts');
  kernels = rig.kernels;
});

beforeEach(() => rig.clear());

const setKey = (key: Buffer): number => rig.setKey(kernels.snow3gSetKey, kernels.snow3gContextBytes(), key);

function macOf(ctx: number, iv: Buffer, message: Buffer, skew?: number): Buffer {
  const at = rig.place(iv, 1);
  return rig.mac(message, 4, (src, dst) => kernels.snow3gUia2(ctx, at, src, message.length, dst), skew);
}

describe('SNOW 3G', () => {
  it('makes the keystream of test set 1 of the implementors’ test data', () => {
    // The document counts the words of both from k0 and IV0 on, which UEA2 takes last.
    const key = hex('4881ff48952c491082c5b3002bd6459f');
    const iv = hex('1c0bf45fdf1f9b25ad5c4d84ea024714');
    expect(snow3gKeystream(key, iv, 2)).toEqual([0xabee9704, 0x7ac31373]);
    expect(rig.cipher(kernels.snow3gUea2, setKey(key), iv, Buffer.alloc(8), true)).toEqual(hex('abee97047ac31373'));
  });
});

describe('UEA2', () => {
  it.each(UEA2_FIGURES)('test set $set: $bits bits', ({ key, iv, bits, plaintext, ciphertext }) => {
    const expected = firstBits(ciphertext, bits);
    expect(firstBits(uea2(key, iv, plaintext), bits)).toEqual(expected);
    expect(firstBits(rig.cipher(kernels.snow3gUea2, setKey(key), iv, plaintext, true), bits)).toEqual(expected);
  });

  it.each([false, true])('enciphers and deciphers every length (in place: %s)', (inPlace) => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, iv, plaintext] = [randomBytes(16), randomBytes(16), randomBytes(bytes)];
      const ctx = setKey(key);
      const ciphertext = rig.cipher(kernels.snow3gUea2, ctx, iv, plaintext, inPlace, bytes % 16);
      expect(ciphertext.equals(uea2(key, iv, plaintext)), `${bytes} bytes`).toBe(true);
      expect(rig.cipher(kernels.snow3gUea2, ctx, iv, ciphertext, inPlace).equals(plaintext)).toBe(true);
      rig.expectGuards(ctx, kernels.snow3gContextBytes());
    }
  });
});

describe('UIA2', () => {
  it.each(UIA2_FIGURES)('test set $set: $bits bits', ({ key, iv, bits, message, mac }) => {
    expect(uia2(key, iv, message, bits)).toEqual(mac);
    if (bits % 8 === 0) expect(macOf(setKey(key), iv, message)).toEqual(mac);
  });

  it('authenticates every length', () => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, iv, message] = [randomBytes(16), randomBytes(16), randomBytes(bytes)];
      const ctx = setKey(key);
      expect(macOf(ctx, iv, message, bytes % 16), `${bytes} bytes`).toEqual(uia2(key, iv, message));
      rig.expectGuards(ctx, kernels.snow3gContextBytes());
    }
  });

  it('shares a context with UEA2, each request on its own', () => {
    const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(101)];
    const ctx = setKey(key);
    for (let n = 0; n < 3; ++n) {
      expect(macOf(ctx, iv, data)).toEqual(uia2(key, iv, data));
      expect(rig.cipher(kernels.snow3gUea2, ctx, iv, data, false)).toEqual(uea2(key, iv, data));
    }
  });
});

describe('carry-less multiplication', () => {
  it('keeps the low half of the product, for sparse, dense and random factors', () => {
    const all = 0xffffffffffffffffn;
    const random = (): bigint => randomBytes(8).readBigUInt64BE();
    const pairs = [
      [all, all],
      [all, 1n],
      [0n, all],
      [1n << 63n, all],
      ...Array.from({ length: 200 }, () => [random(), random()]),
    ] as [bigint, bigint][];
    for (const [x, y] of pairs) {
      let product = 0n;
      for (let bit = 0n; bit < 64n; ++bit) if ((y >> bit) & 1n) product ^= x << bit;
      expect(BigInt.asUintN(64, kernels.carrylessProduct(x, y))).toBe(product & all);
    }
  });
});
