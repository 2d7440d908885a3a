// The arithmetic of ECDSA (FIPS 186-5, section 6) over the kernel for curves. Only what is loaded on demand imports this file, because
// the kernel is large.
import { Arena, type Ring } from './arena.ts';
import type { BignumBuild } from './bignum.ts';
import type { EcdsaArithmetic } from './contract.ts';
import { type CurveExports, instantiateCurves } from './curve_kernel.ts';
import { octetsOf } from './curve_octets.ts';
import type { Curve } from './curves.ts';
import { leftmostBits, Nonces } from './nonces.ts';
import type { Steps } from './steps.ts';

/** Room for a sum of two points of P-521. */
const MEMORY_PAGES = 1;
/** Operations on points, and multiplications, of one step: some 0.1 ms on a slow machine. */
const POINTS_OF_STEP = 16;
const MULTIPLICATIONS_OF_STEP = 64;

const NO_NUMBER = new Uint8Array();
const ONE = Uint8Array.of(1);
const UNCOMPRESSED = 4;

/** A point times a factor: the octets of its coordinates, one after the other, and the address of the factor, as long as the order. */
interface Term {
  coordinates: Uint8Array;
  factor: number;
}

/** One operation runs at a time. Its memory is wiped at its end, and before the next one begins. */
export class CurveArithmetic implements EcdsaArithmetic {
  readonly #arena: Arena<CurveExports>;

  /** @param build the kernel's build; default: the best one for this host */
  constructor(build?: BignumBuild) {
    this.#arena = new Arena(MEMORY_PAGES, (memory) => instantiateCurves(memory, build));
  }

  wipe(): void {
    this.#arena.wipe();
  }

  *publicKey(curve: Curve, d: Uint8Array): Steps<Uint8Array> {
    const arena = this.#arena;
    arena.wipe();
    const field = this.#ring(octetsOf(curve).p, curve);
    const term = { coordinates: octetsOf(curve).base, factor: arena.place(d) };
    const sum = yield* this.#sum(curve, field, [term]);
    const { x, y } = yield* this.#affine(curve, field, sum);
    const point = new Uint8Array(1 + 2 * curve.bytes);
    point[0] = UNCOMPRESSED;
    point.set(arena.read(x, field.limbs, curve.bytes), 1);
    point.set(arena.read(y, field.limbs, curve.bytes), 1 + curve.bytes);
    arena.wipe();
    return point;
  }

  *sign(curve: Curve, digest: Uint8Array, d: Uint8Array): Steps<Uint8Array> {
    const arena = this.#arena;
    const { kernel } = arena;
    const { field, order, zero } = this.#begin(curve);
    const { limbs } = order;
    const hash = arena.number(leftmostBits(digest, curve), limbs);
    kernel.canonical(hash, order.modulus);
    const key = arena.place(d);
    const secret = arena.number(d, limbs);
    const hashOctets = arena.take(curve.bytes);
    kernel.toBytes(hashOctets, curve.bytes, hash, limbs);
    const nonces = new Nonces(arena, curve, digest.length, key, hashOctets);
    const start = arena.mark;
    for (;;) {
      arena.release(start);
      const nonce = nonces.next();
      const k = arena.take(kernel.numberBytes(limbs));
      kernel.fromBytes(k, limbs, nonce, curve.bytes);
      if (this.#isOutside(k, zero, order)) continue;
      const sum = yield* this.#sum(curve, field, [{ coordinates: octetsOf(curve).base, factor: nonce }]);
      const { x: r } = yield* this.#affine(curve, field, sum);
      // p is below 2 n.
      kernel.canonical(r, order.modulus);
      const inverse = yield* this.#inverse(k, octetsOf(curve).nLess2, order);
      // s = (hash + r d) / k.
      const s = arena.take(kernel.numberBytes(limbs));
      kernel.multiply(s, r, secret, order.modulus, order.product);
      kernel.multiply(s, s, kernel.squareOfR(order.modulus), order.modulus, order.product);
      kernel.add(s, s, hash, order.modulus);
      kernel.multiply(s, s, inverse, order.modulus, order.product);
      kernel.canonical(s, order.modulus);
      if (kernel.equal(r, zero, limbs) === 1 || kernel.equal(s, zero, limbs) === 1) continue;
      const signature = new Uint8Array(2 * curve.bytes);
      signature.set(arena.read(r, limbs, curve.bytes));
      signature.set(arena.read(s, limbs, curve.bytes), curve.bytes);
      arena.wipe();
      return signature;
    }
  }

  *verify(curve: Curve, signature: Uint8Array, digest: Uint8Array, point: Uint8Array): Steps<boolean> {
    const arena = this.#arena;
    const { kernel } = arena;
    const { field, order, zero } = this.#begin(curve);
    const { limbs } = order;
    const r = arena.number(signature.subarray(0, curve.bytes), limbs);
    const s = arena.number(signature.subarray(curve.bytes), limbs);
    if (this.#isOutside(r, zero, order) || this.#isOutside(s, zero, order)) return this.#ends(false);
    const inverse = yield* this.#inverse(s, octetsOf(curve).nLess2, order);
    const hash = arena.number(leftmostBits(digest, curve), limbs);
    const terms = [
      { coordinates: octetsOf(curve).base, number: hash },
      { coordinates: point.subarray(1), number: r },
    ].map(({ coordinates, number }) => {
      const product = arena.take(kernel.numberBytes(limbs));
      kernel.multiply(product, number, inverse, order.modulus, order.product);
      kernel.canonical(product, order.modulus);
      const factor = arena.take(curve.bytes);
      kernel.toBytes(factor, curve.bytes, product, limbs);
      return { coordinates, factor };
    });
    const sum = yield* this.#sum(curve, field, terms);
    const { x, isInfinite } = yield* this.#affine(curve, field, sum);
    kernel.canonical(x, order.modulus);
    return this.#ends(!isInfinite && kernel.equal(x, r, limbs) === 1);
  }

  /** The rings of both moduli, and a number that is 0. */
  #begin(curve: Curve): { field: Ring; order: Ring; zero: number } {
    const { p, n } = octetsOf(curve);
    this.#arena.wipe();
    const [field, order] = [this.#ring(p, curve), this.#ring(n, curve)];
    return { field, order, zero: this.#arena.number(NO_NUMBER, order.limbs) };
  }

  #ends<Result>(result: Result): Result {
    this.#arena.wipe();
    return result;
  }

  #ring(modulus: Uint8Array, { bits }: Curve): Ring {
    return this.#arena.ring(modulus, bits);
  }

  /** Whether a number is 0, or not below the order. */
  #isOutside(number: number, zero: number, { limbs, modulus }: Ring): boolean {
    const { kernel } = this.#arena;
    return kernel.equal(number, zero, limbs) === 1 || kernel.notBelow(number, kernel.nOf(modulus), limbs) === 1;
  }

  /** The sum of points, each times its factor: the address of its three coordinates, in Montgomery's form. */
  *#sum(curve: Curve, { limbs, modulus, product }: Ring, terms: readonly Term[]): Steps<number> {
    const arena = this.#arena;
    const { kernel } = arena;
    const bytes = kernel.numberBytes(limbs);
    const b = arena.number(octetsOf(curve).b, limbs);
    kernel.multiply(b, b, kernel.squareOfR(modulus), modulus, product);
    const points = arena.take(3 * bytes * terms.length);
    const factors = arena.take(curve.bytes * terms.length);
    for (const [index, { coordinates, factor }] of terms.entries()) {
      const [x, y] = [coordinates.subarray(0, curve.bytes), coordinates.subarray(curve.bytes)];
      for (const [place, value] of [x, y, ONE].entries()) {
        const to = points + (3 * index + place) * bytes;
        const number = arena.number(value, limbs);
        kernel.multiply(to, number, kernel.squareOfR(modulus), modulus, product);
      }
      arena.bytes.copyWithin(factors + index * curve.bytes, factor, factor + curve.bytes);
    }
    const sum = arena.take(kernel.sumBytes(limbs, terms.length));
    kernel.beginSum(sum, modulus, b, points, terms.length, factors, curve.bytes, product);
    while (kernel.runSum(sum, POINTS_OF_STEP) > 0) yield;
    return kernel.sumOf(sum);
  }

  /** The coordinates of a point as plain numbers. Those of the point at infinity are 0. */
  *#affine(curve: Curve, field: Ring, point: number): Steps<{ x: number; y: number; isInfinite: boolean }> {
    const arena = this.#arena;
    const { kernel } = arena;
    const { limbs, modulus, product } = field;
    const bytes = kernel.numberBytes(limbs);
    const one = arena.number(ONE, limbs);
    const z = arena.take(bytes);
    kernel.multiply(z, point + 2 * bytes, one, modulus, product);
    kernel.canonical(z, modulus);
    const isInfinite = kernel.equal(z, arena.number(NO_NUMBER, limbs), limbs) === 1;
    const inverse = yield* this.#inverse(z, octetsOf(curve).pLess2, field);
    const [x, y] = [arena.take(bytes), arena.take(bytes)];
    for (const [to, from] of [
      [x, point],
      [y, point + bytes],
    ] as const) {
      kernel.multiply(to, from, inverse, modulus, product);
      kernel.multiply(to, to, one, modulus, product);
      kernel.canonical(to, modulus);
    }
    return { x, y, isInfinite };
  }

  /** The inverse of a plain number modulo a prime, in Montgomery's form: its power with the prime less 2 (Fermat). */
  *#inverse(number: number, primeLess2: Uint8Array, { limbs, modulus, product }: Ring): Steps<number> {
    const arena = this.#arena;
    const { kernel } = arena;
    const inverse = arena.take(kernel.numberBytes(limbs));
    const start = arena.mark;
    const power = arena.take(kernel.powerBytes(limbs));
    kernel.beginPower(power, modulus, number, arena.place(primeLess2), primeLess2.length, product);
    while (kernel.runPower(power, MULTIPLICATIONS_OF_STEP) > 0) yield;
    kernel.powerResult(power, inverse);
    arena.release(start);
    return inverse;
  }
}
