// AES in counter mode (NIST SP 800-38A section 6.5), with the incrementing functions of its appendix B.1 over 128 bits
// and of SP 800-38D section 6.2 over 32.

import { xorBytes } from '../memory/xor';
import { pair, reverseBytes } from '../simd';
import { AES_SCRATCH } from './aes_context';
import { aesCtrWindow } from './aes_ctr_window';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';

// Measured: shorter pieces are not worth what a window takes before its first state. They fit into the scratch.
const WINDOW_LEAST: usize = 512;

// A counter block after `blocks` others.
@inline function plus(counter: v128, blocks: u32, wide: bool): v128 {
  const number = reverseBytes(counter);
  if (!wide) return reverseBytes(i32x4.add(number, i32x4.replace_lane(i64x2.splat(0), 0, blocks)));
  const before = i64x2.extract_lane(number, 0) as u64;
  const lower = before + (blocks as u64);
  return reverseBytes(pair(lower, (i64x2.extract_lane(number, 1) as u64) + ((lower < before) as u64)));
}

// Adds the key stream of counter blocks that are equal but for their last byte.
function fewBlocks(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  const one = i32x4(1, 0, 0, 0);
  let next = reverseBytes(v128.load(counter));
  const end = scratch + ((bytes + 15) & ~15);
  for (let at = scratch; at != end; at += 16) {
    v128.store(at, reverseBytes(next));
    next = i32x4.add(next, one);
  }
  aesEncryptToScratch(ctx, scratch, end - scratch);
  xorBytes(dst, src, scratch, bytes);
}

function ctr(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize, wide: bool): void {
  while (bytes != 0) {
    // Until the last byte begins anew at 0. The counter is public, and so may be the work that it makes.
    const part = min(bytes, (256 - (load<u8>(counter, 15) as usize)) << 4);
    if (part < WINDOW_LEAST) fewBlocks(ctx, counter, src, dst, part);
    else aesCtrWindow(ctx, counter, src, dst, part);
    v128.store(counter, plus(v128.load(counter), ((part + 15) >> 4) as u32, wide));
    src += part;
    dst += part;
    bytes -= part;
  }
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
