// AES decryption by vector permute, for a few blocks that do not fill a fixsliced state. It is the equivalent inverse
// cipher of FIPS 197 section 5.3.5, on the nibble pairs of aes_vperm.ts. Here the nibble pairs include the inverse
// affine map, so a round begins with the inversion.

import { AES_FIRST_KEY, AES_INVERSE_KEYS, AES_LAST_KEY, aesRounds } from './aes_context';
import { indexIo, indexJo, look, mapNibbles, mapReciprocal } from './aes_nibbles';
import {
  INVERSE_9_IO,
  INVERSE_9_JO,
  INVERSE_11_IO,
  INVERSE_11_JO,
  INVERSE_13_IO,
  INVERSE_13_JO,
  INVERSE_14_IO,
  INVERSE_14_JO,
  INVERSE_IO,
  INVERSE_JO,
  UNAFFINE_HIGH,
  UNAFFINE_LOW,
} from '../generated/aes_tables';

// InvShiftRows (FIPS 197 section 5.3.1), alone, and after a turn of every column by 1, 2 and 3 bytes.
@inline function invShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
}

@inline function turn1InvShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12, 13, 10, 7, 0));
}

@inline function turn2InvShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(2, 15, 8, 5, 6, 3, 12, 9, 10, 7, 0, 13, 14, 11, 4, 1));
}

@inline function turn3InvShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 12, 9, 6, 7, 0, 13, 10, 11, 4, 1, 14, 15, 8, 5, 2));
}

@inline function firstStep(x: v128, key: v128): v128 {
  return mapNibbles(invShiftRows(v128.xor(x, key)), UNAFFINE_LOW(), UNAFFINE_HIGH());
}

// InvSubBytes, AddRoundKey, InvMixColumns, and InvShiftRows of the next round.
@inline function invRound(x: v128, key: v128): v128 {
  const io = indexIo(x);
  const jo = indexJo(x);
  const by14 = v128.xor(v128.xor(key, look(INVERSE_14_IO(), io)), look(INVERSE_14_JO(), jo));
  const by11 = mapReciprocal(io, jo, INVERSE_11_IO(), INVERSE_11_JO());
  const by13 = mapReciprocal(io, jo, INVERSE_13_IO(), INVERSE_13_JO());
  const by9 = mapReciprocal(io, jo, INVERSE_9_IO(), INVERSE_9_JO());
  return v128.xor(
    v128.xor(invShiftRows(by14), turn1InvShiftRows(by11)),
    v128.xor(turn2InvShiftRows(by13), turn3InvShiftRows(by9)),
  );
}

// InvSubBytes and AddRoundKey. The last round has no InvMixColumns, and its result is bytes again.
@inline function lastStep(x: v128, key: v128): v128 {
  return v128.xor(mapReciprocal(indexIo(x), indexJo(x), INVERSE_IO(), INVERSE_JO()), key);
}

/**
 * Deciphers one block, which stays in registers between rounds.
 * @param ctx expanded key, see aesExpandKey
 * @param src ciphertext, 16 bytes, any alignment
 * @param dst plaintext: the same address as `src`, or memory apart from it
 */
export function aesDecryptOne(ctx: usize, src: usize, dst: usize): void {
  const keys = ctx + AES_INVERSE_KEYS;
  let key = keys + ((aesRounds(ctx) as usize) << 4);
  let x = firstStep(v128.load(src), v128.load(ctx, AES_LAST_KEY));
  do {
    key -= 16;
    x = invRound(x, v128.load(key));
  } while (key != keys + 16);
  v128.store(dst, lastStep(x, v128.load(ctx, AES_FIRST_KEY)));
}

/**
 * Deciphers a few blocks in place. Each round runs over all blocks before the next round, so that the processor
 * overlaps them. A few blocks take less time than a fixsliced state.
 * @param ctx expanded key, see aesExpandKey
 * @param blocks the first block, in scratch
 * @param end end of the last block, above `blocks`
 */
export function aesDecryptFew(ctx: usize, blocks: usize, end: usize): void {
  const keys = ctx + AES_INVERSE_KEYS;
  let key = keys + ((aesRounds(ctx) as usize) << 4);
  let at = blocks;
  do {
    v128.store(at, firstStep(v128.load(at), v128.load(ctx, AES_LAST_KEY)));
    at += 16;
  } while (at != end);
  do {
    key -= 16;
    at = blocks;
    do {
      v128.store(at, invRound(v128.load(at), v128.load(key)));
      at += 16;
    } while (at != end);
  } while (key != keys + 16);
  at = blocks;
  do {
    v128.store(at, lastStep(v128.load(at), v128.load(ctx, AES_FIRST_KEY)));
    at += 16;
  } while (at != end);
}
