// AES encryption of eight blocks at once: aes_fixslice.ts in the forward direction.

import { encryptLastRound, encryptRound } from '../generated/aes_bitslice_encrypt';
import { AES_PLANE_KEYS, AES_PLANE_KEY_BYTES, AES_SCRATCH, aesRounds } from './aes_context';
import { transposePlanes } from './aes_planes';
import { aesEncryptFew, aesEncryptOne } from './aes_vperm_blocks';

const STATE_BYTES: usize = 128;
// Measured: a state of eight blocks alone takes as long as seven blocks by vector permute, or as five without relaxed
// swizzles. Beside other states it takes as long as four.
const FEW_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 112 : 80;
const REST_BYTES: usize = 64;

@inline function addFirstKey(state: usize, key: usize): void {
  for (let end = state + STATE_BYTES; state != end; state += 16, key += 16) {
    v128.store(state, v128.xor(v128.load(state), v128.load(key)));
  }
}

@inline function encryptRounds(states: usize, end: usize, key: usize, skipped: u32): void {
  let state = states;
  do {
    encryptRound(state, key, skipped);
    state += STATE_BYTES;
  } while (state != end);
}

@inline function encryptLastRounds(states: usize, end: usize, key: usize, behind: bool): void {
  let state = states;
  do {
    encryptLastRound(state, key, behind);
    state += STATE_BYTES;
  } while (state != end);
}

/**
 * Enciphers states in place: planes become blocks of ciphertext (FIPS 197 section 5.1).
 * @param ctx expanded key, see aesExpandKey
 * @param states planes of the first state; one state follows another
 * @param end end of the last state
 * @param done rounds that were done before: 0 for planes of plaintext, or 2
 */
export function encryptStates(ctx: usize, states: usize, end: usize, done: usize): void {
  const rounds = aesRounds(ctx);
  let key = ctx + AES_PLANE_KEYS;
  const lastKey = key + (rounds as usize) * AES_PLANE_KEY_BYTES;
  if (done == 0) for (let state = states; state != end; state += STATE_BYTES) addFirstKey(state, key);
  key += done * AES_PLANE_KEY_BYTES;
  // Round r is r ShiftRows behind. The last of 9, 11 or 13 full rounds is the first or the third round of a lap.
  for (;;) {
    if (done == 0) {
      encryptRounds(states, end, (key += AES_PLANE_KEY_BYTES), 1);
      if (key + AES_PLANE_KEY_BYTES == lastKey) break;
      encryptRounds(states, end, (key += AES_PLANE_KEY_BYTES), 2);
    }
    done = 0;
    encryptRounds(states, end, (key += AES_PLANE_KEY_BYTES), 3);
    if (key + AES_PLANE_KEY_BYTES == lastKey) break;
    encryptRounds(states, end, (key += AES_PLANE_KEY_BYTES), 0);
  }
  // The ShiftRows that were skipped: two after 10 or 14 rounds, none after 12.
  if (rounds == 12) encryptLastRounds(states, end, lastKey, false);
  else encryptLastRounds(states, end, lastKey, true);
}

/**
 * Enciphers blocks into the context's scratch. If the last state is not full, it enciphers old scratch bytes as well.
 * @param ctx expanded key, see aesExpandKey
 * @param src plaintext, any alignment; it may be the scratch itself
 * @param bytes 16 to AES_SCRATCH_BYTES, whole blocks
 */
export function aesEncryptToScratch(ctx: usize, src: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  if (bytes == 16) {
    aesEncryptOne(ctx, src, scratch);
    return;
  }
  const full = bytes <= FEW_BYTES ? 0 : bytes & ~(STATE_BYTES - 1);
  const rest = bytes - full;
  for (let at = full; at != bytes; at += 16) v128.store(scratch + at, v128.load(src + at));
  const few: bool = rest != 0 && rest <= (full == 0 ? FEW_BYTES : REST_BYTES);
  const states: usize = few ? full : bytes;
  if (states != 0) {
    let end = scratch;
    for (let at: usize = 0; at < states; at += STATE_BYTES, end += STATE_BYTES) {
      transposePlanes(at == full ? end : src + at, end);
    }
    encryptStates(ctx, scratch, end, 0);
  }
  if (few) aesEncryptFew(ctx, scratch + full, scratch + bytes);
}
