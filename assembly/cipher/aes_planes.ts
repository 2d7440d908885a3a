// Eight AES blocks as bit planes: bit n of byte p of plane b is bit b of byte p of block n (E. Käsper and P. Schwabe,
// "Faster and Timing-Attack Resistant AES-GCM", CHES 2009). All steps of a round except the S-box.

// Takes each byte from the row below, `skipped` columns to the right, because the state is `skipped` ShiftRows behind.
@inline function turn1(x: v128, skipped: u32): v128 {
  if (skipped == 0) return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
  if (skipped == 1) return i8x16.swizzle(x, i8x16(5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0));
  if (skipped == 2) return i8x16.swizzle(x, i8x16(9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4));
  return i8x16.swizzle(x, i8x16(13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8));
}

// Does the same twice.
@inline function turn2(x: v128, skipped: u32): v128 {
  if ((skipped & 1) == 0) return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return i8x16.swizzle(x, i8x16(10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5));
}

@inline function keyed(plane: v128, key: usize, number: usize): v128 {
  return v128.xor(plane, v128.load(key + 16 * number));
}

/** Stores the planes s0 to s7 at `state`. */
@inline export function storePlanes(
  state: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  v128.store(state, s0, 0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
  v128.store(state, s4, 64);
  v128.store(state, s5, 80);
  v128.store(state, s6, 96);
  v128.store(state, s7, 112);
}

/** AddRoundKey of the planes s0 to s7. Stores the result at `state`. */
@inline export function storeKeyed(
  state: usize,
  key: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  v128.store(state, keyed(s0, key, 0), 0);
  v128.store(state, keyed(s1, key, 1), 16);
  v128.store(state, keyed(s2, key, 2), 32);
  v128.store(state, keyed(s3, key, 3), 48);
  v128.store(state, keyed(s4, key, 4), 64);
  v128.store(state, keyed(s5, key, 5), 80);
  v128.store(state, keyed(s6, key, 6), 96);
  v128.store(state, keyed(s7, key, 7), 112);
}

/**
 * MixColumns (FIPS 197 section 5.1.3), then AddRoundKey of the planes s0 to s7. Stores the result at `state`. Let y be
 * a turn of the column by one row, and t = s + ys. Then the matrix 2 + 3y + y² + y³ is 2t + ys + y²t.
 */
@inline export function storeMixColumnsKeyed(
  state: usize,
  key: usize,
  skipped: u32,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  const below7 = turn1(s7, skipped);
  const t7 = v128.xor(s7, below7);
  // The field's polynomial brings the carry out of plane 7 back into planes 0, 1, 3 and 4.
  const t0 = storeMixed(state, key, skipped, s0, t7, 0);
  const t1 = storeMixed(state, key, skipped, s1, v128.xor(t0, t7), 1);
  const t2 = storeMixed(state, key, skipped, s2, t1, 2);
  const t3 = storeMixed(state, key, skipped, s3, v128.xor(t2, t7), 3);
  const t4 = storeMixed(state, key, skipped, s4, v128.xor(t3, t7), 4);
  const t5 = storeMixed(state, key, skipped, s5, t4, 5);
  const t6 = storeMixed(state, key, skipped, s6, t5, 6);
  v128.store(state, keyed(v128.xor(v128.xor(t6, below7), turn2(t7, skipped)), key, 7), 112);
}

// MixColumns of one plane s. `doubled` comes from the plane below. Returns the plane's t.
@inline function storeMixed(state: usize, key: usize, skipped: u32, s: v128, doubled: v128, number: usize): v128 {
  const below = turn1(s, skipped);
  const t = v128.xor(s, below);
  v128.store(state + 16 * number, keyed(v128.xor(v128.xor(doubled, below), turn2(t, skipped)), key, number));
  return t;
}

/**
 * AddRoundKey, then InvMixColumns (FIPS 197 section 5.3.3) of the planes s0 to s7. Stores the result at `state`. Let y
 * be a turn of the column by one row, t = s + ys, m = 2t + s and q = t + 4m. Then the matrix 14 + 11y + 13y² + 9y³ is
 * m + q + y²q, which takes 48 additions and 16 turns.
 */
@inline export function storeKeyedInvMixColumns(
  state: usize,
  key: usize,
  skipped: u32,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  s0 = keyed(s0, key, 0);
  s1 = keyed(s1, key, 1);
  s2 = keyed(s2, key, 2);
  s3 = keyed(s3, key, 3);
  s4 = keyed(s4, key, 4);
  s5 = keyed(s5, key, 5);
  s6 = keyed(s6, key, 6);
  s7 = keyed(s7, key, 7);
  const t0 = v128.xor(s0, turn1(s0, skipped));
  const t1 = v128.xor(s1, turn1(s1, skipped));
  const t2 = v128.xor(s2, turn1(s2, skipped));
  const t3 = v128.xor(s3, turn1(s3, skipped));
  const t4 = v128.xor(s4, turn1(s4, skipped));
  const t5 = v128.xor(s5, turn1(s5, skipped));
  const t6 = v128.xor(s6, turn1(s6, skipped));
  const t7 = v128.xor(s7, turn1(s7, skipped));
  // The field's polynomial x⁸ + x⁴ + x³ + x + 1 brings the carry out of plane 7 back into planes 0, 1, 3 and 4.
  const m0 = v128.xor(s0, t7);
  const m1 = v128.xor(s1, v128.xor(t0, t7));
  const m2 = v128.xor(s2, t1);
  const m3 = v128.xor(s3, v128.xor(t2, t7));
  const m4 = v128.xor(s4, v128.xor(t3, t7));
  const m5 = v128.xor(s5, t4);
  const m6 = v128.xor(s6, t5);
  const m7 = v128.xor(s7, t6);
  const carry = v128.xor(m6, m7);
  storeTurned(state, m0, v128.xor(t0, m6), skipped, 0);
  storeTurned(state, m1, v128.xor(t1, carry), skipped, 16);
  storeTurned(state, m2, v128.xor(t2, v128.xor(m0, m7)), skipped, 32);
  storeTurned(state, m3, v128.xor(t3, v128.xor(m1, m6)), skipped, 48);
  storeTurned(state, m4, v128.xor(t4, v128.xor(m2, carry)), skipped, 64);
  storeTurned(state, m5, v128.xor(t5, v128.xor(m3, m7)), skipped, 80);
  storeTurned(state, m6, v128.xor(t6, m4), skipped, 96);
  storeTurned(state, m7, v128.xor(t7, m5), skipped, 112);
}

@inline function storeTurned(state: usize, m: v128, q: v128, skipped: u32, at: usize): void {
  v128.store(state + at, v128.xor(v128.xor(m, q), turn2(q, skipped)));
}

// The bits that two planes or blocks must exchange, at their places in `upper`.
@inline function difference(lower: v128, upper: v128, shift: i32, mask: v128): v128 {
  return v128.and(v128.xor(i64x2.shr_u(lower, shift), upper), mask);
}

/** Transposes a0 to a7, as transposePlanes() does in memory. */
@inline export function storeTransposed(
  to: usize,
  a0: v128,
  a1: v128,
  a2: v128,
  a3: v128,
  a4: v128,
  a5: v128,
  a6: v128,
  a7: v128,
): void {
  let d: v128;
  const ones = i8x16.splat(0x55);
  ((d = difference(a0, a1, 1, ones)), (a0 = v128.xor(a0, i8x16.add(d, d))), (a1 = v128.xor(a1, d)));
  ((d = difference(a2, a3, 1, ones)), (a2 = v128.xor(a2, i8x16.add(d, d))), (a3 = v128.xor(a3, d)));
  ((d = difference(a4, a5, 1, ones)), (a4 = v128.xor(a4, i8x16.add(d, d))), (a5 = v128.xor(a5, d)));
  ((d = difference(a6, a7, 1, ones)), (a6 = v128.xor(a6, i8x16.add(d, d))), (a7 = v128.xor(a7, d)));
  const twos = i8x16.splat(0x33);
  ((d = difference(a0, a2, 2, twos)), (a0 = v128.xor(a0, i64x2.shl(d, 2))), (a2 = v128.xor(a2, d)));
  ((d = difference(a1, a3, 2, twos)), (a1 = v128.xor(a1, i64x2.shl(d, 2))), (a3 = v128.xor(a3, d)));
  ((d = difference(a4, a6, 2, twos)), (a4 = v128.xor(a4, i64x2.shl(d, 2))), (a6 = v128.xor(a6, d)));
  ((d = difference(a5, a7, 2, twos)), (a5 = v128.xor(a5, i64x2.shl(d, 2))), (a7 = v128.xor(a7, d)));
  const fours = i8x16.splat(0x0f);
  ((d = difference(a0, a4, 4, fours)),
    v128.store(to, v128.xor(a0, i64x2.shl(d, 4)), 0),
    v128.store(to, v128.xor(a4, d), 64));
  ((d = difference(a1, a5, 4, fours)),
    v128.store(to, v128.xor(a1, i64x2.shl(d, 4)), 16),
    v128.store(to, v128.xor(a5, d), 80));
  ((d = difference(a2, a6, 4, fours)),
    v128.store(to, v128.xor(a2, i64x2.shl(d, 4)), 32),
    v128.store(to, v128.xor(a6, d), 96));
  ((d = difference(a3, a7, 4, fours)),
    v128.store(to, v128.xor(a3, i64x2.shl(d, 4)), 48),
    v128.store(to, v128.xor(a7, d), 112));
}

/**
 * Transposes the 8 x 8 matrix of blocks and bits in each byte position: blocks become planes, and planes become blocks.
 * @param from 128 bytes, any alignment
 * @param to 128 bytes: the same address as `from`, or memory apart from it
 */
export function transposePlanes(from: usize, to: usize): void {
  storeTransposed(
    to,
    v128.load(from, 0),
    v128.load(from, 16),
    v128.load(from, 32),
    v128.load(from, 48),
    v128.load(from, 64),
    v128.load(from, 80),
    v128.load(from, 96),
    v128.load(from, 112),
  );
}

// Two ShiftRows.
@inline function shiftTwice(plane: v128): v128 {
  return i8x16.swizzle(plane, i8x16(0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 5, 14, 7));
}

/**
 * AddRoundKey of the planes s0 to s7, then two ShiftRows if `behind` (a literal). Stores the blocks at `state`.
 */
@inline export function storeKeyedBlocks(
  state: usize,
  key: usize,
  behind: bool,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  s0 = keyed(s0, key, 0);
  s1 = keyed(s1, key, 1);
  s2 = keyed(s2, key, 2);
  s3 = keyed(s3, key, 3);
  s4 = keyed(s4, key, 4);
  s5 = keyed(s5, key, 5);
  s6 = keyed(s6, key, 6);
  s7 = keyed(s7, key, 7);
  if (behind) {
    s0 = shiftTwice(s0);
    s1 = shiftTwice(s1);
    s2 = shiftTwice(s2);
    s3 = shiftTwice(s3);
    s4 = shiftTwice(s4);
    s5 = shiftTwice(s5);
    s6 = shiftTwice(s6);
    s7 = shiftTwice(s7);
  }
  storeTransposed(state, s0, s1, s2, s3, s4, s5, s6, s7);
}

/**
 * Makes the planes of eight blocks that are all equal to `x`.
 * @param planes 128 bytes
 */
@inline export function storeBits(planes: usize, x: v128): void {
  let bit = i8x16.splat(1);
  const end = planes + 128;
  do {
    v128.store(planes, i8x16.eq(v128.and(x, bit), bit));
    bit = i8x16.add(bit, bit);
    planes += 16;
  } while (planes != end);
}
