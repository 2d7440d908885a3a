// CMAC over TDEA (NIST SP 800-38B), in pieces. The last block of a message is kept back, because it is treated
// differently. A context, in bytes from a 16-aligned ctx:
//
//   0    expanded key
//   800  K1, added to a last block that is whole
//   808  K2, added to a last block that was filled up
//   816  chaining value
//   824  the block kept back
//   832  number of bytes in this block, u32

import { desEncrypt2 } from '../cipher/des';
import { DES_CONTEXT_BYTES, desSetKey } from '../cipher/des_key';

const WHOLE_KEY: usize = DES_CONTEXT_BYTES;
const FILLED_KEY: usize = 808;
const CHAIN: usize = 816;
const KEPT: usize = 824;
const KEPT_BYTES: usize = 832;

/** Bytes of a context. */
export const DES_CMAC_CONTEXT_BYTES: usize = 848;

// A block times x (section 5.3, with the constant for 64 bits), without a branch.
@inline function doubled(block: u64): u64 {
  return (block << 1) ^ ((((block as i64) >> 63) as u64) & 0x1b);
}

/**
 * Expands the key and generates the subkeys (section 6.1).
 * @param ctx DES_CMAC_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes as for desSetKey
 */
export function desCmacSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  desSetKey(ctx, key, keyBytes);
  const whole = doubled(bswap<u64>(i64x2.extract_lane(desEncrypt2(ctx, i64x2.splat(0)), 0)));
  store<u64>(ctx, bswap<u64>(whole), WHOLE_KEY);
  store<u64>(ctx, bswap<u64>(doubled(whole)), FILLED_KEY);
}

/** Begins a message. */
export function desCmacInit(ctx: usize): void {
  store<u64>(ctx, 0, CHAIN);
  store<u32>(ctx, 0, KEPT_BYTES);
}

// Adds blocks to the chain.
function absorb(ctx: usize, src: usize, blocks: usize): void {
  let chain = v128.load64_zero(ctx, CHAIN);
  for (const end = src + (blocks << 3); src != end; src += 8) {
    chain = desEncrypt2(ctx, v128.xor(chain, v128.load64_zero(src)));
  }
  v128.store64_lane(ctx, chain, 0, CHAIN);
}

@inline function keep(ctx: usize, kept: usize, src: usize, bytes: usize): void {
  memory.copy(ctx + KEPT + kept, src, bytes);
  store<u32>(ctx, (kept + bytes) as u32, KEPT_BYTES);
}

/**
 * Goes on with a message.
 * @param src the next `bytes` bytes of the message, any alignment
 */
export function desCmacUpdate(ctx: usize, src: usize, bytes: usize): void {
  if (bytes == 0) return;
  const kept = load<u32>(ctx, KEPT_BYTES) as usize;
  const room: usize = 8 - kept;
  if (bytes <= room) {
    keep(ctx, kept, src, bytes);
    return;
  }
  if (kept != 0) {
    keep(ctx, kept, src, room);
    absorb(ctx, ctx + KEPT, 1);
    src += room;
    bytes -= room;
  }
  const blocks = (bytes - 1) >> 3;
  absorb(ctx, src, blocks);
  keep(ctx, 0, src + (blocks << 3), bytes - (blocks << 3));
}

/**
 * Ends a message (section 6.2). desCmacInit begins the next message.
 * @param dst the first `resultBytes` bytes of the result, any alignment
 * @param resultBytes 0 to 8
 */
export function desCmacFinal(ctx: usize, dst: usize, resultBytes: u32): void {
  const block = ctx + KEPT;
  const bytes = load<u32>(ctx, KEPT_BYTES) as usize;
  if (bytes < 8) {
    memory.fill(block + bytes, 0, 8 - bytes);
    store<u8>(block + bytes, 0x80);
  }
  const key = bytes == 8 ? load<u64>(ctx, WHOLE_KEY) : load<u64>(ctx, FILLED_KEY);
  store<u64>(block, load<u64>(block) ^ key);
  absorb(ctx, block, 1);
  memory.copy(dst, ctx + CHAIN, resultBytes);
}
