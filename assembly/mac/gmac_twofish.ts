// GMAC (NIST SP 800-38D section 3) with Twofish as its block cipher. A context, in bytes from a 16-aligned ctx:
//
//   0     expanded Twofish key
//   240   GHASH context
//   2960  the pre-counter block J0, then J0 enciphered, then the tag

import { GHASH_CONTEXT_BYTES, ghash, ghashSetKey, ghashState } from './ghash';
import { TWOFISH_CONTEXT_BYTES, twofishEncryptBlock, twofishSetKey } from '../cipher/twofish';

const GHASH: usize = TWOFISH_CONTEXT_BYTES;
const BLOCK: usize = GHASH + GHASH_CONTEXT_BYTES;

/** Bytes of a context. */
export const GMAC_TWOFISH_CONTEXT_BYTES: usize = BLOCK + 16;

/**
 * Expands a key.
 * @param ctx GMAC_TWOFISH_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function gmacTwofishSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  const block = ctx + BLOCK;
  twofishSetKey(ctx, key, keyBytes);
  v128.store(block, i64x2.splat(0));
  twofishEncryptBlock(ctx, block, block);
  ghashSetKey(ctx + GHASH, block);
}

/**
 * The MAC of a message.
 * @param iv any alignment
 * @param ivBytes 12 is usual; an IV of 16 is J0 itself; an IV of any other length is hashed (section 7.1, step 2)
 * @param src the message, `bytes` bytes, any alignment
 * @param dst where the tag goes
 * @param tagBytes length of the tag, 0 to 16
 */
export function gmacTwofish(
  ctx: usize,
  iv: usize,
  ivBytes: u32,
  src: usize,
  bytes: usize,
  dst: usize,
  tagBytes: u32,
): void {
  const gh = ctx + GHASH;
  const block = ctx + BLOCK;
  if (ivBytes == 12) {
    memory.copy(block, iv, 12);
    store<u32>(block, 0x01000000, 12);
  } else if (ivBytes == 16) {
    v128.store(block, v128.load(iv));
  } else {
    ghash(gh, iv, 0, iv, ivBytes);
    v128.store(block, ghashState(gh));
  }
  twofishEncryptBlock(ctx, block, block);
  ghash(gh, src, bytes, src, 0);
  v128.store(block, v128.xor(ghashState(gh), v128.load(block)));
  memory.copy(dst, block, tagBytes);
}
