import { createCipheriv, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileKernels, sectionIds } from './compile.ts';

interface Kernels {
  aesContextBytes(): number;
  aesExpandKey(ctx: number, key: number, keyBytes: number): void;
  aesCbcEncrypt(ctx: number, iv: number, src: number, dst: number, blocks: number): void;
  aesCbcEncrypt4(lanes: number, blocks: number): void;
  aesCbcDecrypt(ctx: number, iv: number, src: number, dst: number, blocks: number): void;
}

const BLOCK = 16;
const GUARD = 64;
const CANARY = 0xa5;
const KEY_SIZES = [16, 24, 32];
const BLOCK_COUNTS = [...Array.from({ length: 40 }, (_, n) => n + 1), 1024];

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

let binary: Uint8Array<ArrayBuffer>;
let kernels: Kernels;
let memory: Uint8Array;
let view: DataView;
let free: number;

beforeAll(async () => {
  binary = await compileKernels('test/kernels/entry.ts');
  const pages = new WebAssembly.Memory({ initial: 32 });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(binary), { env: { memory: pages } });
  kernels = exports as unknown as Kernels;
  memory = new Uint8Array(pages.buffer);
  view = new DataView(pages.buffer);
});

/** Fills the memory with canaries and forgets every allocation. */
function clear(): void {
  memory.fill(CANARY);
  free = GUARD;
}

/** Memory with canaries on both sides; `skew` bytes off a 16-byte boundary. */
function allocate(bytes: number, skew = 0): number {
  const at = ((free + 15) & ~15) + skew;
  free = at + bytes + GUARD;
  return at;
}

function place(bytes: Uint8Array, skew = 0): number {
  const at = allocate(bytes.length, skew);
  memory.set(bytes, at);
  return at;
}

const read = (at: number, bytes: number): Buffer => Buffer.from(memory.slice(at, at + bytes));

function expectGuards(at: number, bytes: number): void {
  const canaries = Buffer.alloc(GUARD - BLOCK, CANARY);
  expect(read(at - canaries.length, canaries.length).equals(canaries)).toBe(true);
  expect(read(at + bytes, canaries.length).equals(canaries)).toBe(true);
}

function expand(key: Uint8Array): number {
  const ctx = allocate(kernels.aesContextBytes());
  kernels.aesExpandKey(ctx, place(key, 3), key.length);
  return ctx;
}

function reference(mode: 'cbc' | 'ecb', key: Uint8Array, iv: Uint8Array | null, data: Uint8Array): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-${mode}`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

type Direction = 'aesCbcEncrypt' | 'aesCbcDecrypt';

/** One call with guards checked; answers the result and the chaining value after it. */
function run(direction: Direction, ctx: number, ivBytes: Uint8Array, data: Uint8Array, inPlace: boolean, skew = 5) {
  const iv = place(ivBytes);
  const src = place(data, skew);
  const dst = inPlace ? src : allocate(data.length, skew + 2);
  kernels[direction](ctx, iv, src, dst, data.length / BLOCK);
  expectGuards(dst, data.length);
  expectGuards(iv, BLOCK);
  if (!inPlace) {
    expect(read(src, data.length).equals(data)).toBe(true);
    expectGuards(src, data.length);
  }
  return { result: read(dst, data.length), chain: read(iv, BLOCK) };
}

describe('the module', () => {
  it('has no data, global or start section, so that it runs anywhere in a memory it does not own', () => {
    const ids = sectionIds(binary);
    for (const [name, id] of Object.entries({ global: 6, start: 8, data: 11, dataCount: 12 }))
      expect(ids, `${name} section`).not.toContain(id);
    expect(ids).toContain(10);
  });
});

describe('FIPS 197 appendix C', () => {
  const plaintext = hex('00112233445566778899aabbccddeeff');
  const cases = [
    ['C.1', '000102030405060708090a0b0c0d0e0f', '69c4e0d86a7b0430d8cdb78070b4c55a'],
    ['C.2', '000102030405060708090a0b0c0d0e0f1011121314151617', 'dda97ca4864cdfe06eaf70a0ec0d7191'],
    ['C.3', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', '8ea2b7ca516745bfeafc49904b496089'],
  ] as const;
  // CBC of one block under a zero IV is the block cipher itself.
  it.each(cases)('%s', (_, key, ciphertext) => {
    clear();
    const ctx = expand(hex(key));
    const zero = Buffer.alloc(BLOCK);
    expect(run('aesCbcEncrypt', ctx, zero, plaintext, false).result).toEqual(hex(ciphertext));
    expect(run('aesCbcDecrypt', ctx, zero, hex(ciphertext), false).result).toEqual(plaintext);
  });
});

describe('NIST SP 800-38A appendix F.2 (CBC)', () => {
  const iv = hex('000102030405060708090a0b0c0d0e0f');
  const plaintext = hex(
    '6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710',
  );
  const cases = [
    [
      'F.2.1 and F.2.2, CBC-AES128',
      '2b7e151628aed2a6abf7158809cf4f3c',
      '7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2 73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7',
    ],
    [
      'F.2.3 and F.2.4, CBC-AES192',
      '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
      '4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a 571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd',
    ],
    [
      'F.2.5 and F.2.6, CBC-AES256',
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d 39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b',
    ],
  ] as const;
  it.each(cases)('%s', (_, key, ciphertext) => {
    clear();
    const ctx = expand(hex(key));
    expect(run('aesCbcEncrypt', ctx, iv, plaintext, true).result).toEqual(hex(ciphertext));
    expect(run('aesCbcDecrypt', ctx, iv, hex(ciphertext), true).result).toEqual(plaintext);
  });
});

describe.each(KEY_SIZES)('AES with a key of %i bytes, beside node:crypto', (keyBytes) => {
  it.each([false, true])('encrypts and decrypts every block count (in place: %s)', (inPlace) => {
    for (const blocks of BLOCK_COUNTS) {
      clear();
      const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(blocks * BLOCK)];
      const ciphertext = reference('cbc', key, iv, plaintext);
      const chain = ciphertext.subarray(-BLOCK);
      const ctx = expand(key);
      const skew = blocks % 16;
      expect(run('aesCbcEncrypt', ctx, iv, plaintext, inPlace, skew)).toEqual({ result: ciphertext, chain });
      expect(run('aesCbcDecrypt', ctx, iv, ciphertext, inPlace, skew)).toEqual({ result: plaintext, chain });
      expectGuards(ctx, kernels.aesContextBytes());
    }
  });

  it('goes on where the call before it stopped', () => {
    for (const parts of [
      [1, 1],
      [1, 8, 3],
      [7, 9],
      [8, 8, 1],
      [2, 3, 5, 17],
    ]) {
      clear();
      const blocks = parts.reduce((a, b) => a + b);
      const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(blocks * BLOCK)];
      const ciphertext = reference('cbc', key, iv, plaintext);
      const ctx = expand(key);
      for (const [direction, input, output] of [
        ['aesCbcEncrypt', plaintext, ciphertext],
        ['aesCbcDecrypt', ciphertext, plaintext],
      ] as const) {
        const chain = place(iv);
        const data = place(input);
        let at = data;
        for (const part of parts) {
          kernels[direction](ctx, chain, at, at, part);
          at += part * BLOCK;
        }
        expect(read(data, blocks * BLOCK)).toEqual(output);
      }
    }
  });

  it('encrypts four lanes with keys of their own, and lets one go on alone', () => {
    for (const blocks of [1, 2, 3, 7, 40, 255]) {
      clear();
      const lanes = Array.from({ length: 4 }, (_, lane) => {
        const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes((blocks + lane) * BLOCK)];
        const ciphertext = reference('cbc', key, iv, plaintext);
        const src = place(plaintext, lane * 3);
        const dst = lane % 2 === 0 ? src : allocate(plaintext.length, lane);
        return { ctx: expand(key), iv: place(iv), src, dst, extra: lane, ciphertext };
      });
      const records = allocate(64);
      for (const [n, { ctx, iv, src, dst }] of lanes.entries())
        for (const [field, value] of [ctx, iv, src, dst].entries())
          view.setUint32(records + n * 16 + field * 4, value, true);
      const before = read(records, 64);
      kernels.aesCbcEncrypt4(records, blocks);
      expect(read(records, 64)).toEqual(before);
      const done = blocks * BLOCK;
      for (const { ctx, iv, src, dst, extra, ciphertext } of lanes) {
        expect(read(dst, done)).toEqual(ciphertext.subarray(0, done));
        expect(read(iv, BLOCK)).toEqual(ciphertext.subarray(done - BLOCK, done));
        kernels.aesCbcEncrypt(ctx, iv, src + done, dst + done, extra);
        expect(read(dst, ciphertext.length)).toEqual(ciphertext);
        expectGuards(dst, ciphertext.length);
        expectGuards(iv, BLOCK);
      }
    }
  });

  it('does nothing for no blocks', () => {
    clear();
    const iv = randomBytes(BLOCK);
    const ctx = expand(randomBytes(keyBytes));
    for (const direction of ['aesCbcEncrypt', 'aesCbcDecrypt'] as const)
      expect(run(direction, ctx, iv, Buffer.alloc(0), false)).toEqual({ result: Buffer.alloc(0), chain: iv });
    kernels.aesCbcEncrypt4(place(new Uint8Array(64)), 0);
  });

  it('expands a key into a context whatever was there before', () => {
    const [key, plaintext] = [randomBytes(keyBytes), randomBytes(11 * BLOCK)];
    const iv = Buffer.alloc(BLOCK);
    const ciphertext = reference('cbc', key, iv, plaintext);
    clear();
    const ctx = expand(randomBytes(32));
    for (const other of KEY_SIZES) kernels.aesExpandKey(ctx, place(randomBytes(other)), other);
    kernels.aesExpandKey(ctx, place(key), keyBytes);
    expect(run('aesCbcEncrypt', ctx, iv, plaintext, false).result).toEqual(ciphertext);
    expect(run('aesCbcDecrypt', ctx, iv, ciphertext, false).result).toEqual(plaintext);
  });

  it('enciphers every byte value in every position', () => {
    const key = randomBytes(keyBytes);
    const zero = Buffer.alloc(BLOCK);
    const blocks = Buffer.concat(Array.from({ length: 256 }, (_, byte) => Buffer.alloc(BLOCK, byte)));
    const expected = reference('ecb', key, null, blocks);
    for (let at = 0; at < blocks.length; at += BLOCK) {
      clear();
      const ctx = expand(key);
      const [plain, cipher] = [blocks.subarray(at, at + BLOCK), expected.subarray(at, at + BLOCK)];
      expect(run('aesCbcEncrypt', ctx, zero, plain, false).result.equals(cipher)).toBe(true);
      expect(run('aesCbcDecrypt', ctx, zero, cipher, false).result.equals(plain)).toBe(true);
    }
  });
});
