import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  HASH_MD5,
  HASH_NONE,
  HASH_SHA_224,
  HASH_SHA_256,
  HASH_SHA_384,
  HASH_SHA_512,
  HASH_SHA1,
  HASH_SHA3_224,
  HASH_SHA3_256,
  HASH_SHA3_384,
  HASH_SHA3_512,
  HASH_SHAKE128,
  HASH_SHAKE256,
  MAC_CMAC_AES,
  MAC_NONE,
} from '../../spec/crypto.ts';
import { compileKernels, sectionIds } from './compile.ts';
import { DIGESTS, MACS } from './hash_figures.ts';

interface Kernels {
  hashStateBytes(): number;
  hmacContextBytes(): number;
  lanes4Bytes(): number;
  hashKnown(algo: number): number;
  hashDigestBytes(algo: number): number;
  hashBlockBytes(algo: number): number;
  hashInit(algo: number, state: number): void;
  hashUpdate(algo: number, state: number, src: number, bytes: number): void;
  hashFinal(algo: number, state: number, dst: number, resultBytes: number): void;
  hashDigest(algo: number, state: number, src: number, bytes: number, dst: number, resultBytes: number): void;
  hmacKnown(algo: number): number;
  hmacDigestBytes(algo: number): number;
  hmacSetKey(algo: number, ctx: number, key: number, keyBytes: number): void;
  hmacInit(algo: number, ctx: number): void;
  hmacUpdate(algo: number, ctx: number, src: number, bytes: number): void;
  hmacFinal(algo: number, ctx: number, dst: number, resultBytes: number): void;
  hmacDigest(algo: number, ctx: number, src: number, bytes: number, dst: number, resultBytes: number): void;
  lanes4Known(algo: number): number;
  hash4(algo: number, messages: number, count: number, lanes: number): void;
  hmac4(algo: number, messages: number, count: number, lanes: number): void;
}

/** What each algorithm is: its name in node:crypto, its digest and its block in bytes. SHAKE's length is one of many. */
const CHAINED = [
  { algo: HASH_MD5, name: 'md5', digest: 16, block: 64 },
  { algo: HASH_SHA1, name: 'sha1', digest: 20, block: 64 },
  { algo: HASH_SHA_224, name: 'sha224', digest: 28, block: 64 },
  { algo: HASH_SHA_256, name: 'sha256', digest: 32, block: 64 },
  { algo: HASH_SHA_384, name: 'sha384', digest: 48, block: 128 },
  { algo: HASH_SHA_512, name: 'sha512', digest: 64, block: 128 },
];
const SPONGES = [
  { algo: HASH_SHA3_224, name: 'sha3-224', digest: 28, block: 144 },
  { algo: HASH_SHA3_256, name: 'sha3-256', digest: 32, block: 136 },
  { algo: HASH_SHA3_384, name: 'sha3-384', digest: 48, block: 104 },
  { algo: HASH_SHA3_512, name: 'sha3-512', digest: 64, block: 72 },
];
const SHAKES = [
  { algo: HASH_SHAKE128, name: 'shake128', digest: 0, block: 168 },
  { algo: HASH_SHAKE256, name: 'shake256', digest: 0, block: 136 },
];
const HASHES = [...CHAINED, ...SPONGES, ...SHAKES];
const IN_LANES = CHAINED.filter(({ algo }) => [HASH_SHA1, HASH_SHA_224, HASH_SHA_256].includes(algo));
const SHAKE_BYTES = 200;

const GUARD = 64;
const CANARY = 0xa5;
const LENGTHS = [...Array.from({ length: 301 }, (_, n) => n), 511, 512, 1000, 4096, 16384, 65537];

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');

let binary: Uint8Array<ArrayBuffer>;
let kernels: Kernels;
let memory: Uint8Array;
let view: DataView;
let free: number;
let used: number;

beforeAll(async () => {
  binary = await compileKernels('test/kernels/hash_entry.ts');
  const pages = new WebAssembly.Memory({ initial: 64 });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(binary), { env: { memory: pages } });
  kernels = exports as unknown as Kernels;
  memory = new Uint8Array(pages.buffer);
  view = new DataView(pages.buffer);
  used = memory.length;
});

beforeEach(() => clear());

/** Fills what was used of the memory with canaries and forgets every allocation. */
function clear(): void {
  memory.fill(CANARY, 0, used);
  free = GUARD;
  used = 0;
}

/** Memory with canaries on both sides; `skew` bytes off a 16-byte boundary. */
function allocate(bytes: number, skew = 0): number {
  const at = ((free + 15) & ~15) + skew;
  free = at + bytes + GUARD;
  used = free;
  return at;
}

function place(bytes: Uint8Array, skew = 0): number {
  const at = allocate(bytes.length, skew);
  memory.set(bytes, at);
  return at;
}

const read = (at: number, bytes: number): Buffer => Buffer.from(memory.slice(at, at + bytes));
const isFilled = (at: number, bytes: number, value: number): boolean => read(at, bytes).every((byte) => byte === value);

function expectGuards(at: number, bytes: number): void {
  expect(isFilled(at - GUARD / 2, GUARD / 2, CANARY) && isFilled(at + bytes, GUARD / 2, CANARY)).toBe(true);
}

function expectWiped(at: number, bytes: number): void {
  expect(isFilled(at, bytes, 0)).toBe(true);
  expectGuards(at, bytes);
}

/** A message cut at random places, some pieces empty. */
function pieces(data: Buffer): Buffer[] {
  const cuts = Array.from({ length: randomInt(6) }, () => randomInt(data.length + 1)).sort((a, b) => a - b);
  return [...cuts, data.length].map((end, n) => data.subarray(n === 0 ? 0 : cuts[n - 1], end));
}

function hash(algo: number, parts: Buffer[], resultBytes: number, skew = 0): Buffer {
  const state = allocate(kernels.hashStateBytes());
  const dst = allocate(resultBytes, skew);
  kernels.hashInit(algo, state);
  for (const part of parts) kernels.hashUpdate(algo, state, place(part, skew), part.length);
  kernels.hashFinal(algo, state, dst, resultBytes);
  expectGuards(dst, resultBytes);
  expectWiped(state, kernels.hashStateBytes());
  return read(dst, resultBytes);
}

function digest(algo: number, data: Buffer, resultBytes: number, skew = 0): Buffer {
  const [state, dst] = [allocate(kernels.hashStateBytes()), allocate(resultBytes, skew)];
  kernels.hashDigest(algo, state, place(data, skew + 3), data.length, dst, resultBytes);
  expectGuards(dst, resultBytes);
  expectWiped(state, kernels.hashStateBytes());
  return read(dst, resultBytes);
}

function setKey(algo: number, key: Buffer): number {
  const ctx = allocate(kernels.hmacContextBytes());
  kernels.hmacSetKey(algo, ctx, place(key, key.length % 16), key.length);
  expectGuards(ctx, kernels.hmacContextBytes());
  return ctx;
}

function hmac(algo: number, ctx: number, parts: Buffer[], resultBytes: number, skew = 0): Buffer {
  const dst = allocate(resultBytes, skew);
  kernels.hmacInit(algo, ctx);
  for (const part of parts) kernels.hmacUpdate(algo, ctx, place(part, skew), part.length);
  kernels.hmacFinal(algo, ctx, dst, resultBytes);
  expectGuards(dst, resultBytes);
  expectGuards(ctx, kernels.hmacContextBytes());
  return read(dst, resultBytes);
}

interface Message {
  ctx?: number;
  data: Buffer;
  resultBytes: number;
}

/** One call of hash4 or hmac4, with guards checked. */
function four(call: 'hash4' | 'hmac4', algo: number, messages: Message[]): Buffer[] {
  const lanes = allocate(kernels.lanes4Bytes());
  const placed = messages.map(
    ({ data, resultBytes }, n) => [place(data, n * 3), allocate(resultBytes, n * 5)] as const,
  );
  const records = allocate(20 * messages.length);
  for (const [n, { ctx, data, resultBytes }] of messages.entries()) {
    const [src, dst] = placed[n] as readonly [number, number];
    for (const [field, value] of [ctx ?? 0, src, data.length, dst, resultBytes].entries())
      view.setUint32(records + n * 20 + field * 4, value, true);
  }
  const before = read(records, 20 * messages.length);
  kernels[call](algo, records, messages.length, lanes);
  expect(read(records, before.length).equals(before)).toBe(true);
  expectWiped(lanes, kernels.lanes4Bytes());
  return messages.map(({ data, resultBytes }, n) => {
    const [src, dst] = placed[n] as readonly [number, number];
    expect(read(src, data.length).equals(data)).toBe(true);
    expectGuards(dst, resultBytes);
    return read(dst, resultBytes);
  });
}

describe('the module', () => {
  it('has no data, global or start section, so that it runs anywhere in a memory it does not own', () => {
    const ids = sectionIds(binary);
    for (const [name, id] of Object.entries({ global: 6, start: 8, data: 11, dataCount: 12 }))
      expect(ids, `${name} section`).not.toContain(id);
    expect(ids).toContain(10);
  });

  it('knows the hashes of 5.9.4.2 and the HMACs of 5.9.4.3, and no other number', () => {
    for (const { algo, digest, block } of HASHES) {
      expect(kernels.hashKnown(algo)).toBe(1);
      expect(kernels.hashDigestBytes(algo)).toBe(digest);
      expect(kernels.hashBlockBytes(algo)).toBe(block);
    }
    for (const algo of [HASH_NONE, HASH_SHAKE256 + 1, 0x7fffffff, 0x80000000, 0xffffffff])
      expect(kernels.hashKnown(algo)).toBe(0);
    for (const { algo, digest } of CHAINED) {
      expect(kernels.hmacKnown(algo)).toBe(1);
      expect(kernels.hmacDigestBytes(algo)).toBe(digest);
    }
    for (const algo of [MAC_NONE, HASH_SHA3_224, MAC_CMAC_AES, 0x80000000, 0xffffffff])
      expect(kernels.hmacKnown(algo)).toBe(0);
    for (let algo = 0; algo < 64; algo++)
      expect(kernels.lanes4Known(algo)).toBe(IN_LANES.some((hash) => hash.algo === algo) ? 1 : 0);
  });
});

describe('the figures of the standards', () => {
  it.each(DIGESTS)('%s', (_, algo, message, expected) => {
    const result = hex(expected);
    expect(digest(algo, ascii(message), result.length)).toEqual(result);
  });

  it('RFC 2202 and RFC 4231, test case 2', () => {
    for (const [algo, mac] of MACS) {
      const ctx = setKey(algo, ascii('Jefe'));
      expect(hmac(algo, ctx, [ascii('what do ya want for nothing?')], hex(mac).length)).toEqual(hex(mac));
    }
  });

  it('RFC 4231, test case 5: a result cut short', () => {
    const ctx = setKey(HASH_SHA_256, Buffer.alloc(20, 0x0c));
    const mac = hmac(HASH_SHA_256, ctx, [ascii('Test With Truncation')], 16);
    expect(mac).toEqual(hex('a3b6167473100ee06e0c796c2955552b'));
  });

  it('RFC 4231, test case 6: a key longer than a block', () => {
    const message = ascii('Test Using Larger Than Block-Size Key - Hash Key First');
    const ctx = setKey(HASH_SHA_256, Buffer.alloc(131, 0xaa));
    const mac = hmac(HASH_SHA_256, ctx, [message], 32);
    expect(mac).toEqual(hex('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'));
  });
});

describe.each(HASHES)('$name, beside node:crypto', ({ algo, name, digest: digestBytes, block }) => {
  const full = digestBytes || SHAKE_BYTES;
  const reference = (data: Buffer, outputLength = full) =>
    createHash(name, digestBytes === 0 ? { outputLength } : {})
      .update(data)
      .digest();

  it('hashes messages of every length', () => {
    for (const length of LENGTHS) {
      clear();
      const data = randomBytes(length);
      expect(digest(algo, data, full, length % 16).equals(reference(data)), `${length} bytes`).toBe(true);
    }
  });

  it('hashes messages in pieces, wherever they are cut', () => {
    for (let run = 0; run < 300; run++) {
      clear();
      const data = randomBytes(randomInt(6 * block));
      expect(hash(algo, pieces(data), full, run % 16).equals(reference(data)), `${data.length} bytes`).toBe(true);
    }
  });

  it('hashes a byte at a time', () => {
    const data = randomBytes(2 * block + 1);
    const parts = Array.from(data, (_, n) => data.subarray(n, n + 1));
    expect(hash(algo, parts, full)).toEqual(reference(data));
  });

  it('keeps the first bytes of the digest, as many as are wanted', () => {
    const data = randomBytes(100);
    for (let length = 0; length <= full; length++) {
      clear();
      expect(digest(algo, data, length, length % 16).equals(reference(data).subarray(0, length))).toBe(true);
    }
  });
});

describe.each(SHAKES)('$name', ({ algo, name, block }) => {
  it('goes on for as long as is wanted', () => {
    for (const outputLength of [1, block - 1, block, block + 1, 2 * block, 5 * block + 7, 10_000]) {
      clear();
      const data = randomBytes(outputLength % 300);
      const expected = createHash(name, { outputLength }).update(data).digest();
      expect(digest(algo, data, outputLength).equals(expected), `${outputLength} bytes`).toBe(true);
    }
  });
});

describe.each(CHAINED)('HMAC-$name, beside node:crypto', ({ algo, name, digest: digestBytes, block }) => {
  const reference = (key: Buffer, data: Buffer) => createHmac(name, key).update(data).digest();

  it('takes keys of every length', () => {
    for (const length of LENGTHS) {
      clear();
      const [key, data] = [randomBytes(length), randomBytes(randomInt(200))];
      expect(hmac(algo, setKey(algo, key), [data], digestBytes).equals(reference(key, data)), `${length} bytes`).toBe(
        true,
      );
    }
  });

  it('authenticates messages of every length with one key, which stays as it was', () => {
    const key = randomBytes(block / 2);
    clear();
    const ctx = setKey(algo, key);
    const [before, dst] = [read(ctx, kernels.hmacContextBytes()), allocate(digestBytes, 5)];
    const src = allocate(Math.max(...LENGTHS));
    for (const length of LENGTHS) {
      const data = randomBytes(length);
      memory.set(data, src);
      kernels.hmacDigest(algo, ctx, src, length, dst, digestBytes);
      expect(read(dst, digestBytes).equals(reference(key, data)), `${length} bytes`).toBe(true);
      expect(read(ctx, before.length).equals(before)).toBe(true);
    }
    expectGuards(dst, digestBytes);
  });

  it('takes messages in pieces, and cuts results short', () => {
    for (let run = 0; run < 200; run++) {
      clear();
      const [key, data] = [randomBytes(randomInt(2 * block)), randomBytes(randomInt(6 * block))];
      const resultBytes = randomInt(digestBytes + 1);
      const mac = hmac(algo, setKey(algo, key), pieces(data), resultBytes, run % 16);
      expect(mac.equals(reference(key, data).subarray(0, resultBytes))).toBe(true);
    }
  });

  it('leaves only the midstates of a key behind it', () => {
    for (const length of [20, block, 3 * block]) {
      clear();
      const ctx = setKey(algo, randomBytes(length));
      const midstates = 128;
      expect(isFilled(ctx + midstates, kernels.hmacContextBytes() - midstates, 0)).toBe(true);
    }
  });
});

describe.each(IN_LANES)('$name of up to four messages at once', ({ algo, name, digest: digestBytes }) => {
  const message = (length: number): Message => ({ data: randomBytes(length), resultBytes: digestBytes });
  const keyed = (length: number) => {
    const key = randomBytes(randomInt(100));
    return { key, ctx: setKey(algo, key), ...message(length) };
  };
  const expectHashes = (messages: Message[]) =>
    expect(four('hash4', algo, messages)).toEqual(
      messages.map(({ data, resultBytes }) => createHash(name).update(data).digest().subarray(0, resultBytes)),
    );
  const expectHmacs = (messages: (Message & { key: Buffer })[]) =>
    expect(four('hmac4', algo, messages)).toEqual(
      messages.map(({ key, data, resultBytes }) =>
        createHmac(name, key).update(data).digest().subarray(0, resultBytes),
      ),
    );

  it('hashes messages of one length, whatever it is', () => {
    for (const length of LENGTHS) {
      clear();
      expectHashes([length, length, length, length].map(message));
      clear();
      expectHmacs([length, length, length, length].map(keyed));
    }
  });

  it('hashes messages of lengths that differ, and cuts results short', () => {
    for (let run = 0; run < 300; run++) {
      clear();
      const longest = [60, 130, 1000, 20_000][run % 4] as number;
      const lengths = Array.from({ length: 1 + randomInt(4) }, () => randomInt(longest));
      expectHashes(lengths.map((length) => ({ ...message(length), resultBytes: randomInt(digestBytes + 1) })));
      clear();
      expectHmacs(lengths.map((length) => ({ ...keyed(length), resultBytes: randomInt(digestBytes + 1) })));
    }
  });

  it('hashes one message alone, two and three', () => {
    for (const count of [1, 2, 3])
      for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 640]) {
        clear();
        const lengths = Array.from({ length: count }, (_, n) => length + n * 64);
        expectHashes(lengths.map(message));
        expectHmacs(lengths.map(keyed));
      }
  });

  it('reads every message before it writes a result', () => {
    const lanes = allocate(kernels.lanes4Bytes());
    const data = randomBytes(4 * 100);
    const src = place(data);
    const records = allocate(80);
    for (let n = 0; n < 4; n++)
      for (const [field, value] of [0, src + n * 100, 100, src + (3 - n) * 100, digestBytes].entries())
        view.setUint32(records + n * 20 + field * 4, value, true);
    kernels.hash4(algo, records, 4, lanes);
    for (let n = 0; n < 4; n++) {
      const expected = createHash(name)
        .update(data.subarray(n * 100, n * 100 + 100))
        .digest();
      expect(read(src + (3 - n) * 100, digestBytes)).toEqual(expected);
    }
  });
});
