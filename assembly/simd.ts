// Vector operations that differ between the two builds of the engine, or that several algorithms share.

/**
 * `table[index]` in each byte; 0 if the index is 0x80 or more. Indices from 0x10 to 0x7f must not occur, because the
 * relaxed instruction leaves their result to the processor. In return x86 saves an addition.
 */
@inline export function swizzle(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}

/** The low nibbles, each in a byte of its own. */
@inline export function low(x: v128): v128 {
  return v128.and(x, i8x16.splat(0x0f));
}

/**
 * The high nibbles, each in a byte of its own. It shifts words, because x86 has no byte shift. It uses no and-not,
 * because V8 makes a slower float instruction of it.
 */
@inline export function high(x: v128): v128 {
  return v128.and(i32x4.shr_u(x, 4), i8x16.splat(0x0f));
}

/**
 * The bytes in reverse order. It turns a big-endian number of 128 bits into two little-endian halves, the low half
 * first, and back.
 */
@inline export function reverseBytes(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/** Two 64-bit numbers as a vector. */
@inline export function pair(first: u64, second: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(first), 1, second);
}
