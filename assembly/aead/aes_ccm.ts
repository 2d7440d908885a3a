// AES-CCM (NIST SP 800-38C): CBC-MAC of lengths, additional data and plaintext, then CTR over plaintext and MAC.

import { AES_CONTEXT_BYTES } from '../cipher/aes_context';
import { aesCtr } from '../cipher/aes_ctr';
import { aesExpandKey } from '../cipher/aes_key';
import { aesCbcChain } from '../cipher/aes_vperm';
import { aesEncryptOne } from '../cipher/aes_vperm_blocks';
import { tagsEqual } from './tag';

// After the AES context: the chain, which becomes the tag; the counter block; a block under construction; plaintext
// that is not verified yet.
const CHAIN: usize = AES_CONTEXT_BYTES;
const COUNTER: usize = 3408;
const BLOCK: usize = 3424;
const PLAIN: usize = 3440;
const PLAIN_BYTES: usize = 512;

/** Bytes of a context. */
export const CCM_CONTEXT_BYTES: usize = 3952;

/**
 * Expands a key.
 * @param ctx CCM_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function ccmSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(ctx, key, keyBytes);
}

// Chains bytes, and fills their last block up with zeros.
function chainPadded(ctx: usize, src: usize, bytes: usize): void {
  const whole = bytes & ~15;
  aesCbcChain(ctx, ctx + CHAIN, src, (whole >> 4) as u32);
  if (whole != bytes) chainJoined(ctx, 0, src + whole, bytes - whole);
}

// Chains a block: `before` bytes that it holds already, then `bytes` more bytes, then zeros.
function chainJoined(ctx: usize, before: usize, src: usize, bytes: usize): void {
  const block = ctx + BLOCK;
  memory.copy(block + before, src, bytes);
  memory.fill(block + before + bytes, 0, 16 - before - bytes);
  aesCbcChain(ctx, ctx + CHAIN, block, 1);
}

// Chains the blocks before the plaintext (appendix A.2.1 and A.2.2), and makes counter block 0 (appendix A.3).
function begin(
  ctx: usize,
  nonce: usize,
  nonceBytes: u32,
  aad: usize,
  aadBytes: usize,
  bytes: usize,
  tagBytes: u32,
): void {
  const lengthBytes = 15 - nonceBytes;
  const flags = (((aadBytes != 0) as u32) << 6) | (((tagBytes - 2) >> 1) << 3) | (lengthBytes - 1);
  v128.store(ctx, i64x2.splat(0), CHAIN);
  store<u64>(ctx, 0, BLOCK);
  store<u64>(ctx, bswap<u64>(bytes), BLOCK + 8);
  store<u8>(ctx, flags as u8, BLOCK);
  memory.copy(ctx + BLOCK + 1, nonce, nonceBytes);
  aesCbcChain(ctx, ctx + CHAIN, ctx + BLOCK, 1);

  v128.store(ctx, i64x2.splat(0), COUNTER);
  store<u8>(ctx, (lengthBytes - 1) as u8, COUNTER);
  memory.copy(ctx + COUNTER + 1, nonce, nonceBytes);

  if (aadBytes == 0) return;
  let before: usize = 2;
  if (aadBytes < 0xff00) {
    store<u16>(ctx, bswap<u16>(aadBytes as u16), BLOCK);
  } else {
    before = 6;
    store<u16>(ctx, 0xfeff, BLOCK);
    store<u32>(ctx, bswap<u32>(aadBytes as u32), BLOCK + 2);
  }
  const head = min(16 - before, aadBytes);
  chainJoined(ctx, before, aad, head);
  chainPadded(ctx, aad + head, aadBytes - head);
}

// Makes the tag from the chain (section 6.1, steps 4 and 8), and sets the counter from 0 to 1.
function finishTag(ctx: usize): void {
  aesEncryptOne(ctx, ctx + COUNTER, ctx + BLOCK);
  v128.store(ctx, v128.xor(v128.load(ctx, CHAIN), v128.load(ctx, BLOCK)), CHAIN);
  store<u8>(ctx, 1, COUNTER + 15);
}

/**
 * Generation and encryption (section 6.1).
 * @param ctx see ccmSetKey; its scratch is used
 * @param nonce any alignment
 * @param nonceBytes 7 to 13: the caller has checked it
 * @param aad associated data, `aadBytes` bytes
 * @param src plaintext, any alignment
 * @param bytes its length: the caller has checked that it fits into 15 - `nonceBytes` bytes
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param tag where the tag goes, apart from all other parameters
 * @param tagBytes 4, 6, 8, 10, 12, 14 or 16: the caller has checked it
 */
export function ccmEncrypt(
  ctx: usize,
  nonce: usize,
  nonceBytes: u32,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): void {
  begin(ctx, nonce, nonceBytes, aad, aadBytes, bytes, tagBytes);
  chainPadded(ctx, src, bytes);
  finishTag(ctx);
  aesCtr(ctx, ctx + COUNTER, src, dst, bytes);
  memory.copy(tag, ctx + CHAIN, tagBytes);
}

/**
 * Decryption and verification (section 6.2), with the parameters of ccmEncrypt. `src` is ciphertext, and `tag` is the
 * expected tag. The plaintext is made twice: first piece by piece in the context, to compute the tag, then in `dst`, if
 * the tag is right.
 * @returns whether the tag is right
 */
export function ccmDecrypt(
  ctx: usize,
  nonce: usize,
  nonceBytes: u32,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): bool {
  begin(ctx, nonce, nonceBytes, aad, aadBytes, bytes, tagBytes);
  const counter = ctx + COUNTER;
  const zero = v128.load(counter);
  store<u8>(counter, 1, 15);
  for (let at: usize = 0; at < bytes; at += PLAIN_BYTES) {
    const part = min(bytes - at, PLAIN_BYTES);
    aesCtr(ctx, counter, src + at, ctx + PLAIN, part);
    chainPadded(ctx, ctx + PLAIN, part);
  }
  v128.store(counter, zero);
  finishTag(ctx);
  if (!tagsEqual(ctx + CHAIN, tag, tagBytes)) return false;
  aesCtr(ctx, counter, src, dst, bytes);
  return true;
}
