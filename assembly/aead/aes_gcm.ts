// AES-GCM and GMAC (NIST SP 800-38D section 7).

import { AES_CONTEXT_BYTES } from '../cipher/aes_context';
import { AES_KEY_STREAM_BYTES, aesCtr32, aesKeyStream } from '../cipher/aes_ctr';
import { aesExpandKey } from '../cipher/aes_key';
import { aesEncryptOne } from '../cipher/aes_vperm_blocks';
import { GHASH_CONTEXT_BYTES, ghash, ghashPrepare, ghashSetKey, ghashState } from '../mac/ghash';
import { copyShort } from '../memory/copy';
import { xorBytes } from '../memory/xor';
import { tagsEqual } from './tag';

// After the AES context: the GHASH context; then J0, which becomes the counter block; then the tag.
const GHASH: usize = AES_CONTEXT_BYTES;
const COUNTER: usize = GHASH + GHASH_CONTEXT_BYTES;
const TAG: usize = COUNTER + 16;

/** Bytes of a context. */
export const GCM_CONTEXT_BYTES: usize = TAG + 16;

// The longest text whose key stream, and the block before it that masks the tag, are made in one piece.
const SHORT_BYTES: usize = AES_KEY_STREAM_BYTES - 16;

/**
 * Expands a key.
 * @param ctx GCM_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function gcmSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(ctx, key, keyBytes);
  v128.store(ctx, i64x2.splat(0), TAG);
  aesEncryptOne(ctx, ctx + TAG, ctx + TAG);
  ghashSetKey(ctx + GHASH, ctx + TAG);
}

/** Builds the tables of GHASH, unless the context has them. Copies of the context then have them too. */
export function gcmPrepare(ctx: usize): void {
  ghashPrepare(ctx + GHASH);
}

// The pre-counter block J0 (section 7.1, step 2).
function makeCounter(ctx: usize, iv: usize, ivBytes: u32): void {
  const counter = ctx + COUNTER;
  if (ivBytes == 12) {
    store<u64>(counter, load<u64>(iv));
    store<u32>(counter, load<u32>(iv, 8), 8);
    store<u32>(counter, 0x01000000, 12);
  } else if (ivBytes == 16) {
    v128.store(counter, v128.load(iv));
  } else {
    ghash(ctx + GHASH, iv, 0, iv, ivBytes);
    v128.store(counter, ghashState(ctx + GHASH));
  }
}

// Returns the encryption of J0, which masks the tag, and sets the counter to the first block of text.
function maskAndIncrement(ctx: usize): v128 {
  aesEncryptOne(ctx, ctx + COUNTER, ctx + TAG);
  store<u32>(ctx, bswap<u32>(bswap<u32>(load<u32>(ctx, COUNTER + 12)) + 1), COUNTER + 12);
  return v128.load(ctx, TAG);
}

// Makes the key stream from J0 on. Its first block masks the tag, and the text's key stream follows.
@inline function shortKeyStream(ctx: usize, bytes: usize): usize {
  return aesKeyStream(ctx, ctx + COUNTER, bytes + 16);
}

// Makes the tag of the additional data and of the ciphertext (section 7.1, steps 4 to 6) at ctx + TAG.
@inline function makeTag(ctx: usize, mask: v128, aad: usize, aadBytes: usize, text: usize, bytes: usize): void {
  ghash(ctx + GHASH, aad, aadBytes, text, bytes);
  v128.store(ctx, v128.xor(ghashState(ctx + GHASH), mask), TAG);
}

/**
 * Authenticated encryption (section 7.1).
 * @param ctx see gcmSetKey; its scratch is used
 * @param iv any alignment
 * @param ivBytes 12 is usual; an IV of 16 is J0 itself; an IV of any other length is hashed
 * @param aad additional authenticated data, `aadBytes` bytes
 * @param src plaintext, `bytes` bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param tag where the tag goes, apart from all other parameters
 * @param tagBytes length of the tag, 0 to 16: the caller has checked it
 */
export function gcmEncrypt(
  ctx: usize,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): void {
  makeCounter(ctx, iv, ivBytes);
  let mask: v128;
  if (bytes <= SHORT_BYTES) {
    const stream = shortKeyStream(ctx, bytes);
    mask = v128.load(stream);
    xorBytes(dst, src, stream + 16, bytes);
  } else {
    mask = maskAndIncrement(ctx);
    aesCtr32(ctx, ctx + COUNTER, src, dst, bytes);
  }
  makeTag(ctx, mask, aad, aadBytes, dst, bytes);
  copyShort(tag, ctx + TAG, tagBytes);
}

/**
 * Authenticated decryption (section 7.2), with the parameters of gcmEncrypt. `src` is ciphertext, and `tag` is the
 * expected tag. Nothing is written to `dst` if the tag is wrong.
 * @returns whether the tag is right
 */
export function gcmDecrypt(
  ctx: usize,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): bool {
  makeCounter(ctx, iv, ivBytes);
  const short = bytes <= SHORT_BYTES;
  const stream = short ? shortKeyStream(ctx, bytes) : 0;
  const mask = short ? v128.load(stream) : maskAndIncrement(ctx);
  makeTag(ctx, mask, aad, aadBytes, src, bytes);
  if (!tagsEqual(ctx + TAG, tag, tagBytes)) return false;
  if (short) xorBytes(dst, src, stream + 16, bytes);
  else aesCtr32(ctx, ctx + COUNTER, src, dst, bytes);
  return true;
}

/**
 * GMAC: GCM that only authenticates (section 3).
 * @param src the message, `bytes` bytes, any alignment
 * @param dst where the tag goes
 * @param tagBytes length of the tag, 0 to 16
 */
export function gmac(ctx: usize, iv: usize, ivBytes: u32, src: usize, bytes: usize, dst: usize, tagBytes: u32): void {
  gcmEncrypt(ctx, iv, ivBytes, src, bytes, src, 0, src, dst, tagBytes);
}
