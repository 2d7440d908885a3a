// GHASH (NIST SP 800-38D section 6.4), for any block cipher. Short inputs are multiplied by H block by block. Long
// inputs use 16 interleaved sums. Each lap multiplies each sum by H¹⁶. This is a linear map, so ghash_wide.ts does it
// for all 16 sums at once. A context, in bytes from a 16-aligned gh:
//
//   0     H as a factor, see ghash_multiply.ts
//   32    the hash so far
//   48    whether the table was built, u32
//   64    table and scratch of ghash_wide.ts

import { pair, reverseBytes } from '../simd';
import { FACTOR_BYTES, ghashStep, storeFactor } from './ghash_multiply';
import { WIDE_SCRATCH, buildTable, hashLaps } from './ghash_wide';

const STATE: usize = FACTOR_BYTES;
const HAS_TABLE: usize = 48;
const WIDE: usize = 64;

/** Bytes of a context. */
export const GHASH_CONTEXT_BYTES: usize = 9024;

// Measured: below this length, the 16 multiplications that join the interleaved sums cost more than the laps save.
const LONG_BYTES: usize = 512;

/**
 * Prepares a hash key.
 * @param gh GHASH_CONTEXT_BYTES of memory, 16-aligned
 * @param key H, 16 bytes, any alignment: the zero block, enciphered
 */
export function ghashSetKey(gh: usize, key: usize): void {
  storeFactor(gh, key);
  store<u32>(gh, 0, HAS_TABLE);
}

/** Builds the table for long inputs, unless it was built before. */
export function ghashPrepare(gh: usize): void {
  // This branch is public: whether the table was built depends on the lengths of requests, not on the key.
  if (load<u32>(gh, HAS_TABLE) != 0) return;
  buildTable(gh + WIDE, gh);
  store<u32>(gh, 1, HAS_TABLE);
}

/** Begins a hash. */
export function ghashInit(gh: usize): void {
  v128.store(gh, i64x2.splat(0), STATE);
}

/**
 * Hashes bytes and fills their last block up with zeros.
 * @param src any alignment
 * @param bytes any length
 */
export function ghashPadded(gh: usize, src: usize, bytes: usize): void {
  const whole = bytes & ~15;
  const end = src + whole;
  if (whole >= LONG_BYTES) {
    ghashPrepare(gh);
    hashLaps(gh + WIDE, gh, gh + STATE, src, whole);
  } else {
    for (; src != end; src += 16) ghashStep(gh + STATE, src, gh);
  }
  if (whole != bytes) {
    const block = gh + WIDE + WIDE_SCRATCH;
    v128.store(block, i64x2.splat(0));
    memory.copy(block, end, bytes - whole);
    ghashStep(gh + STATE, block, gh);
  }
}

/** Hashes the block of two lengths in bits that ends a message (section 7.1, step 5). */
export function ghashLengths(gh: usize, aadBytes: u64, bytes: u64): void {
  const block = gh + WIDE + WIDE_SCRATCH;
  v128.store(block, reverseBytes(pair(bytes << 3, aadBytes << 3)));
  ghashStep(gh + STATE, block, gh);
}

/** Returns the hash of the blocks so far. */
@inline export function ghashState(gh: usize): v128 {
  return v128.load(gh, STATE);
}
