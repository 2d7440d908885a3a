// AES encryption by vector permute: M. Hamburg, "Accelerating AES with Vector Permute Instructions" (CHES 2009).
//
// Sixteen S-boxes are sixteen nibble look-ups in registers, so no address depends on a secret. Between rounds a state
// consists of nibble pairs (scripts/gen-aes-tables.mjs derives them). Serial modes use this file, because a round's
// latency sets their speed, and bit slicing cannot shorten it.

import { AES_LAST_KEY, AES_PAIR_KEYS, AES_TURN_KEY, aesRounds } from './aes_context';
import { indexIo, indexJo, look, mapReciprocal, toPairs } from './aes_nibbles';
import {
  SBOX_1_IO,
  SBOX_1_JO,
  SBOX_2_IO,
  SBOX_2_JO,
  SBOX_3_IO,
  SBOX_3_JO,
  SBOX_IO,
  SBOX_JO,
} from '../generated/aes_tables';

// ShiftRows (FIPS 197 section 5.1.2), and ShiftRows followed by a rotation of every column by 1, 2 and 3 bytes.
@inline function shiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
}

@inline function shiftRowsTurn1(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12));
}

@inline function shiftRowsTurn2(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(10, 15, 0, 5, 14, 3, 4, 9, 2, 7, 8, 13, 6, 11, 12, 1));
}

@inline function shiftRowsTurn3(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(15, 0, 5, 10, 3, 4, 9, 14, 7, 8, 13, 2, 11, 12, 1, 6));
}

@inline function turn1(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

// A round for one stream. `jo` is known last, so the path from `jo` is the shortest possible: the sums of `io` and the
// key are ready by then.
@inline export function quickRound(x: v128, key: v128): v128 {
  const io = indexIo(x);
  const jo = indexJo(x);
  const onceIo = look(SBOX_1_IO(), io);
  const twiceIo = look(SBOX_2_IO(), io);
  const onceJo = look(SBOX_1_JO(), jo);
  const once = v128.xor(onceIo, onceJo);
  const keyed = v128.xor(v128.xor(onceIo, key), onceJo);
  const twice = v128.xor(twiceIo, look(SBOX_2_JO(), jo));
  const thrice = v128.xor(v128.xor(onceIo, twiceIo), look(SBOX_3_JO(), jo));
  return v128.xor(
    v128.xor(shiftRows(twice), shiftRowsTurn1(thrice)),
    v128.xor(shiftRowsTurn2(once), shiftRowsTurn3(keyed)),
  );
}

// A round for streams side by side. Here the number of instructions matters, and latency does not. With
// s = 2A + turn(A), MixColumns is s + turn(s) + turn³(A), which saves a look-up.
@inline export function smallRound(x: v128, key: v128): v128 {
  const io = indexIo(x);
  const jo = indexJo(x);
  const once = mapReciprocal(io, jo, SBOX_1_IO(), SBOX_1_JO());
  const twice = mapReciprocal(io, jo, SBOX_2_IO(), SBOX_2_JO());
  const sum = v128.xor(shiftRows(twice), shiftRowsTurn1(once));
  return v128.xor(v128.xor(sum, shiftRowsTurn3(v128.xor(once, key))), turn1(sum));
}

// The last round has no MixColumns (FIPS 197 section 5.1). Its result is bytes again.
@inline export function lastRound(io: v128, jo: v128, key: v128): v128 {
  return v128.xor(shiftRows(mapReciprocal(io, jo, SBOX_IO(), SBOX_JO())), key);
}

// A CBC chain. `keep` (a literal) says whether it stores the whole ciphertext or only the last block.
@inline function chainOne(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32, keep: bool): void {
  if (blocks == 0) return;
  const keys = ctx + AES_PAIR_KEYS;
  const lastKey = keys + ((aesRounds(ctx) as usize) << 4);
  const end = src + ((blocks as usize) << 4);
  const offset = dst - src;
  let state = v128.xor(toPairs(v128.xor(v128.load(iv), v128.load(src))), v128.load(keys));
  let cipher: v128;
  do {
    // Prepares the next block before the chain needs it: as nibble pairs, with both keys added. After the last block it
    // reads this block again, and the result is not used.
    const following = src + 16 == end ? src : src + 16;
    const next = v128.xor(toPairs(v128.load(following)), v128.load(ctx, AES_TURN_KEY));
    let key = keys + 16;
    do {
      state = quickRound(state, v128.load(key));
      key += 16;
    } while (key != lastKey);
    const io = indexIo(state);
    const jo = indexJo(state);
    state = v128.xor(shiftRows(mapReciprocal(io, jo, SBOX_1_IO(), SBOX_1_JO())), next);
    cipher = lastRound(io, jo, v128.load(ctx, AES_LAST_KEY));
    if (keep) v128.store(src + offset, cipher);
    src += 16;
  } while (src != end);
  v128.store(iv, cipher);
}

/**
 * CBC encryption of one stream (NIST SP 800-38A section 6.2).
 * @param ctx expanded key, see aesExpandKey
 * @param iv 16 bytes of private scratch: the chaining value, replaced by the last ciphertext block
 * @param src plaintext, `blocks` * 16 bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param blocks number of 16-byte blocks
 */
export function aesCbcEncrypt(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32): void {
  chainOne(ctx, iv, src, dst, blocks, true);
}

/**
 * The same chain for message authentication, which keeps only the last block of the ciphertext.
 * @param ctx expanded key, see aesExpandKey
 * @param chain 16 bytes: the chaining value, replaced by the last ciphertext block
 * @param src `blocks` * 16 bytes, any alignment
 * @param blocks number of 16-byte blocks
 */
export function aesCbcChain(ctx: usize, chain: usize, src: usize, blocks: u32): void {
  chainOne(ctx, chain, src, src, blocks, false);
}

/** One of the four streams that run side by side. */
@unmanaged
export class AesLane {
  /** The expanded key. */
  context: u32;
  iv: u32;
  source: u32;
  destination: u32;
}
export const AES_LANE_BYTES: usize = 16;

@inline export function aesLaneAt(lanes: usize, lane: usize): AesLane {
  return changetype<AesLane>(lanes + lane * AES_LANE_BYTES);
}

@inline function firstKey(ctx: usize, chain: v128, src: usize): v128 {
  return v128.xor(toPairs(v128.xor(chain, v128.load(src))), v128.load(ctx, AES_PAIR_KEYS));
}

@inline function chainFour(lanes: usize, blocks: u32, keep: bool): void {
  if (blocks == 0) return;
  const ctx0: usize = aesLaneAt(lanes, 0).context;
  const ctx1: usize = aesLaneAt(lanes, 1).context;
  const ctx2: usize = aesLaneAt(lanes, 2).context;
  const ctx3: usize = aesLaneAt(lanes, 3).context;
  const lastKey = (aesRounds(ctx0) as usize) << 4;
  const bytes = (blocks as usize) << 4;
  let x0 = v128.load(aesLaneAt(lanes, 0).iv);
  let x1 = v128.load(aesLaneAt(lanes, 1).iv);
  let x2 = v128.load(aesLaneAt(lanes, 2).iv);
  let x3 = v128.load(aesLaneAt(lanes, 3).iv);
  let at: usize = 0;
  do {
    x0 = firstKey(ctx0, x0, aesLaneAt(lanes, 0).source + at);
    x1 = firstKey(ctx1, x1, aesLaneAt(lanes, 1).source + at);
    x2 = firstKey(ctx2, x2, aesLaneAt(lanes, 2).source + at);
    x3 = firstKey(ctx3, x3, aesLaneAt(lanes, 3).source + at);
    let key: usize = 16;
    do {
      x0 = smallRound(x0, v128.load(ctx0 + key, AES_PAIR_KEYS));
      x1 = smallRound(x1, v128.load(ctx1 + key, AES_PAIR_KEYS));
      x2 = smallRound(x2, v128.load(ctx2 + key, AES_PAIR_KEYS));
      x3 = smallRound(x3, v128.load(ctx3 + key, AES_PAIR_KEYS));
      key += 16;
    } while (key != lastKey);
    x0 = lastRound(indexIo(x0), indexJo(x0), v128.load(ctx0, AES_LAST_KEY));
    x1 = lastRound(indexIo(x1), indexJo(x1), v128.load(ctx1, AES_LAST_KEY));
    x2 = lastRound(indexIo(x2), indexJo(x2), v128.load(ctx2, AES_LAST_KEY));
    x3 = lastRound(indexIo(x3), indexJo(x3), v128.load(ctx3, AES_LAST_KEY));
    if (keep) {
      v128.store(aesLaneAt(lanes, 0).destination + at, x0);
      v128.store(aesLaneAt(lanes, 1).destination + at, x1);
      v128.store(aesLaneAt(lanes, 2).destination + at, x2);
      v128.store(aesLaneAt(lanes, 3).destination + at, x3);
    }
    at += 16;
  } while (at != bytes);
  v128.store(aesLaneAt(lanes, 0).iv, x0);
  v128.store(aesLaneAt(lanes, 1).iv, x1);
  v128.store(aesLaneAt(lanes, 2).iv, x2);
  v128.store(aesLaneAt(lanes, 3).iv, x3);
}

/** Whether aesCbcEncrypt4() can take two keys together. It runs the same number of rounds in all lanes. */
@inline
export function aesCbcEncrypt4Alike(keyBytes: u32, otherKeyBytes: u32): bool {
  return keyBytes == otherKeyBytes;
}

/**
 * CBC encryption of four independent streams. They are interleaved, so that the processor works on one stream while
 * another one waits for a result.
 * @param lanes four records of AES_LANE_BYTES with the parameters of aesCbcEncrypt. The four keys have one size, the
 *   four IVs are apart, and a destination overlaps no other lane's source. Each IV is replaced by its lane's last
 *   ciphertext block.
 * @param blocks number of 16-byte blocks, the same in every lane
 */
export function aesCbcEncrypt4(lanes: usize, blocks: u32): void {
  chainFour(lanes, blocks, true);
}

/**
 * The same four chains for message authentication, which keep only the last block of each ciphertext.
 * @param lanes four records as for aesCbcEncrypt4; their destinations are not used
 * @param blocks number of 16-byte blocks, the same in every lane
 */
export function aesCbcChain4(lanes: usize, blocks: u32): void {
  chainFour(lanes, blocks, false);
}
