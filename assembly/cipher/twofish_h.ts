// The function h of Twofish: B. Schneier et al., "Twofish: A 128-Bit Block Cipher" (1998), sections 4.3.2 to 4.3.5, on
// the four words of a vector. The permutations q0 and q1 are nibble look-ups in registers, and products in the field
// are additions, so no address and no branch depends on a secret.

import { high, low, swizzle } from '../simd';

// One step of both permutations: looks up in both tables, and chooses between the results byte by byte.
@inline function lookBoth(t0: v128, t1: v128, index: v128, isQ1: v128): v128 {
  return v128.bitselect(swizzle(t1, index), swizzle(t0, index), isQ1);
}

// a ⊕ ROR4(b, 1) ⊕ 8a mod 16.
@inline function turned(a: v128, b: v128): v128 {
  const withEight = swizzle(i8x16(0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 5, 14, 7), a);
  return v128.xor(withEight, swizzle(i8x16(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15), b));
}

// q1 where the mask is set, else q0 (section 4.3.5).
function q(x: v128, isQ1: v128): v128 {
  const a0 = high(x);
  const b0 = low(x);
  const a2 = lookBoth(
    i8x16(0x8, 0x1, 0x7, 0xd, 0x6, 0xf, 0x3, 0x2, 0x0, 0xb, 0x5, 0x9, 0xe, 0xc, 0xa, 0x4),
    i8x16(0x2, 0x8, 0xb, 0xd, 0xf, 0x7, 0x6, 0xe, 0x3, 0x1, 0x9, 0x4, 0x0, 0xa, 0xc, 0x5),
    v128.xor(a0, b0),
    isQ1,
  );
  const b2 = lookBoth(
    i8x16(0xe, 0xc, 0xb, 0x8, 0x1, 0x2, 0x3, 0x5, 0xf, 0x4, 0xa, 0x6, 0x7, 0x0, 0x9, 0xd),
    i8x16(0x1, 0xe, 0x2, 0xb, 0x4, 0xc, 0x3, 0x7, 0x6, 0xd, 0xa, 0x5, 0xf, 0x9, 0x0, 0x8),
    turned(a0, b0),
    isQ1,
  );
  const a4 = lookBoth(
    i8x16(0xb, 0xa, 0x5, 0xe, 0x6, 0xd, 0x9, 0x0, 0xc, 0x8, 0xf, 0x3, 0x2, 0x4, 0x7, 0x1),
    i8x16(0x4, 0xc, 0x7, 0x5, 0x1, 0x6, 0x9, 0xa, 0x0, 0xe, 0xd, 0x8, 0x2, 0xb, 0x3, 0xf),
    v128.xor(a2, b2),
    isQ1,
  );
  const b4 = lookBoth(
    i8x16(0xd, 0x7, 0xf, 0x4, 0x1, 0x2, 0x6, 0xe, 0x9, 0xb, 0x3, 0x0, 0x8, 0x5, 0xc, 0xa),
    i8x16(0xb, 0x9, 0x5, 0x1, 0xc, 0x3, 0xd, 0xe, 0x6, 0x4, 0x7, 0xf, 0x2, 0x0, 0x8, 0xa),
    turned(a2, b2),
    isQ1,
  );
  return v128.or(i32x4.shl(b4, 4), a4);
}

// Bytes times 2 modulo x⁸ + x⁶ + x⁵ + x³ + 1.
@inline function twice(x: v128): v128 {
  return v128.xor(i8x16.add(x, x), v128.and(i8x16.lt_s(x, i8x16.splat(0)), i8x16.splat(0x69)));
}

// The MDS matrix (section 4.3.2) times each word: the coefficients are 01, 5B and EF.
@inline function mds(x: v128): v128 {
  const x2 = twice(x);
  const x4 = twice(x2);
  const x8 = twice(x4);
  const x16 = twice(x8);
  const x32 = twice(x16);
  const x64 = twice(x32);
  const x128 = twice(x64);
  const shared = v128.xor(v128.xor(x, x2), v128.xor(x8, x64));
  const by5b = v128.xor(shared, x16);
  const byEf = v128.xor(v128.xor(shared, x4), v128.xor(x32, x128));
  const once = i8x16.swizzle(x, i8x16(0, 3, 2, 1, 4, 7, 6, 5, 8, 11, 10, 9, 12, 15, 14, 13));
  const ef = v128.xor(
    i8x16.swizzle(byEf, i8x16(1, 1, 0, 0, 5, 5, 4, 4, 9, 9, 8, 8, 13, 13, 12, 12)),
    i8x16.swizzle(byEf, i8x16(-1, 2, 3, 2, -1, 6, 7, 6, -1, 10, 11, 10, -1, 14, 15, 14)),
  );
  const fiveB = v128.xor(
    i8x16.swizzle(by5b, i8x16(2, 0, 1, 3, 6, 4, 5, 7, 10, 8, 9, 11, 14, 12, 13, 15)),
    i8x16.swizzle(by5b, i8x16(3, -1, -1, -1, 7, -1, -1, -1, 11, -1, -1, -1, 15, -1, -1, -1)),
  );
  return v128.xor(once, v128.xor(ef, fiveB));
}

/**
 * The function h (section 4.3.2) of four words.
 * @param list L0, L1, ...: a vector each, with a word of its own for each word of `x`
 * @param words length of the list, 2 to 4
 */
@inline export function h(x: v128, list: usize, words: u32): v128 {
  if (words == 4) x = v128.xor(q(x, i32x4.splat(0xff0000ff)), v128.load(list, 48));
  if (words >= 3) x = v128.xor(q(x, i32x4.splat(0x0000ffff)), v128.load(list, 32));
  x = v128.xor(q(x, i32x4.splat(0xff00ff00)), v128.load(list, 16));
  x = v128.xor(q(x, i32x4.splat(0xffff0000)), v128.load(list));
  return mds(q(x, i32x4.splat(0x00ff00ff)));
}
