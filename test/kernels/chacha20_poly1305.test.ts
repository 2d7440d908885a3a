import { createCipheriv, randomBytes } from 'node:crypto';
import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Arena, hex, loadKernels } from './arena.ts';

interface Kernels {
  chachaPolyContextBytes(): number;
  chachaPolySetKey(ctx: number, key: number): void;
  chachaPolyEncrypt(...parameters: AeadParameters): void;
  chachaPolyDecrypt(...parameters: AeadParameters): number;
  chacha20Groups(key: number, nonce: number, counter: number, src: number, dst: number, groups: number): void;
  poly1305ContextBytes(): number;
  poly1305Init(ctx: number, key: number): void;
  poly1305Update(ctx: number, src: number, bytes: number): void;
  poly1305Final(ctx: number, tag: number): void;
}

type AeadParameters = [
  ctx: number,
  nonce: number,
  aad: number,
  aadBytes: number,
  src: number,
  bytes: number,
  dst: number,
  tag: number,
  tagBytes: number,
];

const TAG = 16;
const GROUP = 256;
const LENGTHS = [...Array(600).keys(), 1023, 1024, 4096, 16_384, 70_001];

let kernels: Kernels;
let arena: Arena;

beforeAll(async () => {
  ({ kernels, arena } = await loadKernels<Kernels>('test/kernels/chacha20_poly1305_entry.ts'));
});
beforeEach(() => arena.clear());

interface Message {
  key: Uint8Array;
  nonce: Uint8Array;
  aad: Uint8Array;
  text: Uint8Array;
}

const message = (bytes: number, aadBytes: number): Message => ({
  key: randomBytes(32),
  nonce: randomBytes(12),
  aad: randomBytes(aadBytes),
  text: randomBytes(bytes),
});

function expand(key: Uint8Array): number {
  const ctx = arena.allocate(kernels.chachaPolyContextBytes());
  kernels.chachaPolySetKey(ctx, arena.place(key, 1));
  return ctx;
}

function expectWiped(ctx: number, key: Uint8Array): void {
  const rest = Buffer.alloc(kernels.chachaPolyContextBytes() - key.length);
  expect(arena.read(ctx, kernels.chachaPolyContextBytes()).equals(Buffer.concat([key, rest]))).toBe(true);
  arena.expectGuards(ctx, kernels.chachaPolyContextBytes());
}

function encrypt({ key, nonce, aad, text }: Message, inPlace = false, skew = 5, tagBytes = TAG) {
  const ctx = expand(key);
  const src = arena.place(text, skew);
  const dst = inPlace ? src : arena.allocate(text.length, skew + 2);
  const tag = arena.allocate(tagBytes, 3);
  const [nonceAt, aadAt] = [arena.place(nonce, 7), arena.place(aad, 9)];
  kernels.chachaPolyEncrypt(ctx, nonceAt, aadAt, aad.length, src, text.length, dst, tag, tagBytes);
  arena.expectGuards(dst, text.length);
  arena.expectGuards(tag, tagBytes);
  expectWiped(ctx, key);
  if (!inPlace) expect(arena.read(src, text.length).equals(text)).toBe(true);
  return { ciphertext: arena.read(dst, text.length), tag: arena.read(tag, tagBytes) };
}

/** The plaintext, or null where the tag is wrong: then nothing has been written. */
function decrypt({ key, nonce, aad, text }: Message, tag: Uint8Array, inPlace = false, skew = 5): Buffer | null {
  const ctx = expand(key);
  const src = arena.place(text, skew);
  const dst = inPlace ? src : arena.allocate(text.length, skew + 2);
  const [nonceAt, aadAt, tagAt] = [arena.place(nonce, 7), arena.place(aad, 9), arena.place(tag, 3)];
  const right = kernels.chachaPolyDecrypt(ctx, nonceAt, aadAt, aad.length, src, text.length, dst, tagAt, tag.length);
  arena.expectGuards(dst, text.length);
  expectWiped(ctx, key);
  if (!inPlace || !right) expect(arena.read(src, text.length).equals(text)).toBe(true);
  if (right) return arena.read(dst, text.length);
  if (!inPlace) arena.expectUntouched(dst, text.length);
  return null;
}

function reference({ key, nonce, aad, text }: Message): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  cipher.setAAD(aad, { plaintextLength: text.length });
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

const SUNSCREEN = Buffer.from(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);

/** Key stream and data added, for data of any length. */
function chacha20(key: Uint8Array, nonce: Uint8Array, counter: number, data: Uint8Array, inPlace = false): Buffer {
  const groups = Math.ceil(data.length / GROUP);
  const whole = Buffer.concat([data, Buffer.alloc(groups * GROUP - data.length)]);
  const src = arena.place(whole, 3);
  const dst = inPlace ? src : arena.allocate(whole.length, 6);
  kernels.chacha20Groups(arena.place(key, 1), arena.place(nonce, 2), counter, src, dst, groups);
  arena.expectGuards(dst, whole.length);
  return arena.read(dst, data.length);
}

function authenticate(key: Uint8Array, pieces: readonly Uint8Array[]): Buffer {
  const ctx = arena.allocate(kernels.poly1305ContextBytes());
  kernels.poly1305Init(ctx, arena.place(key, 1));
  for (const [n, piece] of pieces.entries()) kernels.poly1305Update(ctx, arena.place(piece, n % 16), piece.length);
  const tag = arena.allocate(TAG, 5);
  kernels.poly1305Final(ctx, tag);
  arena.expectGuards(ctx, kernels.poly1305ContextBytes());
  arena.expectGuards(tag, TAG);
  return arena.read(tag, TAG);
}

describe('RFC 8439', () => {
  const key = Uint8Array.from({ length: 32 }, (_, n) => n);

  it('section 2.3.2, a block of key stream', () => {
    const block = hex(`10f1e7e4d13b5915500fdd1fa32071c4 c7d1f4c733c068030422aa9ac3d46c4e
      d2826446079faa0914c2d705d98b02a2 b5129cd1de164eb9cbd083e8a2503c4e`);
    expect(chacha20(key, hex('000000090000004a00000000'), 1, new Uint8Array(64))).toEqual(block);
  });

  it('section 2.4.2, encryption', () => {
    const ciphertext = hex(`6e2e359a2568f98041ba0728dd0d6981 e97e7aec1d4360c20a27afccfd9fae0b
      f91b65c5524733ab8f593dabcd62b357 1639d624e65152ab8f530c359f0861d8 07ca0dbf500d6a6156a38e088a22b65e
      52bc514d16ccf806818ce91ab7793736 5af90bbf74a35be6b40b8eedf2785e42 874d`);
    expect(chacha20(key, hex('000000000000004a00000000'), 1, SUNSCREEN)).toEqual(ciphertext);
  });

  it('section 2.5.2, Poly1305', () => {
    const oneTimeKey = hex('85d6be7857556d337f4452fe42d506a8 0103808afb0db2fd4abff6af4149f51b');
    const tag = hex('a8061dc1305136c6c22b8baf0c0127a9');
    expect(authenticate(oneTimeKey, [Buffer.from('Cryptographic Forum Research Group')])).toEqual(tag);
  });

  it('section 2.8.2, the AEAD construction', () => {
    const sealed: Message = {
      key: Uint8Array.from({ length: 32 }, (_, n) => 0x80 + n),
      nonce: hex('070000004041424344454647'),
      aad: hex('50515253c0c1c2c3c4c5c6c7'),
      text: SUNSCREEN,
    };
    const ciphertext = hex(`d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6
      3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36 92ddbd7f2d778b8c9803aee328091b58
      fab324e4fad675945585808b4831d7bc 3ff4def08e4b7a9de576d26586cec64b 6116`);
    const tag = hex('1ae10b594f09e26a7e902ecbd0600691');
    expect(encrypt(sealed)).toEqual({ ciphertext, tag });
    expect(decrypt({ ...sealed, text: ciphertext }, tag)).toEqual(SUNSCREEN);
  });

  const ones = 'ff'.repeat(16);
  const zeros = '00'.repeat(16);
  const two = `02${'00'.repeat(15)}`;
  const powers = '01000000000000000400000000000000';
  const edges = [
    [7, two + zeros, ones, `03${'00'.repeat(15)}`],
    [8, two + ones, two, `03${'00'.repeat(15)}`],
    [9, two + zeros, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
    [
      10,
      powers + zeros,
      `e33594d7505e43b90000000000000000 3394d7505e4379cd0100000000000000 ${zeros} 01${'00'.repeat(15)}`,
      '14000000000000005500000000000000',
    ],
    [
      11,
      powers + zeros,
      `e33594d7505e43b90000000000000000 3394d7505e4379cd0100000000000000 ${zeros}`,
      `13${'00'.repeat(15)}`,
    ],
  ] as const;
  it.each(edges)('appendix A.3, test vector #%i', (_, oneTimeKey, data, tag) => {
    expect(authenticate(hex(oneTimeKey), [hex(data)])).toEqual(hex(tag));
  });
});

describe('ChaCha20, beside node:crypto', () => {
  it.each([false, true])('takes whole groups of blocks, from any counter (in place: %s)', (inPlace) => {
    for (const [groups, counter] of [0, 1, 2, 3, 64, 257].flatMap((n) => [0, 1, 77, 0xf000_0000].map((c) => [n, c]))) {
      arena.clear();
      const { key, nonce, text } = message((groups ?? 0) * GROUP, 0);
      const start = Buffer.alloc(4);
      start.writeUInt32LE(counter ?? 0);
      const expected = createCipheriv('chacha20', key, Buffer.concat([start, nonce])).update(text);
      expect(chacha20(key, nonce, counter ?? 0, text, inPlace).equals(expected)).toBe(true);
    }
  });
});

describe('Poly1305, beside @noble/ciphers', () => {
  it('takes messages of every length', () => {
    for (const bytes of LENGTHS) {
      arena.clear();
      const [key, data] = [randomBytes(32), randomBytes(bytes)];
      expect(authenticate(key, [data]).equals(poly1305(data, key))).toBe(true);
    }
  });

  it('takes a message in any pieces', () => {
    for (let n = 0; n < 200; n++) {
      arena.clear();
      const key = randomBytes(32);
      const pieces = [...randomBytes(8)].map((byte) => randomBytes(byte % 50));
      expect(authenticate(key, pieces).equals(poly1305(Buffer.concat(pieces), key))).toBe(true);
    }
  });

  it('carries through limbs of all ones and of zeros', () => {
    for (const keyByte of [0xff, 0x0f, 0x00, 0xfc])
      for (const dataByte of [0xff, 0xfb, 0x00, 0x80])
        for (const bytes of [15, 16, 17, 64, 1000]) {
          arena.clear();
          const [key, data] = [Buffer.alloc(32, keyByte), Buffer.alloc(bytes, dataByte)];
          expect(authenticate(key, [data]).equals(poly1305(data, key))).toBe(true);
        }
  });
});

describe('ChaCha20-Poly1305, beside node:crypto and @noble/ciphers', () => {
  it.each([false, true])('takes every length of text and of additional data (in place: %s)', (inPlace) => {
    for (const bytes of LENGTHS) {
      arena.clear();
      const opened = message(bytes, (bytes * 7) % 90);
      const { ciphertext, tag } = encrypt(opened, inPlace, bytes % 14);
      const expected = reference(opened);
      expect(ciphertext.equals(expected.ciphertext)).toBe(true);
      expect(tag).toEqual(expected.tag);
      const sealed = { ...opened, text: ciphertext };
      expect(decrypt(sealed, tag, inPlace, bytes % 14)?.equals(opened.text)).toBe(true);
    }
  });

  it('agrees with a second implementation', () => {
    for (const bytes of [0, 1, 63, 192, 193, 448, 449, 5000]) {
      arena.clear();
      const opened = message(bytes, 13);
      const { ciphertext, tag } = encrypt(opened);
      const expected = chacha20poly1305(opened.key, opened.nonce, opened.aad).encrypt(opened.text);
      expect(Buffer.concat([ciphertext, tag]).equals(expected)).toBe(true);
    }
  });

  it('cuts tags short, and compares no more than what is left', () => {
    const opened = message(100, 20);
    const { ciphertext, tag } = reference(opened);
    for (let tagBytes = 0; tagBytes <= TAG; tagBytes++) {
      arena.clear();
      const short = tag.subarray(0, tagBytes);
      expect(encrypt(opened, false, 5, tagBytes).tag).toEqual(short);
      expect(decrypt({ ...opened, text: ciphertext }, short)).toEqual(opened.text);
    }
  });

  it.each([false, true])('writes nothing where a bit of anything is wrong (in place: %s)', (inPlace) => {
    const opened = message(300, 20);
    const { ciphertext, tag } = reference(opened);
    const sealed = { ...opened, text: ciphertext };
    const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
      bytes.map((byte, n) => (n === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const wrong = (changed: Message, wrongTag: Uint8Array): void => {
      arena.clear();
      expect(decrypt(changed, wrongTag, inPlace)).toBeNull();
    };
    for (let bit = 0; bit < TAG * 8; bit++) wrong(sealed, flipped(tag, bit));
    for (const part of ['key', 'nonce', 'aad', 'text'] as const)
      for (let bit = 0; bit < sealed[part].length * 8; bit += 13)
        wrong({ ...sealed, [part]: flipped(sealed[part], bit) }, tag);
    wrong({ ...sealed, text: ciphertext.subarray(1) }, tag);
    wrong({ ...sealed, aad: sealed.aad.subarray(1) }, tag);
  });
});
