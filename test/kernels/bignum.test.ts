import { constants, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BignumBuild, BignumExports } from '../../src/akcipher/bignum.ts';
import { BIGNUM_DEFLATED } from '../../src/akcipher/binary.ts';
import { noPair } from '../../src/akcipher/blinding.ts';
import { curveBytes } from '../../src/akcipher/curve_bytes.ts';
import { wipeKey } from '../../src/akcipher/rsa_key.ts';
import { finish } from '../../src/akcipher/steps.ts';
import { inflateBase64 } from '../../src/engine/inflate.ts';
import { modularPower } from '../support/reference/modular_power.ts';
import { type Arena, loadKernels } from './arena.ts';

let kernels: BignumExports;
let arena: Arena;

/** What the builds differ in: the bits of a limb, and those of R for a number of limbs. */
const BUILDS = {
  plain: { limbBits: 28, bitsOfR: (limbs: number) => 28 * limbs },
  fused: { limbBits: 50, bitsOfR: (limbs: number) => 100 * Math.ceil(limbs / 2) },
};
const BUILD_NAMES = ['plain', 'fused'] as const;

/** Has the tests of a suite run with a build. */
function useBuild(build: BignumBuild): void {
  beforeAll(async () => {
    const engineBuild = build === 'fused' ? 'relaxed-simd' : 'simd';
    ({ kernels, arena } = await loadKernels<BignumExports>('assembly/bignum/index.ts', engineBuild));
  }, 60_000);
  beforeEach(() => arena.clear());
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
const bytesOf = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');

/** A number in the kernel's limbs. */
function place(value: bigint, limbs: number): number {
  const length = limbs * 8;
  const number = arena.allocate(kernels.numberBytes(limbs));
  kernels.fromBytes(number, limbs, arena.place(bytesOf(value, length), 1), length);
  return number;
}

function read(number: number, limbs: number): bigint {
  const bytes = arena.allocate(limbs * 8, 3);
  kernels.toBytes(bytes, limbs * 8, number, limbs);
  arena.expectGuards(bytes, limbs * 8);
  return numberOf(arena.read(bytes, limbs * 8));
}

interface Ring {
  n: bigint;
  limbs: number;
  modulus: number;
  product: number;
}

function ringOf(n: bigint, limbs = kernels.limbsOf(n.toString(2).length)): Ring {
  const bits = n.toString(2).length;
  const length = Math.ceil(bits / 8);
  const modulus = arena.allocate(kernels.modulusBytes(limbs));
  const product = arena.allocate(kernels.productBytes(limbs));
  kernels.setModulus(modulus, limbs, arena.place(bytesOf(n, length), 1), length, bits, product);
  arena.expectGuards(modulus, kernels.modulusBytes(limbs));
  arena.expectGuards(product, kernels.productBytes(limbs));
  return { n, limbs, modulus, product };
}

/** The value of a number in Montgomery's form. */
function leave({ limbs, modulus, product }: Ring, number: number): bigint {
  kernels.multiply(number, number, place(1n, limbs), modulus, product);
  kernels.canonical(number, modulus);
  return read(number, limbs);
}

/** base^exponent mod n, in steps of `step` multiplications. */
function power(ring: Ring, base: bigint, exponent: Buffer, step: number): bigint {
  const state = arena.allocate(kernels.powerBytes(ring.limbs));
  const result = arena.allocate(kernels.numberBytes(ring.limbs));
  kernels.beginPower(
    state,
    ring.modulus,
    place(base, ring.limbs),
    arena.place(exponent, 1),
    exponent.length,
    ring.product,
  );
  while (kernels.runPower(state, step) > 0);
  kernels.powerResult(state, result);
  arena.expectGuards(state, kernels.powerBytes(ring.limbs));
  return leave(ring, result);
}

const random = (bits: number): bigint => numberOf(randomBytes(Math.ceil(bits / 8))) & ((1n << BigInt(bits)) - 1n);
const moduli = (bits: number): bigint[] => [
  random(bits) | (1n << BigInt(bits - 1)) | 1n,
  (1n << BigInt(bits)) - 1n,
  (1n << BigInt(bits - 1)) + 1n,
];

describe.each(BUILD_NAMES)("Montgomery's multiplication, %s", (build) => {
  useBuild(build);
  const { limbBits, bitsOfR } = BUILDS[build];

  it.each([
    2, 3, 27, 28, 29, 48, 49, 53, 54, 55, 98, 99, 110, 111, 148, 149, 198, 511, 512, 513, 1024, 1790, 1791, 2048, 3072,
    3584, 4096, 8192,
  ])('gives the products of BigInt modulo %i bits', (bits) => {
    for (const n of moduli(bits)) {
      arena.clear();
      const ring = ringOf(n);
      const { limbs, modulus, product } = ring;
      const r = 1n << BigInt(bitsOfR(limbs));
      expect(read(kernels.squareOfR(modulus), limbs)).toBe((r * r) % n);
      // Every limb of 2 n - 1 is as large as it can be when n is: carries reach their bound.
      for (const [a, b] of [
        [random(bits) % n, random(bits) % n],
        [2n * n - 1n, 2n * n - 1n],
        [0n, 5n % n],
      ] as const) {
        const result = arena.allocate(kernels.numberBytes(limbs));
        kernels.multiply(result, place(a, limbs), place(b, limbs), modulus, product);
        const answer = read(result, limbs);
        expect(answer < 2n * n).toBe(true);
        expect((answer * r - a * b) % n).toBe(0n);
        kernels.square(result, place(a, limbs), modulus, product);
        const squared = read(result, limbs);
        expect(squared < 2n * n).toBe(true);
        expect((squared * r - a * a) % n).toBe(0n);
        arena.expectGuards(result, kernels.numberBytes(limbs));
      }
    }
  });

  it('reduces numbers of twice the length, below R n', () => {
    for (const bits of [256, 512, 1024, 4096]) {
      arena.clear();
      const { n, limbs, modulus, product } = ringOf(moduli(bits)[0] as bigint);
      const r = 1n << BigInt(bitsOfR(limbs));
      // No number has more limbs than 2 L.
      const room = 1n << BigInt(2 * limbs * limbBits);
      const end = r * n < room ? r * n : room;
      for (const value of [random(2 * bits) % end, end - 1n, 0n]) {
        const result = arena.allocate(kernels.numberBytes(limbs));
        kernels.reduce(result, place(value, 2 * limbs), 2 * limbs, modulus, product);
        const answer = read(result, limbs);
        expect(answer < 2n * n).toBe(true);
        expect((answer * r - value) % n).toBe(0n);
      }
    }
  });
});

describe.each(BUILD_NAMES)('the other operations, %s', (build) => {
  useBuild(build);
  const { limbBits } = BUILDS[build];

  it('subtract modulo n, for numbers below 2 n', () => {
    for (const n of moduli(300)) {
      arena.clear();
      const { limbs, modulus } = ringOf(n);
      for (const [a, b] of [
        [0n, 2n * n - 1n],
        [2n * n - 1n, 0n],
        [n, n],
        [random(300) % n, random(300) % n],
      ] as const) {
        const result = arena.allocate(kernels.numberBytes(limbs));
        kernels.subtract(result, place(a, limbs), place(b, limbs), modulus);
        const answer = read(result, limbs);
        expect(answer < 2n * n).toBe(true);
        expect((answer - a + b) % n).toBe(0n);
      }
    }
  });

  it('multiply and add without a modulus', () => {
    for (const limbs of [2, 20, 148]) {
      arena.clear();
      const largest = (1n << BigInt(limbBits * limbs)) - 1n;
      for (const [a, b, c] of [
        [largest, largest, largest],
        [random(limbBits * limbs), random(limbBits * limbs), 7n],
      ] as const) {
        const wide = arena.allocate(kernels.numberBytes(2 * limbs));
        kernels.multiplyAdd(wide, place(a, limbs), place(b, limbs), place(c, limbs), limbs);
        expect(read(wide, 2 * limbs)).toBe(a * b + c);
      }
    }
  });

  it('compare', () => {
    const largest = (1n << 280n) - 1n;
    for (const [a, b] of [
      [0n, 0n],
      [1n, 0n],
      [0n, 1n],
      [largest, largest - 1n],
      [1n << 279n, (1n << 279n) - 1n],
    ] as const) {
      expect(kernels.notBelow(place(a, 10), place(b, 10), 10)).toBe(a >= b ? 1 : 0);
      expect(kernels.notBelow(place(b, 10), place(a, 10), 10)).toBe(b >= a ? 1 : 0);
      expect(kernels.equal(place(a, 10), place(b, 10), 10)).toBe(a === b ? 1 : 0);
      expect(kernels.equal(place(a, 10), place(a, 10), 10)).toBe(1);
    }
  });

  it('keep the bytes of every length', () => {
    for (let length = 0; length < 60; length++) {
      arena.clear();
      const bytes = randomBytes(length);
      const number = arena.allocate(kernels.numberBytes(18));
      kernels.fromBytes(number, 18, arena.place(bytes, length % 16), length);
      arena.expectGuards(number, kernels.numberBytes(18));
      expect(read(number, 18)).toBe(numberOf(bytes));
    }
  });
});

describe.each(BUILD_NAMES)('exponentiation, %s', (build) => {
  useBuild(build);

  it.each([2, 55, 512, 1024, 1025, 2048])('gives the powers of BigInt modulo %i bits', (bits) => {
    for (const n of moduli(bits)) {
      for (const length of [1, 2, 5, 17]) {
        arena.clear();
        const [base, exponent] = [random(bits) % n, randomBytes(length)];
        expect(power(ringOf(n), base, exponent, length)).toBe(modularPower(base, numberOf(exponent), n));
      }
    }
  });

  it('takes exponents of zeros and of ones, and a modulus with more limbs than it needs', () => {
    const n = moduli(500)[0] as bigint;
    for (const exponent of [Buffer.alloc(9), Buffer.alloc(9, 0xff), Buffer.from([0, 0, 0, 1]), Buffer.from([0, 32])]) {
      arena.clear();
      const base = random(500) % n;
      expect(power(ringOf(n, 24), base, exponent, 1)).toBe(modularPower(base, numberOf(exponent), n));
    }
  });

  it('gives what node:crypto does with the private key of 1024 bits', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = privateKey.export({ format: 'jwk' });
    const n = numberOf(Buffer.from(jwk.n ?? '', 'base64url'));
    const d = Buffer.from(jwk.d ?? '', 'base64url');
    for (let round = 0; round < 3; round++) {
      arena.clear();
      const text = bytesOf(random(1024) % n, 128);
      const expected = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, text);
      expect(power(ringOf(n), numberOf(text), d, 97)).toBe(numberOf(expected));
    }
  });
});

describe('the builds', () => {
  const { Instance, validate } = WebAssembly;
  afterEach(() => {
    Object.assign(WebAssembly, { Instance, validate });
    vi.doUnmock('../../src/akcipher/curve_bytes.ts');
    vi.resetModules();
  });
  /** The build that the library names before the fused one is loaded, and after. */
  async function chosen(): Promise<[BignumBuild, BignumBuild]> {
    vi.resetModules();
    const { bignumBuild, loadFused } = await import('../../src/akcipher/bignum.ts');
    const before = bignumBuild();
    await loadFused();
    return [before, bignumBuild()];
  }

  it.each([
    [() => Buffer.from(inflateBase64(BIGNUM_DEFLATED)), 'bignum'],
    [() => Buffer.from(curveBytes('plain')), 'curve'],
    [() => Buffer.from(curveBytes('fused')), 'curve_fused'],
  ])('are what the compiler made: %#', (bytes, file) => {
    expect(bytes()).toEqual(readFileSync(new URL(`../../build/${file}.wasm`, import.meta.url)));
  });

  it('fused is chosen if its instructions are known, and its sums are rounded once', async () => {
    expect(await chosen()).toEqual(['plain', 'fused']);
  });

  it('plain is chosen if they are unknown', async () => {
    WebAssembly.validate = () => false;
    expect(await chosen()).toEqual(['plain', 'plain']);
  });

  it('plain is chosen if they are rounded twice', async () => {
    class Unfused {
      exports: WebAssembly.Exports;
      constructor(module: WebAssembly.Module, imports: WebAssembly.Imports) {
        const multipliedAndAdded = (a: number, b: number, c: number) => a * b + c;
        this.exports = { ...new Instance(module, imports).exports, multipliedAndAdded };
      }
    }
    Object.assign(WebAssembly, { Instance: Unfused });
    expect(await chosen()).toEqual(['plain', 'plain']);
  });

  it('plain stays if fused cannot be loaded, and a later attempt finds it', async () => {
    vi.resetModules();
    vi.doMock('../../src/akcipher/curve_bytes.ts', () => Promise.reject(new Error('There is no network.')));
    const { bignumBuild, instantiateBignum, loadFused } = await import('../../src/akcipher/bignum.ts');
    const reasons: string[] = [];
    await loadFused((reason) => reasons.push(reason));
    expect(reasons).toHaveLength(1);
    expect(bignumBuild()).toBe('plain');
    expect(() => instantiateBignum(new WebAssembly.Memory({ initial: 1 }), 'fused')).toThrow(TypeError);
    vi.doUnmock('../../src/akcipher/curve_bytes.ts');
    await loadFused();
    expect(bignumBuild()).toBe('fused');
  });

  it('a key goes from one to the other between two operations', async () => {
    vi.resetModules();
    const { loadFused } = await import('../../src/akcipher/bignum.ts');
    const { RsaArithmetic } = await import('../../src/akcipher/rsa_arithmetic.ts');
    const { readRsaKey } = await import('../../src/akcipher/rsa_key.ts');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const key = readRsaKey(Uint8Array.from(privateKey.export({ type: 'pkcs1', format: 'der' })), true, 8192);
    if (!key?.primes) return expect.unreachable();
    const arithmetic = new RsaArithmetic((bytes) => void bytes.set(randomBytes(bytes.length)));
    const pair = noPair();
    const builds: string[] = [];
    for (let round = 0; round < 4; round++) {
      const text = bytesOf(random(1023), 128);
      const expected = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, text);
      expect(finish(arithmetic.privateOperation(key, text, pair))).toEqual(Uint8Array.from(expected));
      expect(numberOf(finish(arithmetic.publicOperation(key, expected)))).toBe(numberOf(text));
      builds.push(`${arithmetic.build} ${key.primes.prepared?.build}`);
      if (round === 1) await loadFused();
    }
    expect(builds).toEqual(['plain plain', 'plain plain', 'fused fused', 'fused fused']);
    wipeKey(key);
    const { p, q } = key.primes.prepared ?? {};
    expect([p, q].map((bytes) => bytes?.every((byte) => byte === 0))).toEqual([true, true]);
  });
});
