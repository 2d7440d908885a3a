// AES on eight blocks at once, bitsliced and fixsliced: A. Adomnicai and T. Peyrin, "Fixslicing AES-like Ciphers"
// (TCHES 2021/1).
//
// ShiftRows is never done: after r rounds the real state is ShiftRows^r of the stored state. The round keys are stored
// to match, and MixColumns takes its bytes from where ShiftRows would have moved them. A state is 128 bytes of planes
// in the context's scratch. Each step runs over several states before the next step begins. The states are independent,
// so the processor works on one state while another waits for a result.

import { invLastRound, invRound } from '../generated/aes_bitslice';
import { AES_PLANE_KEYS, AES_PLANE_KEY_BYTES, AES_SCRATCH, AES_SCRATCH_BYTES, aesRounds } from './aes_context';
import { transposePlanes } from './aes_planes';
import { aesDecryptFew, aesDecryptOne } from './aes_vperm_inverse';

const STATE_BYTES: usize = 128;
// Measured: a state of eight blocks alone takes as long as six blocks by vector permute, or as four and a half without
// relaxed swizzles. Beside other states it takes as long as four, or as three.
const FEW_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 96 : 64;
const REST_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 64 : 48;

// Two ShiftRows are their own inverse, and four change nothing. So two are left over after 10 or 14 rounds, and none
// after 12.
@inline function addFirstKey(state: usize, key: usize, rounds: u32): void {
  const skipped = i8x16(0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 5, 14, 7);
  for (let end = state + STATE_BYTES; state != end; state += 16, key += 16) {
    let plane = v128.load(state);
    if (rounds != 12) plane = i8x16.swizzle(plane, skipped);
    v128.store(state, v128.xor(plane, v128.load(key)));
  }
}

@inline function invRounds(states: usize, end: usize, key: usize, skipped: u32): void {
  let state = states;
  do {
    invRound(state, key, skipped);
    state += STATE_BYTES;
  } while (state != end);
}

/**
 * Deciphers states in place: planes of ciphertext become blocks (FIPS 197 section 5.3, the inverse cipher).
 * @param ctx expanded key, see aesExpandKey
 * @param states planes of the first state; one state follows another
 * @param end end of the last state
 */
function decryptStates(ctx: usize, states: usize, end: usize): void {
  const rounds = aesRounds(ctx);
  const keys = ctx + AES_PLANE_KEYS;
  let key = keys + (rounds as usize) * AES_PLANE_KEY_BYTES;
  for (let state = states; state != end; state += STATE_BYTES) addFirstKey(state, key, rounds);
  // The rounds before the last count from 9, 11 or 13 down to 1, and round r is r ShiftRows behind. A lap has rounds
  // r = 0, 3, 2 and 1 modulo 4. AES-192 enters the first lap at r = 3, AES-128 and AES-256 enter it at r = 1.
  let lap = 0;
  do {
    if (lap != 0) invRounds(states, end, (key -= AES_PLANE_KEY_BYTES), 0);
    if (lap != 0 || rounds == 12) {
      invRounds(states, end, (key -= AES_PLANE_KEY_BYTES), 3);
      invRounds(states, end, (key -= AES_PLANE_KEY_BYTES), 2);
    }
    invRounds(states, end, (key -= AES_PLANE_KEY_BYTES), 1);
    lap = 1;
  } while (key != keys + AES_PLANE_KEY_BYTES);
  for (let state = states; state != end; state += STATE_BYTES) {
    invLastRound(state, keys);
    transposePlanes(state, state);
  }
}

/**
 * Deciphers blocks into the context's scratch. If the last state is not full, it deciphers old scratch bytes as well.
 * @param ctx expanded key, see aesExpandKey
 * @param src ciphertext, any alignment
 * @param bytes 16 to AES_SCRATCH_BYTES, whole blocks
 */
export function aesDecryptToScratch(ctx: usize, src: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  if (bytes == 16) {
    aesDecryptOne(ctx, src, scratch);
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
    decryptStates(ctx, scratch, end);
  }
  if (few) aesDecryptFew(ctx, scratch + full, scratch + bytes);
}

/**
 * CBC decryption (NIST SP 800-38A section 6.2).
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param iv 16 bytes of private scratch: the chaining value, replaced by the last ciphertext block
 * @param src ciphertext, `blocks` * 16 bytes, any alignment
 * @param dst plaintext: the same address as `src`, or memory apart from it
 * @param blocks number of 16-byte blocks
 */
export function aesCbcDecrypt(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32): void {
  const scratch = ctx + AES_SCRATCH;
  let left = (blocks as usize) << 4;
  while (left != 0) {
    const bytes = left < AES_SCRATCH_BYTES ? left : AES_SCRATCH_BYTES;
    aesDecryptToScratch(ctx, src, bytes);
    const last = v128.load(src + bytes - 16);
    // Goes from the last block to the first, so that in place each ciphertext block is still there when the next block
    // needs it.
    for (let at = bytes - 16; at != 0; at -= 16) {
      v128.store(dst + at, v128.xor(v128.load(scratch + at), v128.load(src + at - 16)));
    }
    v128.store(dst, v128.xor(v128.load(scratch), v128.load(iv)));
    v128.store(iv, last);
    src += bytes;
    dst += bytes;
    left -= bytes;
  }
}
