// AES in counter mode (NIST SP 800-38A section 6.5), with the incrementing functions of its appendix B.1 over 128 bits and of
// SP 800-38D section 6.2 over 32.

import { xorBytes } from '../memory/xor';
import { pair, reverseBytes } from '../simd';
import { AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';

function ctr(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize, wide: bool): void {
  const scratch = ctx + AES_SCRATCH;
  const one = i32x4(1, 0, 0, 0);
  let next = reverseBytes(v128.load(counter));
  while (bytes != 0) {
    const part = bytes < AES_SCRATCH_BYTES ? bytes : AES_SCRATCH_BYTES;
    const end = scratch + ((part + 15) & ~15);
    const lowest = i32x4.extract_lane(next, 0) as u32;
    for (let at = scratch; at != end; at += 16) {
      v128.store(at, reverseBytes(next));
      next = i32x4.add(next, one);
    }
    // The counter is public, so a carry out of its lowest word may take a path of its own.
    if (wide && (i32x4.extract_lane(next, 0) as u32) < lowest) next = carried(scratch, end, next);
    aesEncryptToScratch(ctx, scratch, end - scratch);
    xorBytes(dst, src, scratch, part);
    src += part;
    dst += part;
    bytes -= part;
  }
  v128.store(counter, reverseBytes(next));
}

// Corrects the counter blocks after the one whose lowest word was all ones: the upper 96 bits are one more.
function carried(blocks: usize, end: usize, next: v128): v128 {
  const upper = i64x2.extract_lane(next, 1) as u64;
  const lower = (i64x2.extract_lane(next, 0) as u64) + 0x100000000;
  const corrected = pair(lower, upper + ((lower >> 32 == 0) as u64));
  let block = corrected;
  // As many blocks as the lowest word has counted since it was 0.
  for (let left = lower as u32; left != 0; --left) {
    end -= 16;
    block = i32x4.sub(block, i32x4(1, 0, 0, 0));
    v128.store(end, reverseBytes(block));
  }
  return corrected;
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
