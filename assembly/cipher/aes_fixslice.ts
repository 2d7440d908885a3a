// AES on eight blocks at once, bitsliced and fixsliced: A. Adomnicai and T. Peyrin, "Fixslicing AES-like Ciphers"
// (TCHES 2021/1).
//
// ShiftRows is never done: after r rounds the real state is ShiftRows^r of the one held, the round keys are stored to
// suit, and MixColumns takes its bytes from where ShiftRows would have put them. A state is 128 bytes of planes in the
// context's scratch. Every step runs over several states before the next begins: they are independent, so one fills the
// processor while another waits for its own deepest path.

import { invLastRound, invRound } from '../generated/aes_bitslice';
import { AES_PLANE_KEYS, AES_PLANE_KEY_BYTES, AES_SCRATCH, AES_SCRATCH_BYTES, aesRounds } from './aes_context';
import { transposePlanes } from './aes_planes';
import { aesDecryptFew, aesDecryptOne } from './aes_vperm_inverse';

const STATE_BYTES: usize = 128;
// Measured: a state of eight takes as long as four and a half blocks side by side.
const FEW_BYTES: usize = 64;

// Twice ShiftRows is its own inverse, and ShiftRows four times is nothing: what was skipped in 10 or 14 rounds, and in
// 12.
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
 * Deciphers states in place, from the planes of ciphertext to blocks: the inverse cipher of FIPS 197 section 5.3.
 * @param ctx expanded key, see aesExpandKey
 * @param states planes of the first state; one state follows another
 * @param end end of the last state
 */
function decryptStates(ctx: usize, states: usize, end: usize): void {
  const rounds = aesRounds(ctx);
  const keys = ctx + AES_PLANE_KEYS;
  let key = keys + (rounds as usize) * AES_PLANE_KEY_BYTES;
  for (let state = states; state != end; state += STATE_BYTES) addFirstKey(state, key, rounds);
  // The rounds before the last are numbered 9, 11 or 13 down to 1; round r is r ShiftRows behind. The first lap begins
  // where AES-192 (r = 3 modulo 4) or AES-128 and AES-256 (r = 1 modulo 4) enter it.
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
 * Deciphers blocks into the context's scratch. A state that is not full deciphers what else lies in the scratch too.
 * @param ctx expanded key, see aesExpandKey
 * @param src ciphertext, any alignment
 * @param bytes 16 to AES_SCRATCH_BYTES, whole blocks
 */
export function aesDecryptToScratch(ctx: usize, src: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  const full = bytes <= FEW_BYTES ? 0 : bytes & ~(STATE_BYTES - 1);
  for (let at = full; at != bytes; at += 16) v128.store(scratch + at, v128.load(src + at));
  if (bytes == 16) {
    aesDecryptOne(ctx, scratch, scratch);
    return;
  }
  if (bytes <= FEW_BYTES) {
    aesDecryptFew(ctx, scratch, scratch + bytes);
    return;
  }
  let end = scratch;
  for (let at: usize = 0; at < bytes; at += STATE_BYTES, end += STATE_BYTES) {
    transposePlanes(at == full ? end : src + at, end);
  }
  decryptStates(ctx, scratch, end);
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
    // From the last block to the first, so that in place each ciphertext block is still there when its successor needs
    // it.
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
