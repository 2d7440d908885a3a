// The common part of CMAC, XCBC-MAC and CBC-MAC over AES: a chain that keeps the last block of the message back,
// because each of them treats this block differently. A context, in bytes from a 16-aligned ctx:
//
//   0     expanded AES key
//   3392  K1, added to a last block that is whole
//   3408  K2, added to a last block that was filled up
//   3424  chaining value
//   3440  the block kept back
//   3456  number of bytes in this block, u32

import { AES_CONTEXT_BYTES } from '../cipher/aes_context';
import { aesCbcChain } from '../cipher/aes_vperm';

export const MAC_WHOLE_KEY: usize = AES_CONTEXT_BYTES;
export const MAC_FILLED_KEY: usize = 3408;
export const MAC_CHAIN: usize = 3424;
export const MAC_KEPT: usize = 3440;
export const MAC_KEPT_BYTES: usize = 3456;

/** Bytes of a context. */
export const AES_MAC_CONTEXT_BYTES: usize = 3472;

/** Begins a message. */
export function macInit(ctx: usize): void {
  v128.store(ctx, i64x2.splat(0), MAC_CHAIN);
  store<u32>(ctx, 0, MAC_KEPT_BYTES);
}

/**
 * Goes on with a message.
 * @param src the next `bytes` bytes of the message, any alignment
 */
export function macUpdate(ctx: usize, src: usize, bytes: usize): void {
  if (bytes == 0) return;
  const kept = load<u32>(ctx, MAC_KEPT_BYTES) as usize;
  const room: usize = 16 - kept;
  if (bytes <= room) {
    keep(ctx, kept, src, bytes);
    return;
  }
  if (kept != 0) {
    keep(ctx, kept, src, room);
    aesCbcChain(ctx, ctx + MAC_CHAIN, ctx + MAC_KEPT, 1);
    src += room;
    bytes -= room;
  }
  const blocks = (bytes - 1) >> 4;
  aesCbcChain(ctx, ctx + MAC_CHAIN, src, blocks as u32);
  keep(ctx, 0, src + (blocks << 4), bytes - (blocks << 4));
}

@inline function keep(ctx: usize, kept: usize, src: usize, bytes: usize): void {
  memory.copy(ctx + MAC_KEPT + kept, src, bytes);
  store<u32>(ctx, (kept + bytes) as u32, MAC_KEPT_BYTES);
}

/**
 * Makes the last block of a message: pads it if it is not whole, and adds K1 or K2.
 * @param ctx the keys
 * @param block the block, 16 bytes of scratch
 * @param bytes how many of its bytes belong to the message; the others become a one bit and zeros
 */
export function macLastBlock(ctx: usize, block: usize, bytes: u32): void {
  if (bytes < 16) {
    memory.fill(block + bytes, 0, 16 - bytes);
    store<u8>(block + bytes, 0x80);
  }
  const key = v128.load(bytes == 16 ? ctx + MAC_WHOLE_KEY : ctx + MAC_FILLED_KEY);
  v128.store(block, v128.xor(v128.load(block), key));
}

/**
 * Ends a message; macInit begins another.
 * @param dst the first `resultBytes` bytes of the result, any alignment
 * @param resultBytes 0 to 16
 */
export function macFinal(ctx: usize, dst: usize, resultBytes: u32): void {
  macLastBlock(ctx, ctx + MAC_KEPT, load<u32>(ctx, MAC_KEPT_BYTES));
  aesCbcChain(ctx, ctx + MAC_CHAIN, ctx + MAC_KEPT, 1);
  memory.copy(dst, ctx + MAC_CHAIN, resultBytes);
}
