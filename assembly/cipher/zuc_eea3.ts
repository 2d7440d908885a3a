// 128-EEA3, the confidentiality algorithm over ZUC: "Specification of the 3GPP Confidentiality and Integrity Algorithms
// 128-EEA3 & 128-EIA3. Document 1: 128-EEA3 and 128-EIA3 Specification", section 3.

import { ZUC_KEYSTREAM, ZUC_MOST_WORDS, zucKeystream, zucStart } from './zuc';

/**
 * Enciphers or deciphers one request: 128-EEA3 is its own inverse. Constant-time.
 * @param ctx see zucSetKey
 * @param iv 16 bytes: COUNT, then BEARER and DIRECTION in the top six bits of a word, and the same again, big-endian
 * @param src input, any alignment
 * @param dst output: the same address as `src`, or memory apart from it
 * @param bytes length of both, any
 */
export function zucEea3(ctx: usize, iv: usize, src: usize, dst: usize, bytes: u32): void {
  if (bytes == 0) return;
  zucStart(ctx, iv);
  const end = dst + (bytes as usize);
  const offset = src - dst;
  const keystream = ctx + ZUC_KEYSTREAM;
  for (; dst + 64 <= end; dst += 64) {
    zucKeystream(ctx, keystream, ZUC_MOST_WORDS);
    const from = dst + offset;
    v128.store(dst, v128.xor(v128.load(from), v128.load(keystream)));
    v128.store(dst, v128.xor(v128.load(from, 16), v128.load(keystream, 16)), 16);
    v128.store(dst, v128.xor(v128.load(from, 32), v128.load(keystream, 32)), 32);
    v128.store(dst, v128.xor(v128.load(from, 48), v128.load(keystream, 48)), 48);
  }
  if (dst == end) return;
  zucKeystream(ctx, keystream, (end - dst + 3) >> 2);
  let at = keystream;
  do {
    store<u8>(dst, load<u8>(dst + offset) ^ load<u8>(at));
    ++at;
  } while (++dst != end);
}
