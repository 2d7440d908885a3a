// DES (FIPS 46-3) and TDEA (NIST SP 800-67), two blocks at once in the halves of a vector, by look-ups in registers
// alone: no address depends on a secret. scripts/gen-des-tables.mjs explains how halves and S-boxes are held.

import { xorBytes } from '../memory/xor';
import { DES_KEYS, DES_SCRATCH, desStages } from './des_context';
import { expandLeft, expandRight, finalPermutation, permuteAndExpand, substitute } from '../generated/des_tables';

@inline function f(half: v128, key: usize): v128 {
  return permuteAndExpand(substitute(v128.xor(half, v128.load(key))));
}

// All DES operations on two blocks. Between two operations the final and the initial permutation cancel out. Only the
// exchange of the halves remains.
function crypt(x: v128, key: usize, step: isize, stages: u32): v128 {
  let left = expandLeft(x);
  let right = expandRight(x);
  do {
    let rounds = 8;
    do {
      left = v128.xor(left, f(right, key));
      key += step;
      right = v128.xor(right, f(left, key));
      key += step;
    } while (--rounds != 0);
    const swapped = left;
    left = right;
    right = swapped;
  } while (--stages != 0);
  return finalPermutation(left, right);
}

/** Enciphers the two blocks in the halves of a vector. */
@inline export function desEncrypt2(ctx: usize, x: v128): v128 {
  return crypt(x, ctx + DES_KEYS, 16, desStages(ctx));
}

// The same with the round keys in reverse order.
@inline function decrypt2(ctx: usize, x: v128): v128 {
  const stages = desStages(ctx);
  return crypt(x, ctx + DES_KEYS + (((stages as usize) << 4) - 1) * 16, -16, stages);
}

/**
 * ECB encryption (NIST SP 800-38A section 6.1).
 * @param ctx expanded key, see desSetKey
 * @param src plaintext, `blocks` * 8 bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param blocks number of 8-byte blocks
 */
export function desEcbEncrypt(ctx: usize, src: usize, dst: usize, blocks: u32): void {
  for (; blocks >= 2; blocks -= 2) {
    v128.store(dst, desEncrypt2(ctx, v128.load(src)));
    src += 16;
    dst += 16;
  }
  if (blocks != 0) v128.store64_lane(dst, desEncrypt2(ctx, v128.load64_zero(src)), 0);
}

/** ECB decryption, with the parameters of desEcbEncrypt; `src` is ciphertext. */
export function desEcbDecrypt(ctx: usize, src: usize, dst: usize, blocks: u32): void {
  for (; blocks >= 2; blocks -= 2) {
    v128.store(dst, decrypt2(ctx, v128.load(src)));
    src += 16;
    dst += 16;
  }
  if (blocks != 0) v128.store64_lane(dst, decrypt2(ctx, v128.load64_zero(src)), 0);
}

/**
 * CBC encryption (NIST SP 800-38A section 6.2).
 * @param ctx expanded key, see desSetKey
 * @param iv 8 bytes of private scratch: the chaining value, replaced by the last ciphertext block
 * @param src plaintext, `blocks` * 8 bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param blocks number of 8-byte blocks
 */
export function desCbcEncrypt(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32): void {
  let chain = v128.load64_zero(iv);
  for (; blocks != 0; --blocks) {
    chain = desEncrypt2(ctx, v128.xor(chain, v128.load64_zero(src)));
    v128.store64_lane(dst, chain, 0);
    src += 8;
    dst += 8;
  }
  v128.store64_lane(iv, chain, 0);
}

/** CBC decryption, with the parameters of desCbcEncrypt; `src` is ciphertext. */
export function desCbcDecrypt(ctx: usize, iv: usize, src: usize, dst: usize, blocks: u32): void {
  let chain = v128.load64_zero(iv);
  for (; blocks >= 2; blocks -= 2) {
    const cipher = v128.load(src);
    // The two blocks to add: the chaining value, and the first ciphertext block.
    const before = i64x2.shuffle(chain, cipher, 0, 2);
    v128.store(dst, v128.xor(decrypt2(ctx, cipher), before));
    chain = i64x2.shuffle(cipher, cipher, 1, 1);
    src += 16;
    dst += 16;
  }
  if (blocks != 0) {
    const cipher = v128.load64_zero(src);
    v128.store64_lane(dst, v128.xor(decrypt2(ctx, cipher), chain), 0);
    chain = cipher;
  }
  v128.store64_lane(iv, chain, 0);
}

/**
 * CTR encryption and decryption (NIST SP 800-38A section 6.5). The counter is the whole block, big-endian, and wraps
 * from all ones to 0.
 * @param ctx expanded key, see desSetKey; its scratch is used
 * @param iv 8 bytes of private scratch: the first counter block, replaced by the next unused counter block
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes any length; a last block may be short
 */
export function desCtr(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  const stream = ctx + DES_SCRATCH;
  let counter = bswap<u64>(load<u64>(iv));
  while (bytes != 0) {
    const part: usize = bytes < 16 ? bytes : 16;
    store<u64>(stream, bswap<u64>(counter));
    store<u64>(stream, bswap<u64>(counter + 1), 8);
    counter += part > 8 ? 2 : 1;
    v128.store(stream, desEncrypt2(ctx, v128.load(stream)));
    xorBytes(dst, src, stream, part);
    src += part;
    dst += part;
    bytes -= part;
  }
  store<u64>(iv, bswap<u64>(counter));
}
