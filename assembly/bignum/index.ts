// The exports of the kernel for big numbers, which is a binary of its own: its memory holds nothing but keys and
// numbers, and programs that offer no RSA do not load it. All addresses are the host's. Numbers as in kernel.ts.
import { fromBytes as read, notBelow as compare, equal as same, toBytes as write } from './bytes';
import * as kernel from './kernel';
import { Modulus, nOf as numberOf } from './modulus';
import * as power from './power';
import { Power } from './power';
import * as ring from './ring';
import { wipe as clear } from '../memory/bytes';

/** a b + c. Hosts ask this with numbers whose answer is another one if it is rounded twice. */
export function multipliedAndAdded(a: f64, b: f64, c: f64): f64 {
  if (!ASC_FEATURE_RELAXED_SIMD) return a * b + c;
  return f64x2.extract_lane(f64x2.relaxed_madd(f64x2.splat(a), f64x2.splat(b), f64x2.splat(c)), 0);
}

/** Limbs for a modulus of `bits` bits, and the bytes of what is made of so many limbs. */
export function limbsOf(bits: u32): u32 {
  return kernel.limbsOf(bits);
}
export function numberBytes(limbs: u32): u32 {
  return kernel.numberBytes(limbs);
}
export function modulusBytes(limbs: u32): u32 {
  return ring.modulusBytes(limbs);
}
export function productBytes(limbs: u32): u32 {
  return kernel.productBytes(limbs);
}
export function powerBytes(limbs: u32): u32 {
  return power.powerBytes(limbs);
}

/** Reads a number of `limbs` limbs from `length` bytes, most significant first. */
export function fromBytes(number: usize, limbs: u32, bytes: usize, length: u32): void {
  read(number, limbs, bytes, length);
}

/** Writes the low `length` bytes of a number. */
export function toBytes(bytes: usize, length: u32, number: usize, limbs: u32): void {
  write(bytes, length, number, limbs);
}

/** Whether a >= b, and whether a = b. */
export function notBelow(a: usize, b: usize, limbs: u32): u32 {
  return compare(a, b, limbs);
}
export function equal(a: usize, b: usize, limbs: u32): u32 {
  return same(a, b, limbs);
}

/**
 * Makes a modulus of `limbs` limbs from `length` bytes: an odd number of exactly `bits` bits, at least 3, with
 * limbs >= limbsOf(bits).
 * @param product productBytes() of scratch, aligned to 16
 */
export function setModulus(modulus: Modulus, limbs: u32, bytes: usize, length: u32, bits: u32, product: usize): void {
  modulus.limbs = limbs;
  read(numberOf(modulus), limbs, bytes, length);
  ring.prepare(modulus, bits, product);
}

/** The address of R^2 mod n in a modulus, and of n. */
export function squareOfR(modulus: Modulus): usize {
  return ring.squareOfR(modulus);
}
export function nOf(modulus: Modulus): usize {
  return numberOf(modulus);
}

/** result = a b / R mod n. */
export function multiply(result: usize, a: usize, b: usize, modulus: Modulus, product: usize): void {
  kernel.multiply(result, a, b, modulus, product);
}

/** result = a^2 / R mod n. */
export function square(result: usize, a: usize, modulus: Modulus, product: usize): void {
  kernel.square(result, a, modulus, product);
}

/** result = wide / R mod n, for a wide number below R n. */
export function reduce(result: usize, wide: usize, wideLimbs: u32, modulus: Modulus, product: usize): void {
  kernel.reduce(result, wide, wideLimbs, modulus, product);
}

/** result = a - b mod n, below 2 n. */
export function subtract(result: usize, a: usize, b: usize, modulus: Modulus): void {
  ring.subtract(result, a, b, modulus);
}

/** number = number mod n, for a number below 2 n. */
export function canonical(number: usize, modulus: Modulus): void {
  ring.canonical(number, modulus);
}

/** wide = a b + c, of 2 limbs limbs. */
export function multiplyAdd(wide: usize, a: usize, b: usize, c: usize, limbs: u32): void {
  ring.multiplyAdd(wide, a, b, c, limbs);
}

/** Begins base^exponent mod n with a secret exponent. See power.ts. */
export function beginPower(
  state: Power,
  modulus: Modulus,
  base: usize,
  exponent: usize,
  exponentBytes: u32,
  product: usize,
): void {
  power.begin(state, modulus, base, exponent, exponentBytes, product);
}

/** Does at most `count` multiplications of an exponentiation. Returns how many are left. */
export function runPower(state: Power, count: u32): u32 {
  return power.run(state, count);
}

/** Copies the result of an exponentiation, in Montgomery's form. */
export function powerResult(state: Power, to: usize): void {
  power.result(state, to);
}

/** Overwrites memory with zeros. */
export function wipe(at: usize, bytes: u32): void {
  clear(at, bytes);
}
