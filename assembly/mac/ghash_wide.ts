// Sixteen sums of GHASH side by side. Each lap multiplies every sum by H¹⁶ and adds a block of the message to it. The
// sums are transposed, so that a vector holds one byte of each sum. Multiplication by a constant is then a linear map
// of 32 nibbles to 16 bytes, with a table look-up in registers for each pair. The table is always read in order, so no
// address depends on the data.
//
// From a 16-aligned `wide`:
//
//   0     table: 4 quarters of the result's bytes, 16 bytes of the sum, 2 nibbles (high, low), 4 bytes of the result,
//         16 values
//   8192  the transposed sums of this lap and of the next lap: two areas of 256 bytes that take turns
//   8704  scratch of a transposition: 256 bytes

import { high, low, pair, reverseBytes, swizzle } from '../simd';
import { ghashStep, storeFactor } from './ghash_multiply';

const LAP_BYTES: usize = 256;
const QUARTER_BYTES: usize = 2048;
const SUMS: usize = 8192;
/** Where the scratch begins. */
export const WIDE_SCRATCH: usize = 8704;

// Two of the four steps of a 16 x 16 transposition: rows n, n + 4, n + 8 and n + 12 become rows 4n to 4n + 3.
@inline function halfTransposed(from: usize, to: usize): void {
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

@inline function zipLower(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline function zipUpper(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// Byte n of row m becomes byte m of row n. `from` and `to` may be the same.
function transpose(wide: usize, from: usize, to: usize): void {
  halfTransposed(from, wide + WIDE_SCRATCH);
  halfTransposed(wide + WIDE_SCRATCH, to);
}

/**
 * Writes the table for a hash key.
 * @param wide 8,960 bytes of memory, as above
 * @param factor H, see storeFactor
 */
export function buildTable(wide: usize, factor: usize): void {
  // Squares H four times, which makes H¹⁶. The table's memory holds the factors until the table is written.
  const rows = wide + SUMS;
  const zero = rows + 16;
  v128.store(rows, i64x2(0x80, 0));
  v128.store(zero, i64x2.splat(0));
  ghashStep(rows, zero, factor);
  for (let exponent = 1; exponent != 16; exponent <<= 1) {
    storeFactor(wide, rows);
    ghashStep(rows, zero, wide);
  }
  const number = reverseBytes(v128.load(rows));
  let lower = i64x2.extract_lane(number, 0) as u64;
  let upper = i64x2.extract_lane(number, 1) as u64;
  for (let table = wide; table != wide + QUARTER_BYTES; table += 64) {
    // Row v is H¹⁶ times the nibble v. The most significant bit of a nibble has the lowest power of x.
    v128.store(rows, i64x2.splat(0));
    for (let bit: usize = 128; bit != 8; bit >>= 1) {
      const row = reverseBytes(pair(lower, upper));
      for (let other: usize = 0; other != LAP_BYTES; other += bit << 1) {
        v128.store(rows + other + bit, v128.xor(v128.load(rows + other), row));
      }
      const carry = 0 - (lower & 1);
      lower = (lower >> 1) | (upper << 63);
      upper = (upper >> 1) ^ (carry & 0xe100000000000000);
    }
    transpose(wide, rows, rows);
    for (let row: usize = 0; row != LAP_BYTES; row += 16) {
      v128.store(table + (row >> 6) * QUARTER_BYTES + (row & 48), v128.load(rows + row));
    }
  }
}

// Adds four bytes of each product (H¹⁶ times a sum) to four rows of `to`, by a quarter of the table. Measured: with
// eight rows at a time V8 spills registers and takes a third longer.
@inline function addMapped(table: usize, sums: usize, to: usize): void {
  let r0 = v128.load(to);
  let r1 = v128.load(to, 16);
  let r2 = v128.load(to, 32);
  let r3 = v128.load(to, 48);
  const end = sums + LAP_BYTES;
  do {
    const bytes = v128.load(sums);
    const upper = high(bytes);
    const lower = low(bytes);
    r0 = v128.xor(r0, v128.xor(swizzle(v128.load(table), upper), swizzle(v128.load(table, 64), lower)));
    r1 = v128.xor(r1, v128.xor(swizzle(v128.load(table, 16), upper), swizzle(v128.load(table, 80), lower)));
    r2 = v128.xor(r2, v128.xor(swizzle(v128.load(table, 32), upper), swizzle(v128.load(table, 96), lower)));
    r3 = v128.xor(r3, v128.xor(swizzle(v128.load(table, 48), upper), swizzle(v128.load(table, 112), lower)));
    table += 128;
    sums += 16;
  } while (sums != end);
  v128.store(to, r0);
  v128.store(to, r1, 16);
  v128.store(to, r2, 32);
  v128.store(to, r3, 48);
}

/**
 * Hashes whole blocks.
 * @param wide see buildTable
 * @param factor H, see storeFactor
 * @param hash 16 bytes, replaced
 * @param src any alignment
 * @param bytes 16 at least, whole blocks
 */
export function hashLaps(wide: usize, factor: usize, hash: usize, src: usize, bytes: usize): void {
  let sums = wide + SUMS;
  let next = sums + LAP_BYTES;
  // Blocks of zeros before the first block change nothing, and make all laps whole. The old hash is added to the first
  // block.
  const first = bytes & (LAP_BYTES - 1) || LAP_BYTES;
  const zeros = LAP_BYTES - first;
  memory.fill(sums, 0, zeros);
  memory.copy(sums + zeros, src, first);
  v128.store(sums + zeros, v128.xor(v128.load(sums + zeros), v128.load(hash)));
  transpose(wide, sums, sums);
  const end = src + bytes;
  for (src += first; src != end; src += LAP_BYTES) {
    transpose(wide, src, next);
    for (let quarter: usize = 0; quarter != 4; ++quarter) {
      addMapped(wide + quarter * QUARTER_BYTES, sums, next + (quarter << 6));
    }
    const spent = sums;
    sums = next;
    next = spent;
  }
  transpose(wide, sums, sums);
  v128.store(hash, i64x2.splat(0));
  for (let row: usize = 0; row != LAP_BYTES; row += 16) ghashStep(hash, sums + row, factor);
}
