// Multiplication in GHASH's field (NIST SP 800-38D section 6.3) in constant time.

import { carrylessLow } from '../carryless';
import { high, low, pair, swizzle } from '../simd';

// A block holds x⁰ in the most significant bit of its first byte. Its "number" is its big-endian value, as two halves.
// Its "mirror" is the number with the bits of each half in reverse order. It is needed because the upper half of a
// product is the lower half of the product of the mirrors.

/** Where ghashStep finds its factor: number (upper, lower), then mirror (upper, lower). */
export const FACTOR_BYTES: usize = 32;

// The bytes of each half in reverse order.
@inline function swapHalves(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
}

// The bits of each byte in reverse order.
@inline function mirrorBits(x: v128): v128 {
  const asLow = i8x16(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
  const asHigh = i8x16(0, -128, 64, -64, 32, -96, 96, -32, 16, -112, 80, -48, 48, -80, 112, -16);
  return v128.or(swizzle(asHigh, low(x)), swizzle(asLow, high(x)));
}

/**
 * Prepares a block as a factor.
 * @param factor FACTOR_BYTES of memory
 * @param src the block, any alignment
 */
export function storeFactor(factor: usize, src: usize): void {
  const block = v128.load(src);
  v128.store(factor, swapHalves(block));
  v128.store(factor, mirrorBits(block), 16);
}

/**
 * A step of GHASH: adds a block to the hash, and multiplies the hash by the factor.
 * @param hash 16 bytes, replaced
 * @param src the block, any alignment
 * @param factor see storeFactor
 */
export function ghashStep(hash: usize, src: usize, factor: usize): void {
  const block = v128.xor(v128.load(hash), v128.load(src));
  const number = swapHalves(block);
  const mirror = mirrorBits(block);
  const x1 = i64x2.extract_lane(number, 0) as u64;
  const x0 = i64x2.extract_lane(number, 1) as u64;
  const m1 = i64x2.extract_lane(mirror, 0) as u64;
  const m0 = i64x2.extract_lane(mirror, 1) as u64;
  const y1 = load<u64>(factor);
  const y0 = load<u64>(factor, 8);
  const n1 = load<u64>(factor, 16);
  const n0 = load<u64>(factor, 24);
  // Karatsuba: the lower, upper and middle product, each as its lower half and as the mirror of its upper half.
  const lower = carrylessLow(x0, y0);
  const upper = carrylessLow(x1, y1);
  const middle = carrylessLow(x0 ^ x1, y0 ^ y1) ^ lower ^ upper;
  const lowerMirror = carrylessLow(m0, n0);
  const upperMirror = carrylessLow(m1, n1);
  const middleMirror = carrylessLow(m0 ^ m1, n0 ^ n1) ^ lowerMirror ^ upperMirror;
  const mirrors = swapHalves(mirrorBits(pair(lowerMirror, upperMirror)));
  const middles = swapHalves(mirrorBits(i64x2.splat(middleMirror)));
  // The 255 bits of the whole product move left by one, so that x⁰ is the most significant bit of z3. A mirrored half
  // needs no move, because it holds the 64 bits from bit 63 of its product on.
  let z3 = i64x2.extract_lane(mirrors, 1) as u64;
  let z2 = (upper << 1) ^ (i64x2.extract_lane(middles, 0) as u64);
  let z1 = (middle << 1) ^ (i64x2.extract_lane(mirrors, 0) as u64);
  const z0 = lower << 1;
  // Reduces by x¹²⁸ = 1 + x + x² + x⁷, first the half from x¹⁹² on, then the half from x¹²⁸ on.
  z2 ^= z0 ^ (z0 >> 1) ^ (z0 >> 2) ^ (z0 >> 7);
  z1 ^= (z0 << 63) ^ (z0 << 62) ^ (z0 << 57);
  z3 ^= z1 ^ (z1 >> 1) ^ (z1 >> 2) ^ (z1 >> 7);
  z2 ^= (z1 << 63) ^ (z1 << 62) ^ (z1 << 57);
  v128.store(hash, swapHalves(pair(z3, z2)));
}
