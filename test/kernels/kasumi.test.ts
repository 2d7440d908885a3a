import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { f8, f9, kasumi } from '../support/reference/kasumi.ts';
import { F8_FIGURES, F9_FIGURES } from './kasumi_figures.ts';
import { type CipherKernel, firstBits, LENGTHS, RequestRig } from './request_rig.ts';

interface Kernels {
  kasumiContextBytes(): number;
  kasumiSetKey(ctx: number, key: number): void;
  kasumiBlock(ctx: number, block: bigint): bigint;
  kasumiF8: CipherKernel;
  kasumiF9(ctx: number, src: number, bytes: number, dst: number): void;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

let rig: RequestRig<Kernels>;
let kernels: Kernels;

beforeAll(async () => {
  rig = await RequestRig.compile('test/kernels/kasumi_entry.ts');
  kernels = rig.kernels;
});

beforeEach(() => rig.clear());

const expand = (key: Buffer): number => rig.setKey(kernels.kasumiSetKey, kernels.kasumiContextBytes(), key);
const macOf = (ctx: number, padded: Buffer, skew?: number): Buffer =>
  rig.mac(padded, 4, (src, dst) => kernels.kasumiF9(ctx, src, padded.length, dst), skew);

function block(ctx: number, plaintext: Buffer): Buffer {
  const ciphertext = Buffer.alloc(8);
  ciphertext.writeBigUInt64BE(BigInt.asUintN(64, kernels.kasumiBlock(ctx, plaintext.readBigUInt64BE())));
  return ciphertext;
}

describe('KASUMI (3GPP TS 35.202)', () => {
  it('enciphers the block of test set 1 of TS 35.203', () => {
    const [key, plaintext] = [hex('2bd6459f82c5b300952c49104881ff48'), hex('ea024714ad5c4d84')];
    expect(kasumi(key, plaintext)).toEqual(hex('df1f9b251c0bf45f'));
    expect(block(expand(key), plaintext)).toEqual(hex('df1f9b251c0bf45f'));
  });

  it('enciphers any block under any key as its reference does', () => {
    for (let n = 0; n < 100; ++n) {
      rig.clear();
      const key = randomBytes(16);
      const ctx = expand(key);
      for (let m = 0; m < 10; ++m) {
        const plaintext = randomBytes(8);
        expect(block(ctx, plaintext)).toEqual(kasumi(key, plaintext));
      }
    }
  });
});

describe('f8 (3GPP TS 35.201)', () => {
  it.each(F8_FIGURES)('test set $set of TS 35.203: $bits bits', ({ key, iv, bits, plaintext, ciphertext }) => {
    const expected = firstBits(ciphertext, bits);
    expect(firstBits(f8(key, iv, plaintext), bits)).toEqual(expected);
    expect(firstBits(rig.cipher(kernels.kasumiF8, expand(key), iv, plaintext, true), bits)).toEqual(expected);
  });

  it.each([false, true])('enciphers and deciphers every length (in place: %s)', (inPlace) => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, iv, plaintext] = [randomBytes(16), randomBytes(8), randomBytes(bytes)];
      const ctx = expand(key);
      const ciphertext = rig.cipher(kernels.kasumiF8, ctx, iv, plaintext, inPlace, bytes % 16);
      expect(ciphertext.equals(f8(key, iv, plaintext)), `${bytes} bytes`).toBe(true);
      expect(rig.cipher(kernels.kasumiF8, ctx, iv, ciphertext, inPlace).equals(plaintext)).toBe(true);
      rig.expectGuards(ctx, kernels.kasumiContextBytes());
    }
  });
});

describe('f9 (3GPP TS 35.201)', () => {
  it.each(F9_FIGURES)('test set $set of TS 35.203', ({ key, padded, mac }) => {
    expect(f9(key, padded)).toEqual(mac);
    expect(macOf(expand(key), padded)).toEqual(mac);
  });

  it('authenticates every length', () => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, padded] = [randomBytes(16), randomBytes(bytes)];
      const ctx = expand(key);
      expect(macOf(ctx, padded, bytes % 16), `${bytes} bytes`).toEqual(f9(key, padded));
      rig.expectGuards(ctx, kernels.kasumiContextBytes());
    }
  });

  it('shares a context with f8, each request on its own', () => {
    const [key, iv, data] = [randomBytes(16), randomBytes(8), randomBytes(101)];
    const ctx = expand(key);
    const before = rig.read(ctx, kernels.kasumiContextBytes());
    for (let n = 0; n < 3; ++n) {
      expect(macOf(ctx, data)).toEqual(f9(key, data));
      expect(rig.cipher(kernels.kasumiF8, ctx, iv, data, false)).toEqual(f8(key, iv, data));
    }
    expect(rig.read(ctx, kernels.kasumiContextBytes())).toEqual(before);
  });
});
