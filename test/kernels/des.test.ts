import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Arena, hex, loadKernels } from './arena.ts';

type EcbMode = 'desEcbEncrypt' | 'desEcbDecrypt';
type ChainedMode = 'desCbcEncrypt' | 'desCbcDecrypt' | 'desCtr';

type Kernels = {
  desContextBytes(): number;
  desSetKey(ctx: number, key: number, keyBytes: number): void;
  desCmacContextBytes(): number;
  desCmacSetKey(ctx: number, key: number, keyBytes: number): void;
  desCmacInit(ctx: number): void;
  desCmacUpdate(ctx: number, src: number, bytes: number): void;
  desCmacFinal(ctx: number, dst: number, resultBytes: number): void;
} & Record<EcbMode, (ctx: number, src: number, dst: number, blocks: number) => void> &
  Record<ChainedMode, (ctx: number, iv: number, src: number, dst: number, length: number) => void>;

const BLOCK = 8;
const KEY_SIZES = [8, 16, 24];
const BLOCK_COUNTS = [...Array(40).keys(), 511, 2048];

let kernels: Kernels;
let arena: Arena;

beforeAll(async () => {
  ({ kernels, arena } = await loadKernels<Kernels>('test/kernels/des_entry.ts'));
});
beforeEach(() => arena.clear());

function expand(key: Uint8Array): number {
  const ctx = arena.allocate(kernels.desContextBytes());
  kernels.desSetKey(ctx, arena.place(key, 3), key.length);
  return ctx;
}

/** One call with guards checked; `call` gets the addresses of source and result. */
function guarded(data: Uint8Array, inPlace: boolean, skew: number, call: (src: number, dst: number) => void): Buffer {
  const src = arena.place(data, skew);
  const dst = inPlace ? src : arena.allocate(data.length, skew + 2);
  call(src, dst);
  arena.expectGuards(dst, data.length);
  if (!inPlace) expect(arena.read(src, data.length).equals(data)).toBe(true);
  return arena.read(dst, data.length);
}

function runEcb(mode: EcbMode, ctx: number, data: Uint8Array, inPlace = false, skew = 5): Buffer {
  return guarded(data, inPlace, skew, (src, dst) => kernels[mode](ctx, src, dst, data.length / BLOCK));
}

/** The result, and what is in the place of the iv after the call. */
function runChained(
  mode: ChainedMode,
  ctx: number,
  ivBytes: Uint8Array,
  data: Uint8Array,
  inPlace = false,
  skew = 5,
): { result: Buffer; chain: Buffer } {
  const iv = arena.place(ivBytes, 1);
  const length = mode === 'desCtr' ? data.length : data.length / BLOCK;
  const result = guarded(data, inPlace, skew, (src, dst) => kernels[mode](ctx, iv, src, dst, length));
  arena.expectGuards(iv, BLOCK);
  return { result, chain: arena.read(iv, BLOCK) };
}

/** DES is TDEA with three equal keys, and OpenSSL no longer has it under its own name. */
function tripleKey(key: Uint8Array): Buffer {
  const first = key.subarray(0, BLOCK);
  return key.length === 24 ? Buffer.from(key) : Buffer.concat([first, key.subarray(-BLOCK), first]);
}

function reference(mode: 'ecb' | 'cbc', key: Uint8Array, iv: Uint8Array | null, data: Uint8Array): Buffer {
  const cipher = createCipheriv(mode === 'ecb' ? 'des-ede3' : 'des-ede3-cbc', tripleKey(key), iv);
  return cipher.setAutoPadding(false).update(data);
}

/** Counter mode from single blocks (SP 800-38A section 6.5); also the counter after the last. */
function referenceCtr(key: Uint8Array, iv: Uint8Array, data: Uint8Array): { result: Buffer; chain: Buffer } {
  const first = Buffer.from(iv).readBigUInt64BE();
  const block = (n: number): Buffer => {
    const counter = Buffer.alloc(BLOCK);
    counter.writeBigUInt64BE(BigInt.asUintN(64, first + BigInt(n)));
    return counter;
  };
  const blocks = Math.ceil(data.length / BLOCK);
  const counters = Buffer.concat(Array.from({ length: blocks }, (_, n) => block(n)));
  const stream = reference('ecb', key, null, counters);
  return { result: Buffer.from(data.map((byte, n) => byte ^ (stream[n] ?? 0))), chain: block(blocks) };
}

describe('the known answers of NIST SP 800-20 and SP 800-17', () => {
  const zero = '0000000000000000';
  const cases = [
    ['variable plaintext, 1', '0101010101010101', '8000000000000000', '95f8a5e5dd31d900'],
    ['variable plaintext, 2', '0101010101010101', '4000000000000000', 'dd7f121ca5015619'],
    ['variable plaintext, 3', '0101010101010101', '2000000000000000', '2e8653104f3834ea'],
    ['variable plaintext, 4', '0101010101010101', '1000000000000000', '4bd388ff6cd81d4f'],
    ['variable plaintext, 5', '0101010101010101', '0800000000000000', '20b9e767b2fb1456'],
    ['variable key, 1', '8001010101010101', zero, '95a8d72813daa94d'],
    ['variable key, 2', '4001010101010101', zero, '0eec1487dd8c26d5'],
    ['variable key, 3', '2001010101010101', zero, '7ad16ffb79c45926'],
    ['permutation operation, 1', '1046913489980131', zero, '88d55e54f54c97b4'],
    ['substitution tables, 1', '7ca110454a1a6e57', '01a1d6d039776742', '690f5b0d9a26939b'],
    ['substitution tables, 2', '0131d9619dc1376e', '5cd54ca83def57da', '7a389d10354bd271'],
  ] as const;
  it.each(cases)('%s', (_, key, plaintext, ciphertext) => {
    // As DES, and as TDEA with equal keys.
    for (const times of [1, 2, 3]) {
      const ctx = expand(hex(key.repeat(times)));
      expect(runEcb('desEcbEncrypt', ctx, hex(plaintext))).toEqual(hex(ciphertext));
      expect(runEcb('desEcbDecrypt', ctx, hex(ciphertext))).toEqual(hex(plaintext));
    }
  });
});

describe('FIPS 81 appendices B and C', () => {
  const plaintext = Buffer.from('Now is the time for all ');
  it('ECB', () => {
    const ciphertext = hex('3fa40e8a984d4815 6a271787ab8883f9 893d51ec4b563b53');
    const ctx = expand(hex('0123456789abcdef'));
    expect(runEcb('desEcbEncrypt', ctx, plaintext)).toEqual(ciphertext);
    expect(runEcb('desEcbDecrypt', ctx, ciphertext)).toEqual(plaintext);
  });
  it('CBC', () => {
    const iv = hex('1234567890abcdef');
    const ciphertext = hex('e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6');
    const ctx = expand(hex('0123456789abcdef'));
    expect(runChained('desCbcEncrypt', ctx, iv, plaintext).result).toEqual(ciphertext);
    expect(runChained('desCbcDecrypt', ctx, iv, ciphertext).result).toEqual(plaintext);
  });
});

describe('NIST SP 800-67 appendix B.1', () => {
  it('three keys', () => {
    const plaintext = hex('5468652071756663 6b2062726f776e20 666f78206a756d70');
    const ciphertext = hex('a826fd8ce53b855f cce21c8112256fe6 68d5c05dd9b6b900');
    const ctx = expand(hex('0123456789abcdef 23456789abcdef01 456789abcdef0123'));
    expect(runEcb('desEcbEncrypt', ctx, plaintext)).toEqual(ciphertext);
    expect(runEcb('desEcbDecrypt', ctx, ciphertext)).toEqual(plaintext);
  });
});

describe.each(KEY_SIZES)('DES and TDEA with a key of %i bytes, beside node:crypto', (keyBytes) => {
  it.each([false, true])('ECB and CBC of every block count (in place: %s)', (inPlace) => {
    for (const blocks of BLOCK_COUNTS) {
      arena.clear();
      const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(blocks * BLOCK)];
      const ctx = expand(key);
      const skew = blocks % 14;
      const ecb = reference('ecb', key, null, plaintext);
      expect(runEcb('desEcbEncrypt', ctx, plaintext, inPlace, skew).equals(ecb)).toBe(true);
      expect(runEcb('desEcbDecrypt', ctx, ecb, inPlace, skew).equals(plaintext)).toBe(true);
      const cbc = reference('cbc', key, iv, plaintext);
      const chain = blocks === 0 ? iv : cbc.subarray(-BLOCK);
      expect(runChained('desCbcEncrypt', ctx, iv, plaintext, inPlace, skew)).toEqual({ result: cbc, chain });
      expect(runChained('desCbcDecrypt', ctx, iv, cbc, inPlace, skew)).toEqual({ result: plaintext, chain });
      arena.expectGuards(ctx, kernels.desContextBytes());
    }
  });

  it.each([false, true])('CTR of every length (in place: %s)', (inPlace) => {
    for (const bytes of [...Array(200).keys(), 4095, 16_384]) {
      arena.clear();
      const [key, iv, data] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(bytes)];
      const ctx = expand(key);
      expect(runChained('desCtr', ctx, iv, data, inPlace, bytes % 14)).toEqual(referenceCtr(key, iv, data));
      arena.expectGuards(ctx, kernels.desContextBytes());
    }
  });

  it('CTR carries through the whole counter, and begins anew after all ones', () => {
    const [key, data] = [randomBytes(keyBytes), randomBytes(61)];
    const ctx = expand(key);
    for (const iv of ['00000000fffffffe', '00ffffffffffffff', 'fffffffffffffffd', 'ffffffffffffffff'].map(hex))
      expect(runChained('desCtr', ctx, iv, data)).toEqual(referenceCtr(key, iv, data));
  });

  it('goes on where the call before it stopped', () => {
    const parts = [1, 2, 5, 8, 3];
    const blocks = parts.reduce((a, b) => a + b);
    const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(blocks * BLOCK)];
    const ctx = expand(key);
    const cbc = reference('cbc', key, iv, plaintext);
    for (const [mode, input, output, unit] of [
      ['desCbcEncrypt', plaintext, cbc, 1],
      ['desCbcDecrypt', cbc, plaintext, 1],
      ['desCtr', plaintext, referenceCtr(key, iv, plaintext).result, BLOCK],
    ] as const) {
      const chain = arena.place(iv);
      const data = arena.place(input);
      let at = data;
      for (const part of parts) {
        kernels[mode](ctx, chain, at, at, part * unit);
        at += part * BLOCK;
      }
      expect(arena.read(data, input.length)).toEqual(output);
    }
  });

  it('ignores parity bits', () => {
    const [key, plaintext] = [randomBytes(keyBytes), randomBytes(3 * BLOCK)];
    const ciphertext = runEcb('desEcbEncrypt', expand(key), plaintext);
    expect(runEcb('desEcbEncrypt', expand(key.map((byte) => byte ^ 1)), plaintext)).toEqual(ciphertext);
  });

  it('expands a key into a context whatever was there before', () => {
    const [key, plaintext] = [randomBytes(keyBytes), randomBytes(3 * BLOCK)];
    const ctx = expand(randomBytes(24));
    for (const other of KEY_SIZES) kernels.desSetKey(ctx, arena.place(randomBytes(other)), other);
    kernels.desSetKey(ctx, arena.place(key), keyBytes);
    const ciphertext = runEcb('desEcbEncrypt', ctx, plaintext);
    expect(ciphertext).toEqual(reference('ecb', key, null, plaintext));
    expect(runEcb('desEcbDecrypt', ctx, ciphertext)).toEqual(plaintext);
  });

  it('deciphers what OpenSSL enciphered with padding', () => {
    const [key, iv, plaintext] = [randomBytes(keyBytes), randomBytes(BLOCK), randomBytes(3 * BLOCK + 5)];
    const padded = Buffer.concat([plaintext, Buffer.alloc(3, 3)]);
    const { result } = runChained('desCbcEncrypt', expand(key), iv, padded);
    const decipher = createDecipheriv('des-ede3-cbc', tripleKey(key), iv);
    expect(Buffer.concat([decipher.update(result), decipher.final()])).toEqual(plaintext);
  });
});

/** A MAC of a message that comes in pieces. */
function mac(key: Uint8Array, pieces: readonly Uint8Array[], resultBytes = BLOCK): Buffer {
  const ctx = arena.allocate(kernels.desCmacContextBytes());
  kernels.desCmacSetKey(ctx, arena.place(key, 1), key.length);
  kernels.desCmacInit(ctx);
  for (const [n, piece] of pieces.entries()) kernels.desCmacUpdate(ctx, arena.place(piece, n % 16), piece.length);
  const dst = arena.allocate(resultBytes, 3);
  kernels.desCmacFinal(ctx, dst, resultBytes);
  arena.expectGuards(dst, resultBytes);
  arena.expectGuards(ctx, kernels.desCmacContextBytes());
  return arena.read(dst, resultBytes);
}

/** CMAC from single CBC encryptions (SP 800-38B section 6), with blocks as numbers. */
function referenceMac(key: Uint8Array, message: Uint8Array): Buffer {
  const number = (block: Buffer): bigint => block.readBigUInt64BE();
  const double = (x: bigint): bigint => BigInt.asUintN(64, x << 1n) ^ (x >> 63n ? 0x1bn : 0n);
  const zero = Buffer.alloc(BLOCK);
  const first = double(number(reference('ecb', key, null, zero)));
  const whole = message.length > 0 && message.length % BLOCK === 0;
  const padded = whole
    ? Buffer.from(message)
    : Buffer.concat([message, Buffer.from([0x80]), Buffer.alloc(BLOCK - 1 - (message.length % BLOCK))]);
  const last = padded.subarray(-BLOCK);
  last.writeBigUInt64BE(number(last) ^ (whole ? first : double(first)));
  return reference('cbc', key, zero, padded).subarray(-BLOCK);
}

describe('NIST SP 800-38B appendices D.4 and D.5', () => {
  const message = hex('6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51');
  const three = '8aa83bf8cbda1062 0bc1bf19fbb6cd58 bc313d4a371ca8b5';
  const two = '4cf15134a2850dd5 8a3d10ba80570d38';
  const cases = [
    ['three keys', 0, three, 'b7a688e122ffaf95'],
    ['three keys', 8, three, '8e8f293136283797'],
    ['three keys', 20, three, '743ddbe0ce2dc2ed'],
    ['three keys', 32, three, '33e6b1092400eae5'],
    ['two keys', 0, two, 'bd2ebf9a3ba00361'],
    ['two keys', 8, two, '4ff2ab813c53ce83'],
    ['two keys', 20, two, '62dd1b471902bd4e'],
    ['two keys', 32, two, '31b1e431dabc4eb8'],
  ] as const;
  it.each(cases)('%s, %i bytes', (_, bytes, key, tag) => {
    expect(mac(hex(key), [message.subarray(0, bytes)])).toEqual(hex(tag));
  });
});

describe.each([16, 24])('CMAC over TDEA with a key of %i bytes, beside node:crypto', (keyBytes) => {
  it('takes messages of every length', () => {
    for (const bytes of [...Array(100).keys(), 4097]) {
      arena.clear();
      const [key, message] = [randomBytes(keyBytes), randomBytes(bytes)];
      expect(mac(key, [message]).equals(referenceMac(key, message))).toBe(true);
    }
  });

  it('takes a message in any pieces', () => {
    for (let n = 0; n < 60; n++) {
      arena.clear();
      const key = randomBytes(keyBytes);
      const pieces = [...randomBytes(7)].map((byte) => randomBytes(byte % 21));
      expect(mac(key, pieces).equals(referenceMac(key, Buffer.concat(pieces)))).toBe(true);
    }
  });

  it('gives the beginning of the result where less is asked for', () => {
    const [key, message] = [randomBytes(keyBytes), randomBytes(33)];
    for (let bytes = 0; bytes <= BLOCK; bytes++)
      expect(mac(key, [message], bytes)).toEqual(referenceMac(key, message).subarray(0, bytes));
  });
});
