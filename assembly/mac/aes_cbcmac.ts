// CBC-MAC over AES (ISO/IEC 9797-1 algorithm 1 with padding method 1): the last block of a CBC encryption under a zero
// IV. It is safe only if all messages have one length. The caller has to see to that.

import { aesExpandKey } from '../cipher/aes_key';
import { aesCbcChain } from '../cipher/aes_vperm';
import { MAC_CHAIN, MAC_KEPT, MAC_KEPT_BYTES } from './aes_chain';

export { AES_MAC_CONTEXT_BYTES as AES_CBCMAC_CONTEXT_BYTES } from './aes_chain';
export { macInit as aesCbcmacInit, macUpdate as aesCbcmacUpdate } from './aes_chain';

/**
 * Expands the key.
 * @param ctx AES_CBCMAC_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function aesCbcmacSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(ctx, key, keyBytes);
}

/**
 * Ends a message. Fills a last block that is not whole up with zeros. An empty message has no block, so its result is
 * the IV, 16 zeros.
 * @param dst the first `resultBytes` bytes of the result, any alignment
 * @param resultBytes 0 to 16
 */
export function aesCbcmacFinal(ctx: usize, dst: usize, resultBytes: u32): void {
  const kept = load<u32>(ctx, MAC_KEPT_BYTES) as usize;
  if (kept != 0) {
    memory.fill(ctx + MAC_KEPT + kept, 0, 16 - kept);
    aesCbcChain(ctx, ctx + MAC_CHAIN, ctx + MAC_KEPT, 1);
  }
  memory.copy(dst, ctx + MAC_CHAIN, resultBytes);
}
