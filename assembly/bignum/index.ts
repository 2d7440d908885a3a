// The exports of the kernel for big numbers, which is a binary of its own: its memory holds nothing but keys and
// numbers, and programs that offer no RSA do not load it. All addresses are the host's. Numbers as in montgomery.ts.
import { fromBytes as read, notBelow as compare, equal as same, toBytes as write } from './bytes';
import * as montgomery from './montgomery';
import { Modulus } from './montgomery';
import * as power from './power';
import { Power } from './power';
import { wipe as clear } from '../memory/bytes';

/** Limbs for a modulus of `bits` bits, and the bytes of what is made of so many limbs. */
export function limbsOf(bits: u32): u32 {
  return montgomery.limbsOf(bits);
}
export function numberBytes(limbs: u32): u32 {
  return montgomery.numberBytes(limbs);
}
export function modulusBytes(limbs: u32): u32 {
  return montgomery.modulusBytes(limbs);
}
export function productBytes(limbs: u32): u32 {
  return montgomery.productBytes(limbs);
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
 * 28 limbs >= bits + 2.
 * @param product productBytes() of scratch, aligned to 16
 */
export function setModulus(modulus: Modulus, limbs: u32, bytes: usize, length: u32, bits: u32, product: usize): void {
  modulus.limbs = limbs;
  read(montgomery.nOf(modulus), limbs, bytes, length);
  montgomery.prepare(modulus, bits, product);
}

/** The address of R^2 mod n in a modulus, and of n. */
export function squareOfR(modulus: Modulus): usize {
  return montgomery.squareOfR(modulus);
}
export function nOf(modulus: Modulus): usize {
  return montgomery.nOf(modulus);
}

/** result = a b / R mod n. */
export function multiply(result: usize, a: usize, b: usize, modulus: Modulus, product: usize): void {
  montgomery.multiply(result, a, b, modulus, product);
}

/** result = a^2 / R mod n. */
export function square(result: usize, a: usize, modulus: Modulus, product: usize): void {
  montgomery.square(result, a, modulus, product);
}

/** result = wide / R mod n, for a wide number below R n. `zero` is a number of zeros. */
export function reduce(
  result: usize,
  wide: usize,
  wideLimbs: u32,
  zero: usize,
  modulus: Modulus,
  product: usize,
): void {
  montgomery.reduce(result, wide, wideLimbs, zero, modulus, product);
}

/** result = a - b mod n, below 2 n. */
export function subtract(result: usize, a: usize, b: usize, modulus: Modulus): void {
  montgomery.subtract(result, a, b, modulus);
}

/** number = number mod n, for a number below 2 n. */
export function canonical(number: usize, modulus: Modulus): void {
  montgomery.canonical(number, modulus);
}

/** wide = a b + c, of 2 limbs limbs. */
export function multiplyAdd(wide: usize, a: usize, b: usize, c: usize, limbs: u32): void {
  montgomery.multiplyAdd(wide, a, b, c, limbs);
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
