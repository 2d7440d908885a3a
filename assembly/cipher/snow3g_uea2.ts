// UEA2, the confidentiality algorithm over SNOW 3G: "Specification of the 3GPP Confidentiality and Integrity Algorithms
// UEA2 & UIA2. Document 1: UEA2 and UIA2 Specifications", section 3.

import { snow3gKeystream, snow3gStart, snow3gStoreKeystream } from './snow3g';

/**
 * Enciphers or deciphers one request: UEA2 is its own inverse. Constant-time.
 * @param ctx see snow3gSetKey
 * @param iv 16 bytes: COUNT, then BEARER and DIRECTION in the top six bits of a word, and the same again, big-endian
 * @param src input, any alignment
 * @param dst output: the same address as `src`, or memory apart from it
 * @param bytes length of both, any
 */
export function snow3gUea2(ctx: usize, iv: usize, src: usize, dst: usize, bytes: u32): void {
  if (bytes == 0) return;
  snow3gStart(ctx, iv);
  const end = dst + (bytes as usize);
  const offset = src - dst;
  for (; dst + 16 <= end; dst += 16) v128.store(dst, v128.xor(v128.load(dst + offset), snow3gKeystream(ctx)));
  if (dst == end) return;
  let keystream = snow3gStoreKeystream(ctx);
  do {
    store<u8>(dst, load<u8>(dst + offset) ^ load<u8>(keystream));
    ++keystream;
  } while (++dst != end);
}
