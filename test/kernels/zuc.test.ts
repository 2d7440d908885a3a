import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eea3, eia3, zucKeystream } from '../support/reference/zuc.ts';
import { type CipherKernel, firstBits, LENGTHS, RequestRig } from './request_rig.ts';
import { EEA3_FIGURES, EIA3_FIGURES } from './zuc_figures.ts';

interface Kernels {
  zucContextBytes(): number;
  zucSetKey(ctx: number, key: number): void;
  zucEea3: CipherKernel;
  zucEia3(ctx: number, iv: number, src: number, bytes: number, dst: number): void;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

let rig: RequestRig<Kernels>;
let kernels: Kernels;

beforeAll(async () => {
  rig = await RequestRig.compile('test/kernels/zuc_entry.ts');
  kernels = rig.kernels;
});

beforeEach(() => rig.clear());

const setKey = (key: Buffer): number => rig.setKey(kernels.zucSetKey, kernels.zucContextBytes(), key);

function macOf(ctx: number, iv: Buffer, message: Buffer, skew?: number): Buffer {
  const at = rig.place(iv, 1);
  return rig.mac(message, 4, (src, dst) => kernels.zucEia3(ctx, at, src, message.length, dst), skew);
}

describe('ZUC', () => {
  it.each([
    ['1, of zeros', '00'.repeat(16), '00'.repeat(16), [0x27bede74, 0x018082da]],
    ['2, of ones', 'ff'.repeat(16), 'ff'.repeat(16), [0x0657cfa0, 0x7096398b]],
    ['3', '3d4c4be96a82fdaeb58f641db17b455b', '84319aa8de6915ca1f6bda6bfbd8c766', [0x14f1c272, 0x3279c419]],
  ])('makes the keystream of test set %s of the implementors’ test data', (_, key, iv, words) => {
    expect(zucKeystream(hex(key), hex(iv), 2)).toEqual(words);
    const keystream = rig.cipher(kernels.zucEea3, setKey(hex(key)), hex(iv), Buffer.alloc(8), true);
    expect([keystream.readUInt32BE(0), keystream.readUInt32BE(4)]).toEqual(words);
  });
});

describe('128-EEA3', () => {
  it.each(EEA3_FIGURES)('the implementors’ test data: $bits bits', ({ key, iv, bits, plaintext, ciphertext }) => {
    const expected = firstBits(ciphertext, bits);
    expect(firstBits(eea3(key, iv, plaintext), bits)).toEqual(expected);
    expect(firstBits(rig.cipher(kernels.zucEea3, setKey(key), iv, plaintext, true), bits)).toEqual(expected);
  });

  it.each([false, true])('enciphers and deciphers every length (in place: %s)', (inPlace) => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, iv, plaintext] = [randomBytes(16), randomBytes(16), randomBytes(bytes)];
      const ctx = setKey(key);
      const ciphertext = rig.cipher(kernels.zucEea3, ctx, iv, plaintext, inPlace, bytes % 16);
      expect(ciphertext.equals(eea3(key, iv, plaintext)), `${bytes} bytes`).toBe(true);
      expect(rig.cipher(kernels.zucEea3, ctx, iv, ciphertext, inPlace).equals(plaintext)).toBe(true);
      rig.expectGuards(ctx, kernels.zucContextBytes());
    }
  });
});

describe('128-EIA3', () => {
  it.each(EIA3_FIGURES)('the implementors’ test data: $bits bits', ({ key, iv, bits, message, mac }) => {
    expect(eia3(key, iv, message, bits)).toEqual(mac);
    if (bits % 8 === 0) expect(macOf(setKey(key), iv, message.subarray(0, bits / 8))).toEqual(mac);
  });

  it('authenticates every length', () => {
    for (const bytes of LENGTHS) {
      rig.clear();
      const [key, iv, message] = [randomBytes(16), randomBytes(16), randomBytes(bytes)];
      const ctx = setKey(key);
      expect(macOf(ctx, iv, message, bytes % 16), `${bytes} bytes`).toEqual(eia3(key, iv, message));
      rig.expectGuards(ctx, kernels.zucContextBytes());
    }
  });

  it('shares a context with 128-EEA3, each request on its own', () => {
    const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(101)];
    const ctx = setKey(key);
    for (let n = 0; n < 3; ++n) {
      expect(macOf(ctx, iv, data)).toEqual(eia3(key, iv, data));
      expect(rig.cipher(kernels.zucEea3, ctx, iv, data, false)).toEqual(eea3(key, iv, data));
    }
  });
});
