import { createCipheriv, randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aesF8 } from '../support/reference/aes_f8.ts';
import { IEEE_1619, RFC_3711, SP_800_38A } from './aes_modes_figures.ts';
import { type CipherKernel, LENGTHS, RequestRig } from './request_rig.ts';

type BlockKernel = (ctx: number, src: number, dst: number, blocks: number) => void;

interface Kernels {
  aesContextBytes(): number;
  aesF8ContextBytes(): number;
  aesXtsContextBytes(): number;
  aesExpandKey(ctx: number, key: number, keyBytes: number): void;
  aesF8SetKey(ctx: number, key: number, keyBytes: number, mask: number): void;
  aesXtsSetKey(ctx: number, key: number, keyBytes: number): void;
  aesEcbEncrypt: BlockKernel;
  aesEcbDecrypt: BlockKernel;
  aesCtr: CipherKernel;
  aesCtr32: CipherKernel;
  aesF8: CipherKernel;
  aesXtsEncrypt: CipherKernel;
  aesXtsDecrypt: CipherKernel;
}

const BLOCK = 16;
const KEY_SIZES = [16, 24, 32];

type Mode = 'ecb' | 'ctr' | 'xts';
const encrypted = (mode: Mode, bits: number, key: Buffer, iv: Buffer | null, data: Buffer): Buffer => {
  const cipher = createCipheriv(`aes-${bits}-${mode}`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
};

describe.each(['simd', 'relaxed-simd'] as const)('AES modes, built for %s', (build) => {
  let rig: RequestRig<Kernels>;
  let kernels: Kernels;

  beforeAll(async () => {
    rig = await RequestRig.compile('test/kernels/aes_modes_entry.ts', build);
    kernels = rig.kernels;
  });

  beforeEach(() => rig.clear());

  const expand = (key: Buffer): number =>
    rig.setKey((ctx, at) => kernels.aesExpandKey(ctx, at, key.length), kernels.aesContextBytes(), key);
  const expandXts = (key: Buffer): number =>
    rig.setKey((ctx, at) => kernels.aesXtsSetKey(ctx, at, key.length), kernels.aesXtsContextBytes(), key);
  const expandF8 = (key: Buffer, mask: Buffer): number => {
    const maskAt = rig.place(mask, 1);
    return rig.setKey((ctx, at) => kernels.aesF8SetKey(ctx, at, key.length, maskAt), kernels.aesF8ContextBytes(), key);
  };

  const blocks =
    (kernel: BlockKernel): CipherKernel =>
    (ctx, _iv, src, dst, bytes) =>
      kernel(ctx, src, dst, bytes / BLOCK);
  const ecb = (kernel: BlockKernel, ctx: number, data: Buffer, inPlace: boolean, skew?: number): Buffer =>
    rig.cipher(blocks(kernel), ctx, Buffer.alloc(BLOCK), data, inPlace, skew);

  /** A counter mode with the counter block that it leaves. */
  function counterMode(kernel: CipherKernel, ctx: number, counter: Buffer, data: Buffer, inPlace: boolean, skew = 5) {
    let after: Buffer = Buffer.alloc(0);
    const result = rig.cipher(
      (context, iv, src, dst, bytes) => {
        const scratch = rig.place(rig.read(iv, BLOCK));
        kernel(context, scratch, src, dst, bytes);
        rig.expectGuards(scratch, BLOCK);
        after = rig.read(scratch, BLOCK);
      },
      ctx,
      counter,
      data,
      inPlace,
      skew,
    );
    return { result, after };
  }

  describe('NIST SP 800-38A appendix F', () => {
    it.each(SP_800_38A)('ECB-AES$bits (F.1)', ({ key, plaintext, ecb: ciphertext }) => {
      const ctx = expand(key);
      expect(ecb(kernels.aesEcbEncrypt, ctx, plaintext, false)).toEqual(ciphertext);
      expect(ecb(kernels.aesEcbDecrypt, ctx, ciphertext, true)).toEqual(plaintext);
    });

    it.each(SP_800_38A)('CTR-AES$bits (F.5)', ({ key, plaintext, counter, ctr }) => {
      const ctx = expand(key);
      expect(counterMode(kernels.aesCtr, ctx, counter, plaintext, false).result).toEqual(ctr);
      expect(counterMode(kernels.aesCtr, ctx, counter, ctr, true).result).toEqual(plaintext);
    });
  });

  describe.each(KEY_SIZES)('with a key of %i bytes', (keyBytes) => {
    const bits = keyBytes * 8;

    it.each([false, true])('ECB takes any number of blocks (in place: %s)', (inPlace) => {
      for (const count of [...Array.from({ length: 50 }, (_, n) => n), 1024]) {
        rig.clear();
        const [key, plaintext] = [randomBytes(keyBytes), randomBytes(count * BLOCK)];
        const ciphertext = encrypted('ecb', bits, key, null, plaintext);
        const ctx = expand(key);
        expect(ecb(kernels.aesEcbEncrypt, ctx, plaintext, inPlace, count % 16).equals(ciphertext)).toBe(true);
        expect(ecb(kernels.aesEcbDecrypt, ctx, ciphertext, inPlace, count % 16).equals(plaintext)).toBe(true);
        rig.expectGuards(ctx, kernels.aesContextBytes());
      }
    });

    it.each([false, true])('CTR takes any length (in place: %s)', (inPlace) => {
      for (const bytes of LENGTHS) {
        rig.clear();
        const [key, counter, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(bytes)];
        const ctx = expand(key);
        const { result } = counterMode(kernels.aesCtr, ctx, counter, plaintext, inPlace, bytes % 16);
        expect(result.equals(encrypted('ctr', bits, key, counter, plaintext)), `${bytes} bytes`).toBe(true);
        rig.expectGuards(ctx, kernels.aesContextBytes());
      }
    });

    it('f8 takes any length, and keeps no state', () => {
      for (const bytes of [...LENGTHS.filter((length) => length < 290), 1023, 4099]) {
        rig.clear();
        const [key, mask] = [randomBytes(keyBytes), randomBytes(keyBytes)];
        const [iv, plaintext] = [randomBytes(BLOCK), randomBytes(bytes)];
        const ciphertext = aesF8(key, mask, iv, plaintext);
        const ctx = expandF8(key, mask);
        expect(rig.cipher(kernels.aesF8, ctx, iv, plaintext, false, bytes % 16).equals(ciphertext)).toBe(true);
        expect(rig.cipher(kernels.aesF8, ctx, iv, ciphertext, true).equals(plaintext)).toBe(true);
        rig.expectGuards(ctx, kernels.aesF8ContextBytes());
      }
    });
  });

  describe('CTR', () => {
    const add = (counter: Buffer, blockCount: number): Buffer => {
      const sum = BigInt.asUintN(128, BigInt(`0x${counter.toString('hex')}`) + BigInt(blockCount));
      return Buffer.from(sum.toString(16).padStart(32, '0'), 'hex');
    };

    it.each(['ff'.repeat(16), '00'.repeat(8) + 'ff'.repeat(8), '12345678'.repeat(3) + 'ff'.repeat(4)])(
      'carries from every word of the counter: %s less a few',
      (text) => {
        for (const distance of [0, 1, 2, 8, 15, 16, 17, 30, 300]) {
          for (const bytes of [1, 16, 17, 64, 65, 256, 257, 1000, 5000]) {
            rig.clear();
            const counter = add(Buffer.from(text, 'hex'), -distance);
            const [key, plaintext] = [randomBytes(16), randomBytes(bytes)];
            const { result, after } = counterMode(kernels.aesCtr, expand(key), counter, plaintext, false);
            expect(result.equals(encrypted('ctr', 128, key, counter, plaintext)), `${distance}, ${bytes}`).toBe(true);
            expect(after).toEqual(add(counter, Math.ceil(bytes / BLOCK)));
          }
        }
      },
    );

    it.each(KEY_SIZES)('carries out of the last byte wherever it begins, under a key of %i bytes', (keyBytes) => {
      for (let last = 0; last < 256; last += 5) {
        for (const bytes of [511, 512, 513, 640, 1023, 2048, 2049, 8200]) {
          rig.clear();
          const counter = randomBytes(BLOCK);
          counter[15] = last;
          const [key, plaintext] = [randomBytes(keyBytes), randomBytes(bytes)];
          const { result, after } = counterMode(kernels.aesCtr, expand(key), counter, plaintext, false, last % 16);
          const expected = encrypted('ctr', keyBytes * 8, key, counter, plaintext);
          expect(result.equals(expected), `${last}, ${bytes}`).toBe(true);
          expect(after).toEqual(add(counter, Math.ceil(bytes / BLOCK)));
        }
      }
    });

    it('of GCM counts in the last 32 bits alone (SP 800-38D section 6.2)', () => {
      for (const distance of [0, 1, 2, 15, 16, 40]) {
        rig.clear();
        const counter = add(Buffer.from(`${'ab'.repeat(12)}ffffffff`, 'hex'), -distance);
        const [key, plaintext] = [randomBytes(16), randomBytes(600)];
        const counters = Array.from({ length: 38 }, (_, n) => {
          const block = Buffer.from(counter);
          block.writeUInt32BE((counter.readUInt32BE(12) + n) % 2 ** 32, 12);
          return block;
        });
        const stream = encrypted('ecb', 128, key, null, Buffer.concat(counters));
        const { result } = counterMode(kernels.aesCtr32, expand(key), counter, plaintext, true);
        expect(result).toEqual(Buffer.from(plaintext.map((byte, n) => byte ^ (stream[n] ?? 0))));
      }
    });
  });

  describe('XTS-AES (IEEE Std 1619)', () => {
    it.each(IEEE_1619)('vector $vector', ({ key, tweak, plaintext, ciphertext }) => {
      const ctx = expandXts(key);
      expect(rig.cipher(kernels.aesXtsEncrypt, ctx, tweak, plaintext, false)).toEqual(ciphertext);
      expect(rig.cipher(kernels.aesXtsDecrypt, ctx, tweak, ciphertext, false)).toEqual(plaintext);
    });

    it.each([
      [128, false],
      [128, true],
      [256, false],
      [256, true],
    ])('of %i bits takes data units of any length from one block on (in place: %s)', (bits, inPlace) => {
      for (const bytes of [...LENGTHS.filter((length) => length >= BLOCK), 528, 16_384]) {
        rig.clear();
        const [key, tweak, plaintext] = [randomBytes(bits / 4), randomBytes(BLOCK), randomBytes(bytes)];
        const ciphertext = encrypted('xts', bits, key, tweak, plaintext);
        const ctx = expandXts(key);
        const skew = bytes % 16;
        const encryption = rig.cipher(kernels.aesXtsEncrypt, ctx, tweak, plaintext, inPlace, skew);
        expect(encryption.equals(ciphertext), `${bytes} bytes`).toBe(true);
        const decryption = rig.cipher(kernels.aesXtsDecrypt, ctx, tweak, ciphertext, inPlace, skew);
        expect(decryption.equals(plaintext), `${bytes} bytes`).toBe(true);
        rig.expectGuards(ctx, kernels.aesXtsContextBytes());
      }
    });
  });

  it('f8 gives the figures of RFC 3711 appendix B.1', () => {
    const { key, mask, iv, plaintext, ciphertext } = RFC_3711;
    const ctx = expandF8(key, mask);
    expect(rig.cipher(kernels.aesF8, ctx, iv, plaintext, false)).toEqual(ciphertext);
    expect(rig.cipher(kernels.aesF8, ctx, iv, ciphertext, true)).toEqual(plaintext);
  });
});
