// ChaCha20 (RFC 8439 section 2.4), four blocks at once: a vector holds one word of the state of each. With Poly1305 the
// blocks of the group before are hashed between the rounds: vectors and 64-bit multiplications run in different units
// of a processor, so both together take little longer than one of them.

import { accumulatorOf, folded, limb, storeLimbs, sumOf } from '../mac/poly1305';

/** Bytes of a group of four blocks. */
export const CHACHA20_GROUP_BYTES: usize = 256;

@inline function rotate16(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}

@inline function rotate12(x: v128): v128 {
  return v128.or(i32x4.shl(x, 12), i32x4.shr_u(x, 20));
}

@inline function rotate8(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}

@inline function rotate7(x: v128): v128 {
  return v128.or(i32x4.shl(x, 7), i32x4.shr_u(x, 25));
}

// Turns four vectors with one word of four blocks each into four words of one block each, and adds the text at src.
@inline function mix(src: usize, dst: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const ab23 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd01 = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cd23 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(dst, v128.xor(v128.load(src), i64x2.shuffle(ab01, cd01, 0, 2)));
  v128.store(dst, v128.xor(v128.load(src, 64), i64x2.shuffle(ab01, cd01, 1, 3)), 64);
  v128.store(dst, v128.xor(v128.load(src, 128), i64x2.shuffle(ab23, cd23, 0, 2)), 128);
  v128.store(dst, v128.xor(v128.load(src, 192), i64x2.shuffle(ab23, cd23, 1, 3)), 192);
}

/**
 * Adds the key stream to whole groups of four blocks. If `src` is zeros, `dst` gets the key stream itself.
 * @param key 32 bytes, any alignment
 * @param nonce 12 bytes, any alignment
 * @param counter number of the first block; counts modulo 2³²
 * @param src `groups` * 256 bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param poly a context of Poly1305 that keeps no bytes back
 * @param hashes whether all groups of the result but the last one are added to the hash of `poly`
 */
export function chacha20Groups(
  key: usize,
  nonce: usize,
  counter: u32,
  src: usize,
  dst: usize,
  groups: usize,
  poly: usize,
  hashes: bool,
): void {
  const r0 = limb(poly, 0);
  const r1 = limb(poly, 1);
  const r2 = limb(poly, 2);
  const r3 = limb(poly, 3);
  const f1 = folded(r1);
  const f2 = folded(r2);
  const f3 = folded(r3);
  const accumulator = accumulatorOf(poly);
  let h0 = limb(accumulator, 0);
  let h1 = limb(accumulator, 1);
  let h2 = limb(accumulator, 2);
  let h3 = load<u64>(accumulator, 12);
  // The blocks that are to be hashed: none while the first group is made.
  let text: usize = 0;
  let textEnd: usize = 0;
  const end = src + groups * CHACHA20_GROUP_BYTES;
  const offset = dst - src;
  let numbers = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
  while (src != end) {
    let x0 = i32x4.splat(0x61707865);
    let x1 = i32x4.splat(0x3320646e);
    let x2 = i32x4.splat(0x79622d32);
    let x3 = i32x4.splat(0x6b206574);
    let x4 = v128.load32_splat(key);
    let x5 = v128.load32_splat(key, 4);
    let x6 = v128.load32_splat(key, 8);
    let x7 = v128.load32_splat(key, 12);
    let x8 = v128.load32_splat(key, 16);
    let x9 = v128.load32_splat(key, 20);
    let x10 = v128.load32_splat(key, 24);
    let x11 = v128.load32_splat(key, 28);
    let x12 = numbers;
    let x13 = v128.load32_splat(nonce);
    let x14 = v128.load32_splat(nonce, 4);
    let x15 = v128.load32_splat(nonce, 8);
    let rounds = 10;
    do {
      // The quarter rounds of the columns (section 2.3), side by side.
      x0 = i32x4.add(x0, x4);
      x1 = i32x4.add(x1, x5);
      x2 = i32x4.add(x2, x6);
      x3 = i32x4.add(x3, x7);
      x12 = rotate16(v128.xor(x12, x0));
      x13 = rotate16(v128.xor(x13, x1));
      x14 = rotate16(v128.xor(x14, x2));
      x15 = rotate16(v128.xor(x15, x3));
      x8 = i32x4.add(x8, x12);
      x9 = i32x4.add(x9, x13);
      x10 = i32x4.add(x10, x14);
      x11 = i32x4.add(x11, x15);
      x4 = rotate12(v128.xor(x4, x8));
      x5 = rotate12(v128.xor(x5, x9));
      x6 = rotate12(v128.xor(x6, x10));
      x7 = rotate12(v128.xor(x7, x11));
      x0 = i32x4.add(x0, x4);
      x1 = i32x4.add(x1, x5);
      x2 = i32x4.add(x2, x6);
      x3 = i32x4.add(x3, x7);
      x12 = rotate8(v128.xor(x12, x0));
      x13 = rotate8(v128.xor(x13, x1));
      x14 = rotate8(v128.xor(x14, x2));
      x15 = rotate8(v128.xor(x15, x3));
      x8 = i32x4.add(x8, x12);
      x9 = i32x4.add(x9, x13);
      x10 = i32x4.add(x10, x14);
      x11 = i32x4.add(x11, x15);
      x4 = rotate7(v128.xor(x4, x8));
      x5 = rotate7(v128.xor(x5, x9));
      x6 = rotate7(v128.xor(x6, x10));
      x7 = rotate7(v128.xor(x7, x11));
      if (text != textEnd) {
        h0 += limb(text, 0);
        h1 += limb(text, 1);
        h2 += limb(text, 2);
        h3 += limb(text, 3) + ((1 as u64) << 32);
        const d0 = sumOf(h1, f3, h2, f2, h3, f1, h0, r0);
        const d1 = sumOf(h1, r0, h2, f3, h3, f2, h0, r1) + (d0 >> 32);
        const d2 = sumOf(h1, r1, h2, r0, h3, f3, h0, r2) + (d1 >> 32);
        const d3 = sumOf(h1, r2, h2, r1, h3, r0, h0, r3) + (d2 >> 32);
        h0 = (d0 & 0xffffffff) + (d3 >> 34) * 5;
        h1 = d1 & 0xffffffff;
        h2 = d2 & 0xffffffff;
        h3 = d3 & 0x3ffffffff;
        text += 16;
      }
      // The quarter rounds of the diagonals. The hash takes a block before and behind them: a loop over both costs
      // most of what the overlap saves.
      x0 = i32x4.add(x0, x5);
      x1 = i32x4.add(x1, x6);
      x2 = i32x4.add(x2, x7);
      x3 = i32x4.add(x3, x4);
      x15 = rotate16(v128.xor(x15, x0));
      x12 = rotate16(v128.xor(x12, x1));
      x13 = rotate16(v128.xor(x13, x2));
      x14 = rotate16(v128.xor(x14, x3));
      x10 = i32x4.add(x10, x15);
      x11 = i32x4.add(x11, x12);
      x8 = i32x4.add(x8, x13);
      x9 = i32x4.add(x9, x14);
      x5 = rotate12(v128.xor(x5, x10));
      x6 = rotate12(v128.xor(x6, x11));
      x7 = rotate12(v128.xor(x7, x8));
      x4 = rotate12(v128.xor(x4, x9));
      x0 = i32x4.add(x0, x5);
      x1 = i32x4.add(x1, x6);
      x2 = i32x4.add(x2, x7);
      x3 = i32x4.add(x3, x4);
      x15 = rotate8(v128.xor(x15, x0));
      x12 = rotate8(v128.xor(x12, x1));
      x13 = rotate8(v128.xor(x13, x2));
      x14 = rotate8(v128.xor(x14, x3));
      x10 = i32x4.add(x10, x15);
      x11 = i32x4.add(x11, x12);
      x8 = i32x4.add(x8, x13);
      x9 = i32x4.add(x9, x14);
      x5 = rotate7(v128.xor(x5, x10));
      x6 = rotate7(v128.xor(x6, x11));
      x7 = rotate7(v128.xor(x7, x8));
      x4 = rotate7(v128.xor(x4, x9));
      if (text != textEnd) {
        h0 += limb(text, 0);
        h1 += limb(text, 1);
        h2 += limb(text, 2);
        h3 += limb(text, 3) + ((1 as u64) << 32);
        const d0 = sumOf(h1, f3, h2, f2, h3, f1, h0, r0);
        const d1 = sumOf(h1, r0, h2, f3, h3, f2, h0, r1) + (d0 >> 32);
        const d2 = sumOf(h1, r1, h2, r0, h3, f3, h0, r2) + (d1 >> 32);
        const d3 = sumOf(h1, r2, h2, r1, h3, r0, h0, r3) + (d2 >> 32);
        h0 = (d0 & 0xffffffff) + (d3 >> 34) * 5;
        h1 = d1 & 0xffffffff;
        h2 = d2 & 0xffffffff;
        h3 = d3 & 0x3ffffffff;
        text += 16;
      }
    } while (--rounds != 0);
    const out = src + offset;
    mix(
      src,
      out,
      i32x4.add(x0, i32x4.splat(0x61707865)),
      i32x4.add(x1, i32x4.splat(0x3320646e)),
      i32x4.add(x2, i32x4.splat(0x79622d32)),
      i32x4.add(x3, i32x4.splat(0x6b206574)),
    );
    mix(
      src + 16,
      out + 16,
      i32x4.add(x4, v128.load32_splat(key)),
      i32x4.add(x5, v128.load32_splat(key, 4)),
      i32x4.add(x6, v128.load32_splat(key, 8)),
      i32x4.add(x7, v128.load32_splat(key, 12)),
    );
    mix(
      src + 32,
      out + 32,
      i32x4.add(x8, v128.load32_splat(key, 16)),
      i32x4.add(x9, v128.load32_splat(key, 20)),
      i32x4.add(x10, v128.load32_splat(key, 24)),
      i32x4.add(x11, v128.load32_splat(key, 28)),
    );
    mix(
      src + 48,
      out + 48,
      i32x4.add(x12, numbers),
      i32x4.add(x13, v128.load32_splat(nonce)),
      i32x4.add(x14, v128.load32_splat(nonce, 4)),
      i32x4.add(x15, v128.load32_splat(nonce, 8)),
    );
    numbers = i32x4.add(numbers, i32x4.splat(4));
    src += CHACHA20_GROUP_BYTES;
    if (!hashes) continue;
    text = out;
    textEnd = out + CHACHA20_GROUP_BYTES;
  }
  if (hashes) storeLimbs(accumulator, h0, h1, h2, h3);
}
