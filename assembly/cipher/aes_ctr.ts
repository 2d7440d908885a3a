// AES in counter mode (NIST SP 800-38A section 6.5). The counter has 128 bits (incremented as in its appendix B.1) or
// 32 bits (as in SP 800-38D section 6.2).

import { xorBytes } from '../memory/xor';
import { pair, reverseBytes } from '../simd';
import { AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesCtrWindow } from './aes_ctr_window';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';

// Measured: for shorter pieces the preparation of a window costs more than it saves. They fit into the scratch.
const WINDOW_LEAST: usize = 512;
const STATE_BYTES: usize = 128;
// Measured: up to four blocks by themselves take less time than a state in a window.
const REST_BYTES: usize = 64;

// The counter block that is `blocks` blocks after `counter`.
@inline function plus(counter: v128, blocks: u32, wide: bool): v128 {
  const number = reverseBytes(counter);
  if (!wide) return reverseBytes(i32x4.add(number, i32x4.replace_lane(i64x2.splat(0), 0, blocks)));
  const before = i64x2.extract_lane(number, 0) as u64;
  const lower = before + (blocks as u64);
  return reverseBytes(pair(lower, (i64x2.extract_lane(number, 1) as u64) + ((lower < before) as u64)));
}

/** The most bytes that aesKeyStream() makes. */
export const AES_KEY_STREAM_BYTES: usize = AES_SCRATCH_BYTES;

/**
 * Makes the key stream of consecutive counter blocks in the context's scratch. The counter is the last 32 bits of the
 * block, as in aesCtr32.
 * @param ctx expanded key, see aesExpandKey
 * @param counter the first counter block, 16 bytes; it stays as it is
 * @param bytes 1 to AES_KEY_STREAM_BYTES
 * @returns where the key stream is, in whole blocks
 */
export function aesKeyStream(ctx: usize, counter: usize, bytes: usize): usize {
  const scratch = ctx + AES_SCRATCH;
  const one = i32x4(1, 0, 0, 0);
  let next = reverseBytes(v128.load(counter));
  const end = scratch + ((bytes + 15) & ~15);
  for (let at = scratch; at != end; at += 16) {
    v128.store(at, reverseBytes(next));
    next = i32x4.add(next, one);
  }
  aesEncryptToScratch(ctx, scratch, end - scratch);
  return scratch;
}

function ctr(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize, wide: bool): void {
  while (bytes != 0) {
    // A part ends where the counter's last byte wraps to 0. Parts may depend on the counter, because it is public.
    let part = min(bytes, (256 - (load<u8>(counter, 15) as usize)) << 4);
    // A few blocks behind full states take less time by themselves, as the next part.
    if (part >= WINDOW_LEAST && (part & (STATE_BYTES - 1)) <= REST_BYTES) part &= ~(STATE_BYTES - 1);
    // Within a part the last byte does not wrap, so it does not matter how wide the counter is.
    if (part < WINDOW_LEAST) xorBytes(dst, src, aesKeyStream(ctx, counter, part), part);
    else aesCtrWindow(ctx, counter, src, dst, part);
    v128.store(counter, plus(v128.load(counter), ((part + 15) >> 4) as u32, wide));
    src += part;
    dst += part;
    bytes -= part;
  }
}

/**
 * CTR encryption and decryption. The counter is the whole block, big-endian, and wraps from all ones to 0.
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param iv 16 bytes of private scratch: the first counter block, replaced by the next unused counter block
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes any length; a last block may be short
 */
export function aesCtr(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  ctr(ctx, iv, src, dst, bytes, true);
}

/** Like aesCtr, but the counter is only the last 32 bits of the block: GCM's GCTR (SP 800-38D section 6.5). */
export function aesCtr32(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  ctr(ctx, iv, src, dst, bytes, false);
}
