// AES in f8 mode (RFC 3711 section 4.1.2): output feedback with a counter and a masked IV.
//
//   IV' = E(k_e XOR m, IV)      S(j) = E(k_e, IV' XOR j XOR S(j - 1)), S(-1) = 0
//
// The key stream is therefore the CBC encryption, under a zero IV, of the blocks IV' XOR j.

import { xorBytes } from '../memory/xor';
import { AES_CONTEXT_BYTES, AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesExpandKey } from './aes_key';
import { aesCbcEncrypt } from './aes_vperm';
import { aesEncryptOne } from './aes_vperm_blocks';

// After the contexts of the key and of the masked key: IV', then S(j - 1).
const MASKED: usize = AES_CONTEXT_BYTES;
const MASKED_IV: usize = 6784;
const CHAIN: usize = 6800;

/** Bytes of a context: two AES contexts and two blocks. */
export const AES_F8_CONTEXT_BYTES: usize = 6816;

/**
 * Expands the key and the masked key.
 * @param ctx AES_F8_CONTEXT_BYTES of memory, 16-aligned
 * @param key k_e, apart from ctx
 * @param keyBytes 16, 24 or 32: the caller has checked it
 * @param mask m, `keyBytes` bytes apart from ctx. In SRTP it is the session salt, filled up with bytes 0x55
 */
export function aesF8SetKey(ctx: usize, key: usize, keyBytes: u32, mask: usize): void {
  const masked = ctx + AES_SCRATCH;
  xorBytes(masked, key, mask, keyBytes);
  aesExpandKey(ctx + MASKED, masked, keyBytes);
  memory.fill(masked, 0, keyBytes);
  aesExpandKey(ctx, key, keyBytes);
}

/**
 * f8 encryption and decryption.
 * @param ctx see aesF8SetKey; its scratch is used
 * @param iv 16 bytes, only read
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes any length
 */
export function aesF8(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  aesEncryptOne(ctx + MASKED, iv, ctx + MASKED_IV);
  v128.store(ctx, i64x2.splat(0), CHAIN);
  const upper = load<u64>(ctx, MASKED_IV);
  const lower = load<u64>(ctx, MASKED_IV + 8);
  let number: u64 = 0;
  while (bytes != 0) {
    const part = bytes < AES_SCRATCH_BYTES ? bytes : AES_SCRATCH_BYTES;
    const blocks = (part + 15) >> 4;
    for (let block: usize = 0; block != blocks; ++block, ++number) {
      store<u64>(scratch + (block << 4), upper);
      store<u64>(scratch + (block << 4), lower ^ bswap<u64>(number), 8);
    }
    aesCbcEncrypt(ctx, ctx + CHAIN, scratch, scratch, blocks as u32);
    xorBytes(dst, src, scratch, part);
    src += part;
    dst += part;
    bytes -= part;
  }
}
