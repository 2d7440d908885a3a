// The DES key schedule (FIPS 46-3, appendix 1), and the key bundles of TDEA (NIST SP 800-67 section 3.2).

import { DES_KEYS } from './des_context';
import { placeShift, selection } from '../generated/des_tables';

export { DES_CONTEXT_BYTES } from './des_context';

// Bit `n` of every byte of a key, counted from the most significant, with the last byte's bit on top. PC-1 reads so.
@inline function column(key: v128, n: i32): u64 {
  return i8x16.bitmask(i8x16.shl(key, n)) as u64;
}

// PC-1: the halves C and D, 28 bits each, C on top. Parity bits are not read.
function permutedChoice1(key: usize): u64 {
  const bytes = v128.load64_zero(key);
  const c = (column(bytes, 0) << 20) | (column(bytes, 1) << 12) | (column(bytes, 2) << 4) | (column(bytes, 3) >> 4);
  const d = (column(bytes, 6) << 20) | (column(bytes, 5) << 12) | (column(bytes, 4) << 4) | (column(bytes, 3) & 15);
  return (c << 28) | d;
}

// Rotates both halves one place to the left.
@inline function shifted(halves: u64): u64 {
  return ((halves << 1) & 0xffffffeffffffe) | ((halves >> 27) & 0x10000001);
}

// PC-2, with each bit in the lane and place of its S-box.
function permutedChoice2(halves: u64): u64 {
  let roundKey: u64 = 0;
  for (let place: u32 = 0; place < 6; ++place) {
    const shifts = selection(place);
    let bits: u64 = 0;
    for (let lane: u64 = 0; lane < 64; lane += 8) bits |= ((halves >> ((shifts >> lane) & 63)) & 1) << lane;
    roundKey |= bits << placeShift(place);
  }
  return roundKey;
}

// Whether a round shifts by one place. The others shift by two.
@inline function shiftsOnce(round: u32): bool {
  return ((0x8103 >> round) & 1) != 0;
}

// The 16 round keys of one key, from `at` on, or backwards where `step` is negative.
function schedule(at: usize, step: isize, key: usize): void {
  let halves = permutedChoice1(key);
  for (let round: u32 = 0; round < 16; ++round) {
    halves = shifted(halves);
    if (!shiftsOnce(round)) halves = shifted(halves);
    v128.store(at, i64x2.splat(permutedChoice2(halves)));
    at += step;
  }
}

/**
 * Expands a key.
 * @param ctx DES_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment; parity bits are ignored
 * @param keyBytes 8 for DES; 24 for TDEA, or 16 for TDEA whose third key is the first: the caller has checked it
 */
export function desSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  const keys = ctx + DES_KEYS;
  store<u32>(ctx, keyBytes == 8 ? 1 : 3);
  schedule(keys, 16, key);
  if (keyBytes == 8) return;
  // The middle operation is a decryption, whose round keys come in reverse order.
  schedule(keys + 31 * 16, -16, key + 8);
  schedule(keys + 32 * 16, 16, keyBytes == 24 ? key + 16 : key);
}
