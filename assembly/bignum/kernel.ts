// The two kernels, of which a build has one. They differ in what a limb is, and in how limbs are multiplied; everything
// else about numbers is shared. fused.ts is for hosts whose relaxed_madd is a fused multiply-add, narrow.ts for others.
import * as fused from './fused';
import { Modulus } from './modulus';
import * as narrow from './narrow';

export const LIMB_BITS: u32 = ASC_FEATURE_RELAXED_SIMD ? fused.LIMB_BITS : narrow.LIMB_BITS;
export const LIMB_MASK: u64 = ((<u64>1) << LIMB_BITS) - 1;

/** The number of limbs for a modulus of `bits` bits: numbers below 2 n leave one bit of them free. */
@inline
export function limbsOf(bits: u32): u32 {
  return ASC_FEATURE_RELAXED_SIMD ? fused.limbsOf(bits) : narrow.limbsOf(bits);
}

/** Bytes of a number of `limbs` limbs, a multiple of 64. */
@inline
export function numberBytes(limbs: u32): u32 {
  return ((ASC_FEATURE_RELAXED_SIMD ? fused.numberBytes(limbs) : narrow.numberBytes(limbs)) + 63) & ~63;
}

/** Bytes of scratch for a multiplication. */
@inline
export function productBytes(limbs: u32): u32 {
  return ASC_FEATURE_RELAXED_SIMD ? fused.productBytes(limbs) : narrow.productBytes(limbs);
}

/** The binary logarithm of R. */
@inline
export function bitsOfR(limbs: u32): u32 {
  return ASC_FEATURE_RELAXED_SIMD ? fused.bitsOfR(limbs) : narrow.bitsOfR(limbs);
}

@inline
export function limbOf(number: usize, index: u32): u64 {
  return ASC_FEATURE_RELAXED_SIMD ? fused.limbOf(number, index) : narrow.limbOf(number, index);
}

@inline
export function setLimb(number: usize, index: u32, limb: u64): void {
  if (ASC_FEATURE_RELAXED_SIMD) fused.setLimb(number, index, limb);
  else narrow.setLimb(number, index, limb);
}

/** The whole part of the product of two limbs, divided by a limb's range. */
@inline
export function upperLimb(x: u64, y: u64): u64 {
  return ASC_FEATURE_RELAXED_SIMD ? fused.upperLimb(x, y) : (x * y) >> LIMB_BITS;
}

/** Makes -1 / n for a modulus whose n is there. */
@inline
export function prepareInverse(modulus: Modulus): void {
  if (ASC_FEATURE_RELAXED_SIMD) fused.prepareInverse(modulus);
  else narrow.prepareInverse(modulus);
}

/**
 * result = a b / R mod n, below 2 n, for a b < R n (true if both are below 2 n). result may be a or b.
 * @param product productBytes() of scratch, aligned to 16. It keeps the product: the caller wipes it
 */
@inline
export function multiply(result: usize, a: usize, b: usize, modulus: Modulus, product: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fused.multiply(result, a, b, modulus, product);
  else narrow.multiply(result, a, b, modulus, product);
}

/** result = a^2 / R mod n, below 2 n, for a below 2 n. result may be a. */
@inline
export function square(result: usize, a: usize, modulus: Modulus, product: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fused.square(result, a, modulus, product);
  else narrow.square(result, a, modulus, product);
}

/** result = wide / R mod n, below 2 n, for a number of `wideLimbs` limbs (at most 2 L) that is below R n. */
@inline
export function reduce(result: usize, wide: usize, wideLimbs: u32, modulus: Modulus, product: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fused.reduce(result, wide, wideLimbs, modulus, product);
  else narrow.reduce(result, wide, wideLimbs, modulus, product);
}
