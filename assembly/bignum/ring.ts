// What is done with numbers modulo n beside multiplications. No branch and no address depends on a limb.
import {
  LIMB_BITS,
  LIMB_MASK,
  bitsOfR,
  limbOf,
  numberBytes,
  prepareInverse,
  setLimb,
  square,
  upperLimb,
} from './kernel';
import { MODULUS_HEADER_BYTES, Modulus, nOf } from './modulus';
import { wipe } from '../memory/bytes';

/** Bytes of a modulus. */
export function modulusBytes(limbs: u32): u32 {
  return <u32>MODULUS_HEADER_BYTES + 2 * numberBytes(limbs);
}

@inline
export function squareOfR(modulus: Modulus): usize {
  return nOf(modulus) + numberBytes(modulus.limbs);
}

/** number = number mod n, for a number below 2 n. */
export function canonical(number: usize, modulus: Modulus): void {
  subtractIfLarger(number, nOf(modulus), modulus.limbs);
}

/** result = a + b mod n, below 2 n, for a and b below 2 n. */
export function add(result: usize, a: usize, b: usize, modulus: Modulus): void {
  const n = nOf(modulus);
  let carry: i64 = 0;
  for (let index: u32 = 0; index < modulus.limbs; index++) {
    const sum = <i64>limbOf(a, index) + <i64>limbOf(b, index) - 2 * <i64>limbOf(n, index) + carry;
    carry = sum >> LIMB_BITS;
    setLimb(result, index, (<u64>sum) & LIMB_MASK);
  }
  // a + b - 2 n is below 2 n, and the last carry is -1 if it is below 0.
  addTimes(result, n, 2 & carry, modulus.limbs);
}

/** result = a - b mod n, below 2 n, for a and b below 2 n. */
export function subtract(result: usize, a: usize, b: usize, modulus: Modulus): void {
  let carry: i64 = 0;
  for (let index: u32 = 0; index < modulus.limbs; index++) {
    const sum = <i64>limbOf(a, index) - <i64>limbOf(b, index) + carry;
    carry = sum >> LIMB_BITS;
    setLimb(result, index, (<u64>sum) & LIMB_MASK);
  }
  addTimes(result, nOf(modulus), 2 & carry, modulus.limbs);
}

/** Subtracts n from a number that is not smaller, and leaves a smaller one as it is. */
function subtractIfLarger(number: usize, n: usize, limbs: u32): void {
  let borrow: i64 = 0;
  for (let index: u32 = 0; index < limbs; index++) {
    borrow = (<i64>limbOf(number, index) - <i64>limbOf(n, index) + borrow) >> LIMB_BITS;
  }
  // The last borrow is -1 if the number is smaller.
  addTimes(number, n, ~borrow, limbs);
}

/** Adds `factor` times n to a number: -1, 0 or 2 times. The last carry is left out. */
function addTimes(number: usize, n: usize, factor: i64, limbs: u32): void {
  let carry: i64 = 0;
  for (let index: u32 = 0; index < limbs; index++) {
    const sum = <i64>limbOf(number, index) + factor * <i64>limbOf(n, index) + carry;
    carry = sum >> LIMB_BITS;
    setLimb(number, index, (<u64>sum) & LIMB_MASK);
  }
}

/** wide = a b + c, of 2 L limbs, for numbers of L limbs. */
export function multiplyAdd(wide: usize, a: usize, b: usize, c: usize, limbs: u32): void {
  let carry: u64 = 0;
  for (let column: u32 = 0; column < 2 * limbs; column++) {
    const first: u32 = column < limbs ? 0 : column - limbs + 1;
    const last = min<u32>(column, limbs - 1);
    if (column < limbs) carry += limbOf(c, column);
    let high: u64 = 0;
    for (let row = first; row <= last; row++) {
      const x = limbOf(a, row);
      const y = limbOf(b, column - row);
      carry += (x * y) & LIMB_MASK;
      high += upperLimb(x, y);
    }
    setLimb(wide, column, carry & LIMB_MASK);
    carry = (carry >> LIMB_BITS) + high;
  }
}

/**
 * Prepares a modulus whose limbs are at nOf(): an odd number of exactly `bits` bits.
 * @param product productBytes() of scratch, aligned to 16
 */
export function prepare(modulus: Modulus, bits: u32, product: usize): void {
  modulus.bits = bits;
  prepareInverse(modulus);
  // 2^(bits - 1) is below n. Doubled, it becomes R mod n, which is 1 in Montgomery's form. 2 there, raised to the
  // power of R's bits, is R^2 mod n.
  const power = squareOfR(modulus);
  wipe(power, numberBytes(modulus.limbs));
  setLimb(power, (bits - 1) / LIMB_BITS, (<u64>1) << ((bits - 1) % LIMB_BITS));
  const exponent = bitsOfR(modulus.limbs);
  for (let bit = bits - 1; bit < exponent; bit++) double(power, modulus);
  double(power, modulus);
  for (let bit: i32 = 30 - <i32>clz<u32>(exponent); bit >= 0; bit--) {
    square(power, power, modulus, product);
    canonical(power, modulus);
    if ((exponent >> bit) & 1) double(power, modulus);
  }
}

/** number = 2 number mod n, for a number below n. */
function double(number: usize, modulus: Modulus): void {
  let carry: u64 = 0;
  for (let index: u32 = 0; index < modulus.limbs; index++) {
    const limb = 2 * limbOf(number, index) + carry;
    carry = limb >> LIMB_BITS;
    setLimb(number, index, limb & LIMB_MASK);
  }
  canonical(number, modulus);
}
