import { type CipherCCM, type CipherGCM, createCipheriv, randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CCM_FIGURES, GCM_FIGURES } from './aes_modes_figures.ts';
import { RequestRig } from './request_rig.ts';

/** `(ctx, iv, ivBytes, aad, aadBytes, src, bytes, dst, tag, tagBytes)`. */
type Seal = (...fields: number[]) => void;
type Open = (...fields: number[]) => number;

interface Kernels {
  ccmContextBytes(): number;
  gcmContextBytes(): number;
  ghashContextBytes(): number;
  ccmSetKey(ctx: number, key: number, keyBytes: number): void;
  ccmEncrypt: Seal;
  ccmDecrypt: Open;
  gcmSetKey(ctx: number, key: number, keyBytes: number): void;
  gcmEncrypt: Seal;
  gcmDecrypt: Open;
  gmac(ctx: number, iv: number, ivBytes: number, src: number, bytes: number, dst: number, tagBytes: number): void;
  ghashSetKey(gh: number, key: number): void;
  ghashPrepare(gh: number): void;
  storeGhash(gh: number, aad: number, aadBytes: number, text: number, bytes: number, dst: number): void;
}

interface Request {
  key: Buffer;
  iv: Buffer;
  aad: Buffer;
  plaintext: Buffer;
}

interface Sealed {
  ciphertext: Buffer;
  tag: Buffer;
}

const BLOCK = 16;
const KEY_SIZES = [16, 24, 32];
const LENGTHS = [...Array.from({ length: 300 }, (_, n) => n), 511, 512, 513, 527, 528, 767, 768, 1040, 4099, 16_384];
/** GCM takes other paths for other lengths up to 496 bytes, and for each number of blocks modulo 4 and 8. */
const GCM_LENGTHS = [...Array.from({ length: 1101 }, (_, n) => n), 4099, 16_384];

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)));
const ecb = (key: Buffer, block: Buffer): Buffer =>
  createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
    .setAutoPadding(false)
    .update(block);

const nodeGcm = ({ key, iv, aad, plaintext }: Request): Sealed => {
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, iv) satisfies CipherGCM;
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
};

const nodeCcm = ({ key, iv, aad, plaintext }: Request, authTagLength: number): Sealed => {
  const name = `aes-${key.length * 8}-ccm` as 'aes-128-ccm';
  const cipher = createCipheriv(name, key, iv, { authTagLength }) satisfies CipherCCM;
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
};

/** Sections 6.1 and A.2 without plaintext, of which node:crypto makes no tag; `aad` of less than 2^16 - 2^8 bytes. */
const emptyCcm = ({ key, iv, aad }: Request, tagBytes: number): Sealed => {
  const flags = (aad.length > 0 ? 64 : 0) + 4 * (tagBytes - 2);
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 15)]);
  const start = (first: number): Buffer => padded(Buffer.concat([Buffer.of(first + 14 - iv.length), iv]));
  const length = Buffer.of(aad.length >> 8, aad.length & 0xff);
  const blocks = Buffer.concat([start(flags), padded(aad.length > 0 ? Buffer.concat([length, aad]) : aad)]);
  const cbc = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(BLOCK)).setAutoPadding(false);
  const mac = cbc.update(blocks).subarray(-BLOCK);
  return { ciphertext: Buffer.alloc(0), tag: xor(mac, ecb(key, start(0))).subarray(0, tagBytes) };
};

describe.each(['simd', 'relaxed-simd'] as const)('AEAD over AES, built for %s', (build) => {
  let rig: RequestRig<Kernels>;
  let kernels: Kernels;

  beforeAll(async () => {
    rig = await RequestRig.compile('test/kernels/aes_aead_entry.ts', build);
    kernels = rig.kernels;
  });

  beforeEach(() => rig.clear());

  const gcm = (key: Buffer): number =>
    rig.setKey((ctx, at) => kernels.gcmSetKey(ctx, at, key.length), kernels.gcmContextBytes(), key);
  const ccm = (key: Buffer): number =>
    rig.setKey((ctx, at) => kernels.ccmSetKey(ctx, at, key.length), kernels.ccmContextBytes(), key);

  interface Shape {
    tagBytes?: number;
    inPlace?: boolean;
    skew?: number;
  }

  function seal(kernel: Seal, ctx: number, request: Omit<Request, 'key'>, shape: Shape = {}): Sealed {
    const { tagBytes = BLOCK, inPlace = false, skew = 5 } = shape;
    const { iv, aad, plaintext } = request;
    const [ivAt, aadAt, src] = [rig.place(iv, 1), rig.place(aad, skew), rig.place(plaintext, skew)];
    const dst = inPlace ? src : rig.allocate(plaintext.length, (skew + 2) % 16);
    const tag = rig.allocate(tagBytes, 3);
    kernel(ctx, ivAt, iv.length, aadAt, aad.length, src, plaintext.length, dst, tag, tagBytes);
    rig.expectGuards(dst, plaintext.length);
    rig.expectGuards(tag, tagBytes);
    if (!inPlace) expect(rig.read(src, plaintext.length).equals(plaintext)).toBe(true);
    return { ciphertext: rig.read(dst, plaintext.length), tag: rig.read(tag, tagBytes) };
  }

  /** The plaintext, or undefined, in which case nothing was written. */
  function open(
    kernel: Open,
    ctx: number,
    { iv, aad, ciphertext, tag }: Omit<Request, 'key' | 'plaintext'> & Sealed,
    { inPlace = false, skew = 5 }: Shape = {},
  ): Buffer | undefined {
    const [ivAt, aadAt, src] = [rig.place(iv, 1), rig.place(aad, skew), rig.place(ciphertext, skew)];
    const dst = inPlace ? src : rig.allocate(ciphertext.length, (skew + 2) % 16);
    const tagAt = rig.place(tag, 3);
    const before = rig.read(dst, ciphertext.length);
    const verified = kernel(ctx, ivAt, iv.length, aadAt, aad.length, src, ciphertext.length, dst, tagAt, tag.length);
    rig.expectGuards(dst, ciphertext.length);
    expect(rig.read(tagAt, tag.length)).toEqual(tag);
    if (!inPlace) expect(rig.read(src, ciphertext.length).equals(ciphertext)).toBe(true);
    const after = rig.read(dst, ciphertext.length);
    if (verified === 0) expect(after.equals(before)).toBe(true);
    return verified === 0 ? undefined : after;
  }

  /** A copy with one bit turned. */
  function flipped(bytes: Buffer, bit: number): Buffer {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  }

  describe('GCM (SP 800-38D)', () => {
    it.each(GCM_FIGURES)('test case $number of McGrew and Viega', ({ key, ciphertext, tag, ...request }) => {
      const ctx = gcm(key);
      expect(seal(kernels.gcmEncrypt, ctx, request)).toEqual({ ciphertext, tag });
      expect(open(kernels.gcmDecrypt, ctx, { ...request, ciphertext, tag })).toEqual(request.plaintext);
    });

    describe.each(KEY_SIZES)('with a key of %i bytes', (keyBytes) => {
      it.each([false, true])('takes any length (in place: %s)', (inPlace) => {
        for (const bytes of GCM_LENGTHS) {
          rig.clear();
          const key = randomBytes(keyBytes);
          const request = { iv: randomBytes(12), aad: randomBytes(bytes % 43), plaintext: randomBytes(bytes) };
          const expected = nodeGcm({ key, ...request });
          const ctx = gcm(key);
          const shape = { inPlace, skew: bytes % 16 };
          const sealed = seal(kernels.gcmEncrypt, ctx, request, shape);
          expect(sealed.ciphertext.equals(expected.ciphertext), `${bytes} bytes`).toBe(true);
          expect(sealed.tag, `${bytes} bytes`).toEqual(expected.tag);
          const opened = open(kernels.gcmDecrypt, ctx, { ...request, ...sealed }, shape);
          expect(opened?.equals(request.plaintext), `${bytes} bytes`).toBe(true);
          rig.expectGuards(ctx, kernels.gcmContextBytes());
        }
      });
    });

    it('takes additional data of any length', () => {
      for (const bytes of [...LENGTHS, 65_537]) {
        rig.clear();
        const [key, request] = [
          randomBytes(16),
          { iv: randomBytes(12), aad: randomBytes(bytes), plaintext: randomBytes(20) },
        ];
        expect(seal(kernels.gcmEncrypt, gcm(key), request, { skew: bytes % 16 })).toEqual(nodeGcm({ key, ...request }));
      }
    });

    it('hashes an IV that is of neither 12 nor 16 bytes (section 7.1, step 2)', () => {
      for (const ivBytes of [1, 8, 11, 13, 15, 17, 32, 60, 128]) {
        const [key, request] = [
          randomBytes(16),
          { iv: randomBytes(ivBytes), aad: randomBytes(5), plaintext: randomBytes(100) },
        ];
        const ctx = gcm(key);
        const sealed = seal(kernels.gcmEncrypt, ctx, request);
        expect(sealed, `${ivBytes} bytes`).toEqual(nodeGcm({ key, ...request }));
        expect(open(kernels.gcmDecrypt, ctx, { ...request, ...sealed })).toEqual(request.plaintext);
      }
    });

    it('takes 16 bytes as the pre-counter block, whose last 32 bits begin anew after all ones', () => {
      for (const start of [1, 2, 0xfffffff0, 0xfffffffe, 0xffffffff]) {
        const [key, iv, aad, plaintext] = [randomBytes(16), randomBytes(16), randomBytes(30), randomBytes(500)];
        iv.writeUInt32BE(start, 12);
        const counters = Array.from({ length: 32 }, (_, n) => {
          const counter = Buffer.from(iv);
          counter.writeUInt32BE((start + 1 + n) % 2 ** 32, 12);
          return counter;
        });
        const ciphertext = xor(plaintext, ecb(key, Buffer.concat(counters)));
        // node:crypto's tag of the same ciphertext under another pre-counter block differs by the two masks alone.
        const other = { key, iv: iv.subarray(0, 12), aad };
        const stream = nodeGcm({ ...other, plaintext: Buffer.alloc(500) }).ciphertext;
        const again = nodeGcm({ ...other, plaintext: xor(ciphertext, stream) });
        expect(again.ciphertext).toEqual(ciphertext);
        const masks = xor(ecb(key, iv), ecb(key, Buffer.concat([other.iv, Buffer.of(0, 0, 0, 1)])));
        const ctx = gcm(key);
        const sealed = seal(kernels.gcmEncrypt, ctx, { iv, aad, plaintext });
        expect(sealed).toEqual({ ciphertext, tag: xor(again.tag, masks) });
        expect(open(kernels.gcmDecrypt, ctx, { iv, aad, ...sealed })).toEqual(plaintext);
      }
    });

    it('writes nothing unless the tag agrees', () => {
      for (const bytes of [0, 1, 16, 100, 600]) {
        rig.clear();
        const key = randomBytes(16);
        const request = { iv: randomBytes(12), aad: randomBytes(20), plaintext: randomBytes(bytes) };
        const sealed = { ...request, ...nodeGcm({ key, ...request }) };
        const ctx = gcm(key);
        for (let bit = 0; bit < 128; ++bit)
          for (const inPlace of [false, true]) {
            const forged = { ...sealed, tag: flipped(sealed.tag, bit) };
            expect(open(kernels.gcmDecrypt, ctx, forged, { inPlace })).toBeUndefined();
          }
        for (const forged of [
          { ...sealed, aad: flipped(sealed.aad, 9) },
          { ...sealed, aad: sealed.aad.subarray(1) },
          { ...sealed, iv: flipped(sealed.iv, 0) },
          ...(bytes > 0 ? [{ ...sealed, ciphertext: flipped(sealed.ciphertext, bytes * 8 - 1) }] : []),
        ])
          expect(open(kernels.gcmDecrypt, ctx, forged)).toBeUndefined();
        expect(open(kernels.gcmDecrypt, ctx, sealed)).toEqual(request.plaintext);
      }
    });

    it('shortens the tag, and GMAC is GCM of additional data alone', () => {
      const [key, iv, message] = [randomBytes(32), randomBytes(12), randomBytes(777)];
      const ctx = gcm(key);
      const { tag } = nodeGcm({ key, iv, aad: message, plaintext: Buffer.alloc(0) });
      for (let bytes = 4; bytes <= BLOCK; ++bytes) {
        const request = { iv, aad: message, plaintext: Buffer.alloc(0) };
        expect(seal(kernels.gcmEncrypt, ctx, request, { tagBytes: bytes }).tag).toEqual(tag.subarray(0, bytes));
        const ivAt = rig.place(iv, 1);
        const mac = rig.mac(message, bytes, (src, dst) => kernels.gmac(ctx, ivAt, 12, src, message.length, dst, bytes));
        expect(mac).toEqual(tag.subarray(0, bytes));
      }
    });
  });

  describe('GHASH (SP 800-38D section 6.4)', () => {
    const POLYNOMIAL = 0xe1n << 120n;

    /** Section 6.3, algorithm 1. */
    function times(x: bigint, y: bigint): bigint {
      let [z, v] = [0n, y];
      for (let bit = 127n; bit >= 0n; --bit) {
        if ((x >> bit) & 1n) z ^= v;
        v = v & 1n ? (v >> 1n) ^ POLYNOMIAL : v >> 1n;
      }
      return z;
    }
    const number = (block: Buffer): bigint => BigInt(`0x${block.toString('hex')}`);
    function ghash(key: Buffer, blocks: Buffer): Buffer {
      let y = 0n;
      for (let at = 0; at < blocks.length; at += BLOCK)
        y = times(y ^ number(blocks.subarray(at, at + BLOCK)), number(key));
      return Buffer.from(y.toString(16).padStart(32, '0'), 'hex');
    }

    const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 15)]);
    const lengths = (aad: number, text: number): Buffer => {
      const block = Buffer.alloc(16);
      block.writeBigUInt64BE(BigInt(aad) * 8n);
      block.writeBigUInt64BE(BigInt(text) * 8n, 8);
      return block;
    };

    const KEYS = [
      Buffer.alloc(16),
      Buffer.alloc(16, 0xff),
      Buffer.from(`80${'00'.repeat(15)}`, 'hex'),
      randomBytes(16),
    ];

    it.each([false, true])(
      'multiplies and adds under any key, for any lengths (tables from the start: %s)',
      (prepared) => {
        for (const key of KEYS)
          for (const aadBytes of [0, 1, 8, 16, 17, 47, 63, 64, 65, 128, 200, 513])
            for (const textBytes of [0, 1, 15, 16, 63, 64, 65, 95, 175, 176, 192, 193, 240, 241, 256, 300, 769]) {
              rig.clear();
              const gh = rig.setKey(kernels.ghashSetKey, kernels.ghashContextBytes(), key);
              if (prepared) kernels.ghashPrepare(gh);
              const [aad, text] = [randomBytes(aadBytes), randomBytes(textBytes)];
              const [aadAt, textAt, dst] = [
                rig.place(aad, aadBytes % 16),
                rig.place(text, textBytes % 16),
                rig.allocate(16),
              ];
              kernels.storeGhash(gh, aadAt, aadBytes, textAt, textBytes, dst);
              const expected = ghash(key, Buffer.concat([padded(aad), padded(text), lengths(aadBytes, textBytes)]));
              expect(rig.read(dst, 16), `${aadBytes} and ${textBytes} bytes`).toEqual(expected);
              rig.expectGuards(gh, kernels.ghashContextBytes());
            }
      },
    );

    it('gives the same hash before and after it has built its tables', () => {
      const key = randomBytes(16);
      const gh = rig.setKey(kernels.ghashSetKey, kernels.ghashContextBytes(), key);
      const text = randomBytes(48);
      const [textAt, dst] = [rig.place(text, 3), rig.allocate(16)];
      const expected = ghash(key, Buffer.concat([text, lengths(0, 48)]));
      for (let message = 0; message < 8; ++message) {
        kernels.storeGhash(gh, textAt, 0, textAt, 48, dst);
        expect(rig.read(dst, 16), `message ${message}`).toEqual(expected);
      }
    });
  });

  describe('CCM (SP 800-38C)', () => {
    it.each(CCM_FIGURES)('example $number of appendix C', ({ key, nonce: iv, ciphertext, tag, ...request }) => {
      const ctx = ccm(key);
      const sealed = seal(kernels.ccmEncrypt, ctx, { iv, ...request }, { tagBytes: tag.length });
      expect(sealed).toEqual({ ciphertext, tag });
      expect(open(kernels.ccmDecrypt, ctx, { iv, aad: request.aad, ciphertext, tag })).toEqual(request.plaintext);
    });

    describe.each(KEY_SIZES)('with a key of %i bytes', (keyBytes) => {
      it.each([false, true])('takes any length, nonce and tag (in place: %s)', (inPlace) => {
        for (const bytes of [...LENGTHS, 65_535]) {
          rig.clear();
          const key = randomBytes(keyBytes);
          const iv = randomBytes(7 + (bytes % 7));
          const request = { iv, aad: randomBytes(bytes % 43), plaintext: randomBytes(bytes) };
          const tagBytes = 4 + 2 * (bytes % 7);
          const expected = (bytes === 0 ? emptyCcm : nodeCcm)({ key, ...request }, tagBytes);
          const ctx = ccm(key);
          const shape = { inPlace, tagBytes, skew: bytes % 16 };
          const sealed = seal(kernels.ccmEncrypt, ctx, request, shape);
          expect(sealed.ciphertext.equals(expected.ciphertext), `${bytes} bytes`).toBe(true);
          expect(sealed.tag, `${bytes} bytes`).toEqual(expected.tag);
          const opened = open(kernels.ccmDecrypt, ctx, { ...request, ...sealed }, shape);
          expect(opened?.equals(request.plaintext), `${bytes} bytes`).toBe(true);
          rig.expectGuards(ctx, kernels.ccmContextBytes());
        }
      });
    });

    it('authenticates additional data without plaintext', () => {
      for (let bytes = 0; bytes < 70; ++bytes) {
        const request = { iv: randomBytes(7 + (bytes % 7)), aad: randomBytes(bytes), plaintext: Buffer.alloc(0) };
        const key = randomBytes(16);
        const ctx = ccm(key);
        const sealed = seal(kernels.ccmEncrypt, ctx, request, { tagBytes: 12 });
        expect(sealed, `${bytes} bytes`).toEqual(emptyCcm({ key, ...request }, 12));
        expect(open(kernels.ccmDecrypt, ctx, { ...request, ...sealed })).toEqual(request.plaintext);
      }
    });

    it('encodes the length of additional data in 2 bytes, and from 2^16 - 2^8 on in 6', () => {
      for (const bytes of [0, 1, 13, 14, 15, 30, 31, 0xfeff, 0xff00, 0xff01, 0x1_0000, 0x1_2345]) {
        rig.clear();
        const [key, request] = [
          randomBytes(16),
          { iv: randomBytes(13), aad: randomBytes(bytes), plaintext: randomBytes(40) },
        ];
        expect(seal(kernels.ccmEncrypt, ccm(key), request, { tagBytes: 16 })).toEqual(nodeCcm({ key, ...request }, 16));
      }
    });

    it('writes nothing unless the tag agrees', () => {
      for (const bytes of [1, 16, 100, 600]) {
        rig.clear();
        const key = randomBytes(16);
        const request = { iv: randomBytes(12), aad: randomBytes(20), plaintext: randomBytes(bytes) };
        const sealed = { ...request, ...nodeCcm({ key, ...request }, 8) };
        const ctx = ccm(key);
        for (let bit = 0; bit < 64; ++bit)
          for (const inPlace of [false, true]) {
            const forged = { ...sealed, tag: flipped(sealed.tag, bit) };
            expect(open(kernels.ccmDecrypt, ctx, forged, { inPlace })).toBeUndefined();
          }
        for (const forged of [
          { ...sealed, aad: flipped(sealed.aad, 9) },
          { ...sealed, iv: flipped(sealed.iv, 0) },
          { ...sealed, ciphertext: flipped(sealed.ciphertext, bytes * 8 - 1) },
        ])
          expect(open(kernels.ccmDecrypt, ctx, forged)).toBeUndefined();
        expect(open(kernels.ccmDecrypt, ctx, sealed)).toEqual(request.plaintext);
      }
    });
  });
});
