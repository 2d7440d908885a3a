// Arithmetic on vectors of nibble pairs, for the vector-permute kernels and the key schedule.

import { high, low, swizzle } from '../simd';
import { A_OVER, PAIR_HIGH, PAIR_LOW, RECIPROCAL } from '../generated/aes_tables';

/** `table[index]` in each byte; 0 if the index is 0x80 or more. */
@inline export function look(table: v128, index: v128): v128 {
  return swizzle(table, index);
}

/** A linear map of bytes from its tables for the low and the high nibble. */
@inline export function mapNibbles(x: v128, byLow: v128, byHigh: v128): v128 {
  return v128.xor(look(byLow, low(x)), look(byHigh, high(x)));
}

/** Turns bytes as in FIPS 197 into nibble pairs. */
@inline export function toPairs(x: v128): v128 {
  return mapNibbles(x, PAIR_LOW(), PAIR_HIGH());
}

// Two indices represent 1/x. One of them is 1/(1/p + a/k) + q, where p and q are the high nibble i and i + k, in either
// order. No index here is between 0x10 and 0x7f.
@inline function indexOf(p: v128, q: v128, k: v128): v128 {
  const sum = v128.xor(look(RECIPROCAL(), p), look(A_OVER(), k));
  return v128.xor(look(RECIPROCAL(), sum), q);
}

/** Index `io` of the reciprocals of nibble pairs. */
@inline export function indexIo(x: v128): v128 {
  const k = low(x);
  const i = high(x);
  return indexOf(i, v128.xor(i, k), k);
}

/** Index `jo` of the reciprocals of nibble pairs. */
@inline export function indexJo(x: v128): v128 {
  const k = low(x);
  const i = high(x);
  return indexOf(v128.xor(i, k), i, k);
}

/** A linear map of the reciprocals from its tables for `io` and `jo`. */
@inline export function mapReciprocal(io: v128, jo: v128, byIo: v128, byJo: v128): v128 {
  return v128.xor(look(byIo, io), look(byJo, jo));
}
