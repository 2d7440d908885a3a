// The AES key schedule (FIPS 197 section 5.2), and the expanded key in the three forms that the kernels read.

import { indexIo, indexJo, mapNibbles, mapReciprocal, toPairs } from './aes_nibbles';
import { storeBits } from './aes_planes';
import { SBOX_IO, SBOX_JO, UNAFFINE_HIGH, UNAFFINE_LOW } from '../generated/aes_tables';
import {
  AES_FIRST_KEY,
  AES_INVERSE_KEYS,
  AES_LAST_KEY,
  AES_PAIR_KEYS,
  AES_PLANE_KEYS,
  AES_PLANE_KEY_BYTES,
  AES_TURN_KEY,
  setAesRounds,
} from './aes_context';

export { AES_CONTEXT_BYTES } from './aes_context';

// The constant of SubBytes (FIPS 197 section 5.1.1). MixColumns and ShiftRows leave a state of equal bytes as it is, so
// the constant moves out of every S-box and into the round key that follows it.
@inline function sboxConstant(): v128 {
  return i8x16.splat(0x63);
}

// SubWord (FIPS 197 section 5.2).
function subWord(word: u32): u32 {
  const pairs = toPairs(i32x4.splat(word));
  const sum = mapReciprocal(indexIo(pairs), indexJo(pairs), SBOX_IO(), SBOX_JO());
  return i32x4.extract_lane(v128.xor(sum, sboxConstant()), 0);
}

// KeyExpansion (FIPS 197 section 5.2, algorithm 2): the words of the schedule as bytes in order. Branches depend on a
// word's number, never on its value.
function schedule(out: usize, key: usize, keyBytes: u32, bytes: u32): void {
  memory.copy(out, key, keyBytes);
  let rcon: u32 = 1;
  let untilRcon = keyBytes;
  let word = load<u32>(out + keyBytes - 4);
  for (let at = keyBytes; at < bytes; at += 4) {
    if (untilRcon == keyBytes) {
      untilRcon = 0;
      word = subWord(rotr<u32>(word, 8)) ^ rcon;
      rcon = (rcon << 1) ^ ((rcon >> 7) * 0x11b);
    } else if (keyBytes == 32 && untilRcon == 16) {
      word = subWord(word);
    }
    untilRcon += 4;
    word ^= load<u32>(out + at - keyBytes);
    store<u32>(out + at, word);
  }
}

// Bytes times 2 in the field (FIPS 197 section 4.2), without a branch.
@inline function twice(x: v128): v128 {
  return v128.xor(i8x16.add(x, x), v128.and(i8x16.lt_s(x, i8x16.splat(0)), i8x16.splat(0x1b)));
}

// InvMixColumns (FIPS 197 section 5.3.3). aes_planes.ts explains its form.
@inline function invMixColumns(x: v128): v128 {
  const sum = v128.xor(x, i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)));
  const middle = v128.xor(x, twice(sum));
  const outer = v128.xor(sum, twice(twice(middle)));
  const turned = i8x16.swizzle(outer, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return v128.xor(v128.xor(middle, outer), turned);
}

@inline function invShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
}

// Undoes ShiftRows and a turn of every column by 3 bytes: aes_vperm.ts adds its round keys before that permutation.
@inline function beforeShiftRowsTurn3(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12, 13, 10, 7, 0));
}

/**
 * Expands an AES key.
 * @param ctx AES_CONTEXT_BYTES of memory, 16-aligned. Every byte that the kernels read is written here
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function aesExpandKey(ctx: usize, key: usize, keyBytes: u32): void {
  const rounds = (keyBytes >> 2) + 6;
  setAesRounds(ctx, rounds);
  const pairKeys = ctx + AES_PAIR_KEYS;
  const inverseKeys = ctx + AES_INVERSE_KEYS;
  schedule(pairKeys, key, keyBytes, (rounds + 1) << 4);

  const first = v128.load(pairKeys);
  v128.store(ctx, first, AES_FIRST_KEY);
  v128.store(pairKeys, toPairs(first));
  storeBits(ctx + AES_PLANE_KEYS, first);

  let planes = ctx + AES_PLANE_KEYS;
  for (let round: u32 = 1; round <= rounds; ++round) {
    planes += AES_PLANE_KEY_BYTES;
    const at = (round as usize) << 4;
    const plain = v128.xor(v128.load(pairKeys + at), sboxConstant());
    const pairs = toPairs(plain);
    v128.store(pairKeys + at, beforeShiftRowsTurn3(pairs));
    v128.store(inverseKeys + at, mapNibbles(invMixColumns(plain), UNAFFINE_LOW(), UNAFFINE_HIGH()));
    // Fixslicing leaves ShiftRows out, so in this round the state is `round` ShiftRows behind. Its key must be, too.
    let fixed = plain;
    for (let skipped = round & 3; skipped != 0; --skipped) fixed = invShiftRows(fixed);
    storeBits(planes, fixed);
    if (round == rounds) {
      v128.store(ctx, plain, AES_LAST_KEY);
      v128.store(ctx, v128.xor(pairs, toPairs(first)), AES_TURN_KEY);
    }
  }
}
