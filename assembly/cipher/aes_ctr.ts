// AES in counter mode (NIST SP 800-38A section 6.5), with the incrementing functions of its appendix B.1 over 128 bits and of
// SP 800-38D section 6.2 over 32.

import { xorBytes } from '../memory/xor';
import { pair, reverseBytes } from '../simd';
import { AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';

function ctr(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize, wide: bool): void {
  const scratch = ctx + AES_SCRATCH;
  const start = reverseBytes(v128.load(counter));
  let lower = i64x2.extract_lane(start, 0) as u64;
  let upper = i64x2.extract_lane(start, 1) as u64;
  while (bytes != 0) {
    const part = bytes < AES_SCRATCH_BYTES ? bytes : AES_SCRATCH_BYTES;
    const blocks = (part + 15) & ~15;
    for (let at: usize = 0; at != blocks; at += 16) {
      v128.store(scratch + at, reverseBytes(pair(lower, upper)));
      if (wide) {
        ++lower;
        upper += (lower == 0) as u64;
      } else {
        lower = (lower & 0xffffffff00000000) | ((lower + 1) & 0xffffffff);
      }
    }
    aesEncryptToScratch(ctx, scratch, blocks);
    xorBytes(dst, src, scratch, part);
    src += part;
    dst += part;
    bytes -= part;
  }
  v128.store(counter, reverseBytes(pair(lower, upper)));
}

/**
 * CTR encryption and decryption: the counter is the whole block, big-endian, and begins anew after all ones.
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param iv 16 bytes of private scratch: the first counter block, replaced by the one after the last that was used
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes any length; a last block may be short
 */
export function aesCtr(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  ctr(ctx, iv, src, dst, bytes, true);
}

/** As aesCtr, but only the last 32 bits of the counter block count: GCM's GCTR (SP 800-38D section 6.5). */
export function aesCtr32(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  ctr(ctx, iv, src, dst, bytes, false);
}
