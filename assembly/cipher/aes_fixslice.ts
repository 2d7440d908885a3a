// AES on eight blocks at once, bitsliced and fixsliced: A. Adomnicai and T. Peyrin, "Fixslicing AES-like Ciphers" (TCHES
// 2021/1), on the planes of E. Käsper and P. Schwabe, "Faster and Timing-Attack Resistant AES-GCM" (CHES 2009).
//
// Bit n of byte p of plane b is bit b of byte p of block n. ShiftRows is never done: after r rounds the real state is
// ShiftRows^r of the one held, the round keys are stored to suit, and MixColumns takes its bytes from where ShiftRows
// would have put them. A state is the 128 bytes at ctx + AES_STATE, and each step works on it in place.

import { invSubBytes } from './aes_bitslice';
import { AES_PLANE_KEYS, AES_PLANE_KEY_BYTES, AES_STATE, aesRounds } from './aes_context';

// Each byte from the row below and, as the state is `skipped` ShiftRows behind, from so many columns further right.
// @ts-ignore: decorator
@inline function turn1(x: v128, skipped: u32): v128 {
  if (skipped == 0) return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
  if (skipped == 1) return i8x16.swizzle(x, i8x16(5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0));
  if (skipped == 2) return i8x16.swizzle(x, i8x16(9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4));
  return i8x16.swizzle(x, i8x16(13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8));
}

// The same, twice.
// @ts-ignore: decorator
@inline function turn2(x: v128, skipped: u32): v128 {
  if ((skipped & 1) == 0) return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return i8x16.swizzle(x, i8x16(10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5));
}

// @ts-ignore: decorator
@inline function keyed(state: usize, key: usize, plane: usize): v128 {
  return v128.xor(v128.load(state + 16 * plane), v128.load(key + 16 * plane));
}

// AddRoundKey, then InvMixColumns (FIPS 197 section 5.3.3). With y for a turn of the column by one row, s = a + ya and
// m = 2s + a, the matrix 14 + 11y + 13y² + 9y³ is m + (s + 4m) + y²(s + 4m): 48 additions and 16 turns.
// @ts-ignore: decorator
@inline function addKeyInvMixColumns(state: usize, key: usize, skipped: u32): void {
  const a0 = keyed(state, key, 0);
  const a1 = keyed(state, key, 1);
  const a2 = keyed(state, key, 2);
  const a3 = keyed(state, key, 3);
  const a4 = keyed(state, key, 4);
  const a5 = keyed(state, key, 5);
  const a6 = keyed(state, key, 6);
  const a7 = keyed(state, key, 7);
  const s0 = v128.xor(a0, turn1(a0, skipped));
  const s1 = v128.xor(a1, turn1(a1, skipped));
  const s2 = v128.xor(a2, turn1(a2, skipped));
  const s3 = v128.xor(a3, turn1(a3, skipped));
  const s4 = v128.xor(a4, turn1(a4, skipped));
  const s5 = v128.xor(a5, turn1(a5, skipped));
  const s6 = v128.xor(a6, turn1(a6, skipped));
  const s7 = v128.xor(a7, turn1(a7, skipped));
  // The field's polynomial x⁸ + x⁴ + x³ + x + 1 brings the carry out of plane 7 back into planes 0, 1, 3 and 4.
  const m0 = v128.xor(a0, s7);
  const m1 = v128.xor(a1, v128.xor(s0, s7));
  const m2 = v128.xor(a2, s1);
  const m3 = v128.xor(a3, v128.xor(s2, s7));
  const m4 = v128.xor(a4, v128.xor(s3, s7));
  const m5 = v128.xor(a5, s4);
  const m6 = v128.xor(a6, s5);
  const m7 = v128.xor(a7, s6);
  const carry = v128.xor(m6, m7);
  outer(state, 0, m0, v128.xor(s0, m6), skipped);
  outer(state, 1, m1, v128.xor(s1, carry), skipped);
  outer(state, 2, m2, v128.xor(s2, v128.xor(m0, m7)), skipped);
  outer(state, 3, m3, v128.xor(s3, v128.xor(m1, m6)), skipped);
  outer(state, 4, m4, v128.xor(s4, v128.xor(m2, carry)), skipped);
  outer(state, 5, m5, v128.xor(s5, v128.xor(m3, m7)), skipped);
  outer(state, 6, m6, v128.xor(s6, m4), skipped);
  outer(state, 7, m7, v128.xor(s7, m5), skipped);
}

// @ts-ignore: decorator
@inline function outer(state: usize, plane: usize, m: v128, q: v128, skipped: u32): void {
  v128.store(state + 16 * plane, v128.xor(v128.xor(m, q), turn2(q, skipped)));
}

// @ts-ignore: decorator
@inline function invRound(state: usize, key: usize, skipped: u32): void {
  addKeyInvMixColumns(state, key, skipped);
  invSubBytes(state);
}

// @ts-ignore: decorator
@inline function addKey(state: usize, key: usize): void {
  for (let end = state + AES_PLANE_KEY_BYTES; state != end; state += 16, key += 16) {
    v128.store(state, v128.xor(v128.load(state), v128.load(key)));
  }
}

// Twice ShiftRows is its own inverse, and ShiftRows four times is nothing.
// @ts-ignore: decorator
@inline function shiftRowsTwice(state: usize): void {
  for (let end = state + AES_PLANE_KEY_BYTES; state != end; state += 16) {
    v128.store(state, i8x16.swizzle(v128.load(state), i8x16(0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 5, 14, 7)));
  }
}

// Bits of `high` that belong into `low` and the other way round, as a difference at the place in `high`.
// @ts-ignore: decorator
@inline function difference(lower: v128, upper: v128, shift: i32, mask: v128): v128 {
  return v128.and(v128.xor(i64x2.shr_u(lower, shift), upper), mask);
}

// Transposes, in each byte position, the 8 x 8 matrix of blocks and bits: blocks become planes and planes blocks.
// @ts-ignore: decorator
@inline function transpose(state: usize): void {
  let a0 = v128.load(state, 0);
  let a1 = v128.load(state, 16);
  let a2 = v128.load(state, 32);
  let a3 = v128.load(state, 48);
  let a4 = v128.load(state, 64);
  let a5 = v128.load(state, 80);
  let a6 = v128.load(state, 96);
  let a7 = v128.load(state, 112);
  let d: v128;
  const ones = i8x16.splat(0x55);
  d = difference(a0, a1, 1, ones), a0 = v128.xor(a0, i64x2.shl(d, 1)), a1 = v128.xor(a1, d);
  d = difference(a2, a3, 1, ones), a2 = v128.xor(a2, i64x2.shl(d, 1)), a3 = v128.xor(a3, d);
  d = difference(a4, a5, 1, ones), a4 = v128.xor(a4, i64x2.shl(d, 1)), a5 = v128.xor(a5, d);
  d = difference(a6, a7, 1, ones), a6 = v128.xor(a6, i64x2.shl(d, 1)), a7 = v128.xor(a7, d);
  const twos = i8x16.splat(0x33);
  d = difference(a0, a2, 2, twos), a0 = v128.xor(a0, i64x2.shl(d, 2)), a2 = v128.xor(a2, d);
  d = difference(a1, a3, 2, twos), a1 = v128.xor(a1, i64x2.shl(d, 2)), a3 = v128.xor(a3, d);
  d = difference(a4, a6, 2, twos), a4 = v128.xor(a4, i64x2.shl(d, 2)), a6 = v128.xor(a6, d);
  d = difference(a5, a7, 2, twos), a5 = v128.xor(a5, i64x2.shl(d, 2)), a7 = v128.xor(a7, d);
  const fours = i8x16.splat(0x0f);
  d = difference(a0, a4, 4, fours), v128.store(state, v128.xor(a0, i64x2.shl(d, 4)), 0), v128.store(state, v128.xor(a4, d), 64);
  d = difference(a1, a5, 4, fours), v128.store(state, v128.xor(a1, i64x2.shl(d, 4)), 16), v128.store(state, v128.xor(a5, d), 80);
  d = difference(a2, a6, 4, fours), v128.store(state, v128.xor(a2, i64x2.shl(d, 4)), 32), v128.store(state, v128.xor(a6, d), 96);
  d = difference(a3, a7, 4, fours), v128.store(state, v128.xor(a3, i64x2.shl(d, 4)), 48), v128.store(state, v128.xor(a7, d), 112);
}

/**
 * Deciphers the eight blocks at ctx + AES_STATE in place: the inverse cipher of FIPS 197 section 5.3.
 * @param ctx expanded key, see aesExpandKey
 */
export function aesDecryptState(ctx: usize): void {
  const state = ctx + AES_STATE;
  const rounds = aesRounds(ctx);
  let key = ctx + AES_PLANE_KEYS + (rounds as usize) * AES_PLANE_KEY_BYTES;
  transpose(state);
  if (rounds != 12) shiftRowsTwice(state);
  addKey(state, key);
  invSubBytes(state);
  // The rounds left are 9, 11 or 13, numbered down to 1; round r is r ShiftRows behind. The first lap begins where
  // AES-128 and AES-256 (r = 1 modulo 4) or AES-192 (r = 3 modulo 4) enter it.
  let full = false;
  const last = ctx + AES_PLANE_KEYS + AES_PLANE_KEY_BYTES;
  do {
    if (full) invRound(state, (key -= AES_PLANE_KEY_BYTES), 0);
    if (full || rounds == 12) {
      invRound(state, (key -= AES_PLANE_KEY_BYTES), 3);
      invRound(state, (key -= AES_PLANE_KEY_BYTES), 2);
    }
    invRound(state, (key -= AES_PLANE_KEY_BYTES), 1);
    full = true;
  } while (key != last);
  addKey(state, key - AES_PLANE_KEY_BYTES);
  transpose(state);
}

/**
 * CBC decryption (NIST SP 800-38A section 6.2).
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param iv 16 bytes of private scratch: the chaining value, replaced by the last ciphertext block
 * @param src ciphertext, `blocks` * 16 bytes, any alignment
 * @param dst plaintext: the same address as `src`, or memory apart from it
 * @param blocks number of 16-byte blocks
 */
export function aesCbcDecrypt(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32): void {
  const state = ctx + AES_STATE;
  let left = (blocks as usize) << 4;
  while (left != 0) {
    const bytes = left < 128 ? left : 128;
    memory.copy(state, src, bytes);
    aesDecryptState(ctx);
    const last = v128.load(src + bytes - 16);
    // From the last block to the first, so that in place each ciphertext block is still there when its successor needs it.
    for (let at = bytes - 16; at != 0; at -= 16) {
      v128.store(dst + at, v128.xor(v128.load(state + at), v128.load(src + at - 16)));
    }
    v128.store(dst, v128.xor(v128.load(state), v128.load(iv)));
    v128.store(iv, last);
    src += bytes;
    dst += bytes;
    left -= bytes;
  }
}
