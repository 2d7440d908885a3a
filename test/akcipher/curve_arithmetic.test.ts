// The arithmetic of ECDSA: sums that formulas for points often get wrong, pauses, and what stays in memory.
import * as crypto from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bytesOf, CURVES, type Curve, numberOf } from '../../src/akcipher/curves.ts';
import { CurveArithmetic } from '../../src/akcipher/ecdsa_arithmetic.ts';
import { finish, type Steps } from '../../src/akcipher/steps.ts';

const OPENSSL = ['prime192v1', 'secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];
const EACH = (['plain', 'fused'] as const).flatMap((build) =>
  CURVES.map((curve, index) => ({ build, curve, name: OPENSSL[index] ?? expect.unreachable() })),
);

/** The octets of a multiple of the base point, by OpenSSL. */
function multiple(name: string, { bytes }: Curve, factor: bigint): Uint8Array {
  const ecdh = crypto.createECDH(name);
  ecdh.setPrivateKey(bytesOf(factor, bytes));
  return Uint8Array.from(ecdh.getPublicKey());
}

const modulo = (value: bigint, n: bigint): bigint => ((value % n) + n) % n;

/** 1 / value modulo a prime, by Euclid's algorithm. */
function inverse(value: bigint, n: bigint): bigint {
  let [a, b, x, y] = [modulo(value, n), n, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return modulo(x, n);
}

/** A digest whose leftmost bits are a number below the order. */
const digestOf = (number: bigint, { bits, bytes }: Curve): Uint8Array =>
  bytesOf(number << BigInt(8 * bytes - bits), bytes);

function signatureOf(r: bigint, s: bigint, { bytes }: Curve): Uint8Array {
  return Uint8Array.from([...bytesOf(r, bytes), ...bytesOf(s, bytes)]);
}

describe.each(EACH)('$name with the $build kernel', ({ build, curve, name }) => {
  const arithmetic = new CurveArithmetic(build);
  const { n, bytes } = curve;

  test("public keys are OpenSSL's, of the least and the greatest factors, too", () => {
    for (const factor of [1n, 2n, 3n, 15n, 16n, 17n, n / 2n, n - 2n, n - 1n]) {
      expect(finish(arithmetic.publicKey(curve, bytesOf(factor, bytes)))).toEqual(multiple(name, curve, factor));
    }
  });

  test('a sum of two equal points is right', () => {
    // The private key is 1, so that both points are the base point, and the digest is r, so that both factors are equal.
    const nonce = n / 3n;
    const r = modulo(numberOf(multiple(name, curve, nonce).subarray(1, 1 + bytes)), n);
    const s = modulo(inverse(nonce, n) * 2n * r, n);
    const [signature, point] = [signatureOf(r, s, curve), multiple(name, curve, 1n)];
    expect(finish(arithmetic.verify(curve, signature, digestOf(r, curve), point))).toBe(true);
    expect(finish(arithmetic.verify(curve, signature, digestOf(r - 1n, curve), point))).toBe(false);
  });

  test('a sum that is the point at infinity is no signature', () => {
    const [d, r, s] = [5n, 7n, 11n];
    const point = multiple(name, curve, d);
    expect(finish(arithmetic.verify(curve, signatureOf(r, s, curve), digestOf(n - r * d, curve), point))).toBe(false);
  });

  test('a point times 0, because the digest is 0, is right', () => {
    const d = n / 5n;
    const zeros = new Uint8Array(bytes);
    const signature = finish(arithmetic.sign(curve, zeros, bytesOf(d, bytes)));
    expect(finish(arithmetic.verify(curve, signature, zeros, multiple(name, curve, d)))).toBe(true);
  });

  test.each(['sign', 'verify', 'publicKey'] as const)('%s pauses', (operation) => {
    const d = bytesOf(n / 7n, bytes);
    const signature = finish(arithmetic.sign(curve, d, d));
    const operations = {
      sign: () => pausesOf(arithmetic.sign(curve, d, d)),
      verify: () => pausesOf(arithmetic.verify(curve, signature, d, multiple(name, curve, n / 7n))),
      publicKey: () => pausesOf(arithmetic.publicKey(curve, d)),
    };
    // A step has at most 16 operations on points, and a bit of a factor takes at least one.
    expect(operations[operation]()).toBeGreaterThanOrEqual(curve.bits / 16);
  });
});

function pausesOf(steps: Steps<unknown>): number {
  let pauses = 0;
  while (!steps.next().done) pauses++;
  return pauses;
}

describe('memory', () => {
  afterEach(() => vi.restoreAllMocks());

  /** An arithmetic, and whether its memory holds nothing but zeros. */
  function watched() {
    const { Memory } = WebAssembly;
    const memories: WebAssembly.Memory[] = [];
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function make(descriptor: WebAssembly.MemoryDescriptor) {
      const memory = new Memory(descriptor);
      memories.push(memory);
      return memory;
    });
    const made = new CurveArithmetic();
    const [memory] = memories;
    if (!memory) return expect.unreachable();
    return { made, isEmpty: () => new Uint8Array(memory.buffer).every((byte) => byte === 0) };
  }

  const curve = CURVES[2] ?? expect.unreachable();
  const d = bytesOf(curve.n / 7n, curve.bytes);

  test('holds nothing after an operation', () => {
    const { made, isEmpty } = watched();
    const point = finish(made.publicKey(curve, d));
    expect(isEmpty()).toBe(true);
    const signature = finish(made.sign(curve, d, d));
    expect(isEmpty()).toBe(true);
    expect(finish(made.verify(curve, signature, d, point))).toBe(true);
    expect(isEmpty()).toBe(true);
    expect(finish(made.verify(curve, new Uint8Array(64), d, point))).toBe(false);
    expect(isEmpty()).toBe(true);
  });

  test('holds nothing after an operation that was given up', () => {
    const { made, isEmpty } = watched();
    const steps = made.sign(curve, d, d);
    for (let step = 0; step < 10; step++) steps.next();
    expect(isEmpty()).toBe(false);
    made.wipe();
    expect(isEmpty()).toBe(true);
  });
});
