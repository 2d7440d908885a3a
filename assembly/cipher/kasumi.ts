// KASUMI, the block cipher of 3GPP TS 35.202: 64-bit blocks, 128-bit keys. f8 and f9 only encipher.
//
// S7 and S9 are computed as polynomials, one monomial a lane (scripts/gen-kasumi-tables.mjs), so no branch and no
// address depends on a secret.

import { kasumiStoreTable } from '../generated/kasumi_tables';

const ROUND_KEY_BYTES: usize = 16;
const SCHEDULE_BYTES: usize = 128;

/** The schedule of the key. */
export const KASUMI_KEY: usize = 448;
/** The schedule of the key exclusive-ored with f8's key modifier KM. */
export const KASUMI_F8_KEY: usize = 576;
/** The schedule of the key exclusive-ored with f9's key modifier KM. */
export const KASUMI_F9_KEY: usize = 704;
/** Bytes of a KASUMI context: the table of the S-boxes at its start, then three schedules. */
export const KASUMI_CONTEXT_BYTES: usize = 832;

// The round keys of FL and FO, each a u16, in the order in which a round reads them.
const KL1: usize = 0;
const KL2: usize = 2;
const KO1: usize = 4;
const KO2: usize = 6;
const KO3: usize = 8;
const KI1: usize = 10;
const KI2: usize = 12;
const KI3: usize = 14;

@inline function rotate16(x: u32, n: u32): u32 {
  return ((x << n) | (x >> (16 - n))) & 0xffff;
}

@inline function monomials(x: v128, mask: v128, term: v128): v128 {
  return v128.and(i16x8.eq(v128.and(x, mask), mask), term);
}

// The half of FI, on a packed pair nine << 7 | seven.
@inline function halfFi(ctx: usize, pair: u32): u32 {
  const x = i16x8.splat(pair as i16);
  let even = monomials(x, v128.load(ctx, 0), v128.load(ctx, 16));
  let odd = monomials(x, v128.load(ctx, 32), v128.load(ctx, 48));
  even = v128.xor(even, monomials(x, v128.load(ctx, 64), v128.load(ctx, 80)));
  odd = v128.xor(odd, monomials(x, v128.load(ctx, 96), v128.load(ctx, 112)));
  even = v128.xor(even, monomials(x, v128.load(ctx, 128), v128.load(ctx, 144)));
  odd = v128.xor(odd, monomials(x, v128.load(ctx, 160), v128.load(ctx, 176)));
  even = v128.xor(even, monomials(x, v128.load(ctx, 192), v128.load(ctx, 208)));
  odd = v128.xor(odd, monomials(x, v128.load(ctx, 224), v128.load(ctx, 240)));
  even = v128.xor(even, monomials(x, v128.load(ctx, 256), v128.load(ctx, 272)));
  odd = v128.xor(odd, monomials(x, v128.load(ctx, 288), v128.load(ctx, 304)));
  even = v128.xor(even, monomials(x, v128.load(ctx, 320), v128.load(ctx, 336)));
  odd = v128.xor(odd, monomials(x, v128.load(ctx, 352), v128.load(ctx, 368)));
  even = v128.xor(even, monomials(x, v128.load(ctx, 384), v128.load(ctx, 400)));
  const sum = v128.xor(even, odd);
  let folded = i64x2.extract_lane(sum, 0) ^ i64x2.extract_lane(sum, 1);
  folded ^= folded >> 32;
  return ((folded ^ (folded >> 16)) as u32) & 0xffff;
}

// FI. Its key is stored as KI,2 << 7 | KI,1, packed like the state between its halves. The result is seven << 9 | nine.
function fi(ctx: usize, x: u32, key: u32): u32 {
  return rotate16(halfFi(ctx, halfFi(ctx, x) ^ key), 9);
}

@inline function fo(ctx: usize, round: usize, x: u32): u32 {
  let left = x >> 16;
  let right = x & 0xffff;
  left = fi(ctx, left ^ load<u16>(round, KO1), load<u16>(round, KI1)) ^ right;
  right = fi(ctx, right ^ load<u16>(round, KO2), load<u16>(round, KI2)) ^ left;
  left = fi(ctx, left ^ load<u16>(round, KO3), load<u16>(round, KI3)) ^ right;
  return (right << 16) | left;
}

@inline function fl(round: usize, x: u32): u32 {
  let left = x >> 16;
  let right = x & 0xffff;
  right ^= rotate16(left & load<u16>(round, KL1), 1);
  left ^= rotate16(right | load<u16>(round, KL2), 1);
  return (left << 16) | right;
}

/**
 * Enciphers one block.
 * @param ctx see kasumiSetKey
 * @param schedule KASUMI_KEY, KASUMI_F8_KEY or KASUMI_F9_KEY
 * @param block eight bytes as a big-endian number
 * @returns the ciphertext block as a big-endian number
 */
export function kasumiEncrypt(ctx: usize, schedule: usize, block: u64): u64 {
  let round = ctx + schedule;
  const end = round + SCHEDULE_BYTES;
  let left = (block >> 32) as u32;
  let right = block as u32;
  do {
    right ^= fo(ctx, round, fl(round, left));
    left ^= fl(round + ROUND_KEY_BYTES, fo(ctx, round + ROUND_KEY_BYTES, right));
    round += 2 * ROUND_KEY_BYTES;
  } while (round != end);
  return ((left as u64) << 32) | (right as u64);
}

// Ki of the key schedule, for i from 0. After the eighth 16-bit word (big-endian) it begins again with the first.
@inline function keyWord(key: usize, i: usize, modifier: u32): u32 {
  return (bswap<u16>(load<u16>(key + ((i & 7) << 1))) as u32) ^ modifier;
}

// Ki' = Ki ^ Ci. The hexadecimal digits of the constants C run up from 0x0123 to 0xcdef and down again.
@inline function primedKeyWord(key: usize, i: usize, modifier: u32): u32 {
  const n = (i as u32) & 3;
  const rising: u32 = 0x0123 + n * 0x4444;
  const down: u32 = 0 - ((((i as u32) & 7) >> 2) as u32);
  return keyWord(key, i, modifier) ^ ((rising ^ down) & 0xffff);
}

function expand(schedule: usize, key: usize, modifier: u32): void {
  for (let i: usize = 0; i < 8; ++i) {
    store<u16>(schedule, rotate16(keyWord(key, i, modifier), 1), KL1);
    store<u16>(schedule, primedKeyWord(key, i + 2, modifier), KL2);
    store<u16>(schedule, rotate16(keyWord(key, i + 1, modifier), 5), KO1);
    store<u16>(schedule, rotate16(keyWord(key, i + 5, modifier), 8), KO2);
    store<u16>(schedule, rotate16(keyWord(key, i + 6, modifier), 13), KO3);
    store<u16>(schedule, rotate16(primedKeyWord(key, i + 4, modifier), 7), KI1);
    store<u16>(schedule, rotate16(primedKeyWord(key, i + 3, modifier), 7), KI2);
    store<u16>(schedule, rotate16(primedKeyWord(key, i + 7, modifier), 7), KI3);
    schedule += ROUND_KEY_BYTES;
  }
}

/**
 * Expands a KASUMI key, for f8 and f9 alike.
 * @param ctx KASUMI_CONTEXT_BYTES of memory, 64-aligned. Every byte that the kernels read is written here
 * @param key 16 bytes apart from ctx, any alignment
 */
export function kasumiSetKey(ctx: usize, key: usize): void {
  kasumiStoreTable(ctx);
  expand(ctx + KASUMI_KEY, key, 0);
  expand(ctx + KASUMI_F8_KEY, key, 0x5555);
  expand(ctx + KASUMI_F9_KEY, key, 0xaaaa);
}
