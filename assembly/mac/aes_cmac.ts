// CMAC over AES (NIST SP 800-38B), one message, or four at once.

import { aesExpandKey } from '../cipher/aes_key';
import { aesCbcChain, aesCbcChain4, aesLaneAt } from '../cipher/aes_vperm';
import { aesEncryptOne } from '../cipher/aes_vperm_blocks';
import { lane4At } from '../hash/lanes4';
import { pair, reverseBytes } from '../simd';
import { MAC_FILLED_KEY, MAC_WHOLE_KEY, macLastBlock } from './aes_chain';

export { AES_MAC_CONTEXT_BYTES as AES_CMAC_CONTEXT_BYTES } from './aes_chain';
export { macFinal as aesCmacFinal, macInit as aesCmacInit, macUpdate as aesCmacUpdate } from './aes_chain';

// A block times x (section 5.3, with the constant for 128 bits), without a branch.
@inline function doubled(block: v128): v128 {
  const number = reverseBytes(block);
  const lower = i64x2.extract_lane(number, 0) as u64;
  const upper = i64x2.extract_lane(number, 1) as u64;
  const carry = ((upper as i64) >> 63) as u64;
  return reverseBytes(pair((lower << 1) ^ (carry & 0x87), (upper << 1) | (lower >> 63)));
}

/**
 * Expands the key and generates the subkeys (section 6.1).
 * @param ctx AES_CMAC_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function aesCmacSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(ctx, key, keyBytes);
  v128.store(ctx, i64x2.splat(0), MAC_WHOLE_KEY);
  aesEncryptOne(ctx, ctx + MAC_WHOLE_KEY, ctx + MAC_WHOLE_KEY);
  const whole = doubled(v128.load(ctx, MAC_WHOLE_KEY));
  v128.store(ctx, whole, MAC_WHOLE_KEY);
  v128.store(ctx, doubled(whole), MAC_FILLED_KEY);
}

/** Bytes of scratch for aesCmac4: a chaining value and a last block for each lane, and the records of the chains. */
export const AES_CMAC4_SCRATCH_BYTES: usize = 192;

const LAST_BLOCKS: usize = 64;
const CHAINS: usize = 128;

// Number of blocks before the last block. An empty message has a last block, too.
@inline function blocksBefore(bytes: usize): u32 {
  return bytes == 0 ? 0 : (((bytes - 1) >> 4) as u32);
}

/** Whether aesCmac4() can take two keys together. It runs the same number of rounds in all lanes. */
export function aesCmac4Alike(keyBytes: u32, otherKeyBytes: u32): bool {
  return keyBytes == otherKeyBytes;
}

/**
 * CMAC of four messages. They run side by side up to the length of the shortest one, and again for the last blocks.
 * @param lanes four records of LANE4_BYTES: an expanded key (see aesCmacSetKey), a message, the result's place and
 *   length. Keys are only read, so lanes may share one. All keys have one size. No destination may overlap another
 *   lane's message.
 * @param scratch AES_CMAC4_SCRATCH_BYTES of memory, 16-aligned
 */
export function aesCmac4(lanes: usize, scratch: usize): void {
  let common: u32 = u32.MAX_VALUE;
  for (let lane: usize = 0; lane < 4; ++lane) {
    const message = lane4At(lanes, lane as u32);
    const stream = aesLaneAt(scratch + CHAINS, lane);
    const chain = scratch + (lane << 4);
    v128.store(chain, i64x2.splat(0));
    stream.context = message.context;
    stream.iv = chain as u32;
    stream.source = message.source;
    common = min(common, blocksBefore(message.bytes));
  }
  aesCbcChain4(scratch + CHAINS, common);
  for (let lane: usize = 0; lane < 4; ++lane) {
    const message = lane4At(lanes, lane as u32);
    const ctx: usize = message.context;
    const bytes: usize = message.bytes;
    const src: usize = message.source;
    const before = blocksBefore(bytes);
    aesCbcChain(ctx, scratch + (lane << 4), src + ((common as usize) << 4), before - common);
    const last = scratch + LAST_BLOCKS + (lane << 4);
    const start = (before as usize) << 4;
    memory.copy(last, src + start, bytes - start);
    macLastBlock(ctx, last, (bytes - start) as u32);
    aesLaneAt(scratch + CHAINS, lane).source = last as u32;
  }
  aesCbcChain4(scratch + CHAINS, 1);
  for (let lane: usize = 0; lane < 4; ++lane) {
    const message = lane4At(lanes, lane as u32);
    memory.copy(message.destination, scratch + (lane << 4), message.resultBytes);
  }
}
