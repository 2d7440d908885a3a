// GHASH of four blocks at once. Each block is multiplied by its own power of H, and the sum is reduced once.
//
// A block is a vector of 16 bytes, and a byte has two nibbles. The product of a nibble and H has 16 bytes. A table has
// one of these bytes for each of the 16 values of the nibble, so a look-up in a register makes this byte for all 16
// nibbles of the vector. There are 16 tables for the high nibble, and 16 for the low one. What the tables of byte n
// make moves up by n places, because the product of byte m of the block and of H begins at place m. Tables are always
// read in order, so no address depends on the data.
//
// Measured: Karatsuba's method has 360 look-ups instead of 512 for 16 blocks, but it needs four interleaved sums and 6
// KiB more of tables. It takes only 2 to 7 % less time, so it is not used.
//
// From a 16-aligned `groups`:
//
//   0     tables: 4 powers of H (H¹ first), 16 bytes of the product, 2 nibbles (high, low), 16 values
//   2048  tables of the reduction, see REDUCTION
//   2112  scratch: 544 bytes

import { high, low, pair, reverseBytes, swizzle } from '../simd';
import { ghashStep, storeFactor } from './ghash_multiply';

/** Bytes of a group of four blocks. */
export const GROUP_BYTES: usize = 64;
/** Where the scratch begins. The caller may use it, too: 320 bytes. */
export const GROUPS_SCRATCH: usize = 2112;
/** Bytes of tables and scratch. */
export const GROUPS_BYTES: usize = 2656;

const POWERS: usize = 4;
const POWER_BYTES: usize = 512;
const STEP_BYTES: usize = 32;
// What a nibble of the product's upper half adds to the byte 16 places before it, and to the byte after that one: the
// high nibble and the low nibble for each.
const REDUCTION: usize = 2048;
const ROWS: usize = GROUPS_SCRATCH;
const ROWS_BYTES: usize = 256;
const PRODUCT: usize = GROUPS_SCRATCH + 512;

@inline function zipLower(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline function zipUpper(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// Two of the four steps of a 16 x 16 transposition: rows n, n + 4, n + 8 and n + 12 become rows 4n to 4n + 3.
function halfTransposed(from: usize, to: usize): void {
  for (const end = from + 64; from != end; from += 16, to += 64) {
    const a = v128.load(from);
    const b = v128.load(from, 64);
    const c = v128.load(from, 128);
    const d = v128.load(from, 192);
    const ac = zipLower(a, c);
    const bd = zipLower(b, d);
    v128.store(to, zipLower(ac, bd));
    v128.store(to, zipUpper(ac, bd), 16);
    const caUpper = zipUpper(a, c);
    const dbUpper = zipUpper(b, d);
    v128.store(to, zipLower(caUpper, dbUpper), 32);
    v128.store(to, zipUpper(caUpper, dbUpper), 48);
  }
}

// x¹²⁸ is 1 + x + x² + x⁷. The most significant bit of a byte has the lowest power of x, so x is a shift to the right.
function buildReduction(groups: usize): void {
  for (let table: u32 = 0; table != 2; ++table) {
    for (let nibble: u32 = 0; nibble != 16; ++nibble) {
      const byte = nibble << (12 - 4 * table);
      const folded = byte ^ (byte >> 1) ^ (byte >> 2) ^ (byte >> 7);
      const at = groups + ((table << 4) + nibble);
      store<u8>(at, folded >> 8, REDUCTION);
      store<u8>(at, folded, REDUCTION + 32);
    }
  }
}

/**
 * Writes the tables for a hash key.
 * @param groups GROUPS_BYTES of memory, as above
 * @param factor H, see storeFactor
 */
export function buildGroups(groups: usize, factor: usize): void {
  buildReduction(groups);
  const rows = groups + ROWS;
  const zero = rows;
  const product = groups + PRODUCT;
  v128.store(product, i64x2(0x80, 0));
  for (let power = groups; power != groups + POWERS * POWER_BYTES; power += POWER_BYTES) {
    v128.store(zero, i64x2.splat(0));
    ghashStep(product, zero, factor);
    const number = reverseBytes(v128.load(product));
    let lower = i64x2.extract_lane(number, 0) as u64;
    let upper = i64x2.extract_lane(number, 1) as u64;
    for (let table = power; table != power + STEP_BYTES; table += 16) {
      // Row v is the power times the nibble v.
      v128.store(rows, i64x2.splat(0));
      for (let bit: usize = 128; bit != 8; bit >>= 1) {
        const row = reverseBytes(pair(lower, upper));
        for (let other: usize = 0; other != ROWS_BYTES; other += bit << 1) {
          v128.store(rows + other + bit, v128.xor(v128.load(rows + other), row));
        }
        const carry = 0 - (lower & 1);
        lower = (lower >> 1) | (upper << 63);
        upper = (upper >> 1) ^ (carry & 0xe100000000000000);
      }
      halfTransposed(rows, rows + ROWS_BYTES);
      halfTransposed(rows + ROWS_BYTES, rows);
      for (let byte: usize = 0; byte != 16; ++byte) {
        v128.store(table + byte * STEP_BYTES, v128.load(rows + (byte << 4)));
      }
    }
  }
}

@inline function look(highTable: v128, highs: v128, lowTable: v128, lows: v128): v128 {
  return v128.xor(swizzle(highTable, highs), swizzle(lowTable, lows));
}

// One half of 32 bytes that move up by one place. `below` is the other half.
@inline function moved(below: v128, half: v128): v128 {
  return i8x16.shuffle(below, half, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

// Folds the upper half of a product. Its last byte is always 0, so the folded half has no byte too many.
@inline function reduced(groups: usize, half: v128, upperHalf: v128): v128 {
  const highs = high(upperHalf);
  const lows = low(upperHalf);
  const here = look(v128.load(groups, REDUCTION), highs, v128.load(groups, REDUCTION + 16), lows);
  const next = look(v128.load(groups, REDUCTION + 32), highs, v128.load(groups, REDUCTION + 48), lows);
  return v128.xor(v128.xor(half, here), moved(i64x2.splat(0), next));
}

/**
 * Hashes whole groups.
 * @param groups see buildGroups
 * @param state the hash so far, 16 bytes, replaced
 * @param src the blocks, any alignment
 * @param end end of the last group, above `src`
 */
export function hashGroups(groups: usize, state: usize, src: usize, end: usize): void {
  let hash = v128.load(state);
  do {
    const block0 = v128.xor(hash, v128.load(src));
    const block1 = v128.load(src, 16);
    const block2 = v128.load(src, 32);
    const block3 = v128.load(src, 48);
    const highs0 = high(block0);
    const lows0 = low(block0);
    const highs1 = high(block1);
    const lows1 = low(block1);
    const highs2 = high(block2);
    const lows2 = low(block2);
    const highs3 = high(block3);
    const lows3 = low(block3);
    // The product's two halves. From its last byte on, each step moves it by one place and adds the next table's part.
    let half = i64x2.splat(0);
    let upperHalf = i64x2.splat(0);
    let at = groups + POWER_BYTES;
    do {
      at -= STEP_BYTES;
      const before = moved(upperHalf, half);
      upperHalf = moved(half, upperHalf);
      const two = v128.xor(
        look(v128.load(at), highs3, v128.load(at, 16), lows3),
        look(v128.load(at, POWER_BYTES), highs2, v128.load(at, POWER_BYTES + 16), lows2),
      );
      half = v128.xor(before, two);
      // Measured: V8 loads all tables of a step first, and then spills registers. It does not move a load across a
      // store, so this store makes it load half of them at a time. That takes 0.5 to 0.7 of the time.
      v128.store(groups, half, GROUPS_SCRATCH + 320);
      half = v128.xor(
        half,
        v128.xor(
          look(v128.load(at, 2 * POWER_BYTES), highs1, v128.load(at, 2 * POWER_BYTES + 16), lows1),
          look(v128.load(at, 3 * POWER_BYTES), highs0, v128.load(at, 3 * POWER_BYTES + 16), lows0),
        ),
      );
    } while (at != groups);
    hash = reduced(groups, half, upperHalf);
    src += GROUP_BYTES;
  } while (src != end);
  v128.store(state, hash);
}
