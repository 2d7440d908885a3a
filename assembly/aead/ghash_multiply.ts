// Multiplication in GHASH's field (NIST SP 800-38D section 6.3) in constant time: carry-less products from integer ones, whose
// carries fall into holes (T. Pornin, "BearSSL", constant-time GHASH).

import { high, low, pair, swizzle } from '../simd';

// A block holds x⁰ in the most significant bit of its first byte. Its "number" is the big-endian one, as two halves; its
// "mirror" is the same with all bits of a half in reverse order, because a product's upper half is the lower half of the
// mirrors' product.

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

// The lower 64 bits of the carry-less product. Each factor falls into four parts with a bit in every fourth place, so that up
// to fifteen carries stay in the holes; a sixteenth occurs in the topmost place alone, and falls off.
@inline function product(x: u64, y: u64): u64 {
  const x0 = x & 0x1111111111111111;
  const x1 = x & 0x2222222222222222;
  const x2 = x & 0x4444444444444444;
  const x3 = x & 0x8888888888888888;
  const y0 = y & 0x1111111111111111;
  const y1 = y & 0x2222222222222222;
  const y2 = y & 0x4444444444444444;
  const y3 = y & 0x8888888888888888;
  const z0 = (x0 * y0) ^ (x1 * y3) ^ (x2 * y2) ^ (x3 * y1);
  const z1 = (x0 * y1) ^ (x1 * y0) ^ (x2 * y3) ^ (x3 * y2);
  const z2 = (x0 * y2) ^ (x1 * y1) ^ (x2 * y0) ^ (x3 * y3);
  const z3 = (x0 * y3) ^ (x1 * y2) ^ (x2 * y1) ^ (x3 * y0);
  return (
    (z0 & 0x1111111111111111) | (z1 & 0x2222222222222222) | (z2 & 0x4444444444444444) | (z3 & 0x8888888888888888)
  );
}

/**
 * A step of GHASH: adds a block to the hash, and multiplies it.
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
  // Karatsuba: lower, upper and middle products, each as its lower half and as the mirror of its upper half.
  const lower = product(x0, y0);
  const upper = product(x1, y1);
  const middle = product(x0 ^ x1, y0 ^ y1) ^ lower ^ upper;
  const lowerMirror = product(m0, n0);
  const upperMirror = product(m1, n1);
  const middleMirror = product(m0 ^ m1, n0 ^ n1) ^ lowerMirror ^ upperMirror;
  const mirrors = swapHalves(mirrorBits(pair(lowerMirror, upperMirror)));
  const middles = swapHalves(mirrorBits(i64x2.splat(middleMirror)));
  // The 255 bits of the whole product move left by one, so that x⁰ is the most significant bit of z3. A mirrored half, which
  // is the 64 bits from bit 63 of its product on, stands there already.
  let z3 = i64x2.extract_lane(mirrors, 1) as u64;
  let z2 = (upper << 1) ^ (i64x2.extract_lane(middles, 0) as u64);
  let z1 = (middle << 1) ^ (i64x2.extract_lane(mirrors, 0) as u64);
  const z0 = lower << 1;
  // x¹²⁸ = 1 + x + x² + x⁷, first for the half from x¹⁹² on, then for the one before it.
  z2 ^= z0 ^ (z0 >> 1) ^ (z0 >> 2) ^ (z0 >> 7);
  z1 ^= (z0 << 63) ^ (z0 << 62) ^ (z0 << 57);
  z3 ^= z1 ^ (z1 >> 1) ^ (z1 >> 2) ^ (z1 >> 7);
  z2 ^= (z1 << 63) ^ (z1 << 62) ^ (z1 << 57);
  v128.store(hash, swapHalves(pair(z3, z2)));
}
