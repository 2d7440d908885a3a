// Four messages side by side: a vector holds one 32-bit word of each.

@inline export function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

@inline export function splat(word: u32): v128 {
  return i32x4.splat(word);
}

/** Swaps the bytes of four words: from big-endian to little-endian, and back. */
@inline export function swapWords(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

// The steps of a transposition of four by four words: words of two vectors in turn, then pairs of words.
@inline export function lowWords(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

@inline export function highWords(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}

@inline export function lowPair(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

@inline export function highPair(x: v128, y: v128): v128 {
  return i8x16.shuffle(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
