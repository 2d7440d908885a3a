// CBC-MAC over KASUMI (ISO/IEC 9797-1 algorithm 1 with padding method 1): only the chain of f9 (3GPP TS 35.201),
// without the sum of its outputs and without the second key.

import { KASUMI_KEY, kasumiEncrypt } from '../cipher/kasumi';

/**
 * The last block of a CBC encryption under a zero IV. An empty message has no block, so its result is 8 zeros.
 * @param ctx see kasumiSetKey
 * @param src the message, any alignment; zeros up to a multiple of eight bytes are added here
 * @param bytes its length
 * @param dst 8 bytes for the result
 */
export function kasumiCbcmac(ctx: usize, src: usize, bytes: u32, dst: usize): void {
  const end = src + (bytes as usize);
  let chain: u64 = 0;
  for (; src + 8 <= end; src += 8) chain = kasumiEncrypt(ctx, KASUMI_KEY, chain ^ bswap<u64>(load<u64>(src)));
  if (src != end) {
    let shift: u64 = 56;
    do {
      chain ^= (load<u8>(src) as u64) << shift;
      shift -= 8;
    } while (++src != end);
    chain = kasumiEncrypt(ctx, KASUMI_KEY, chain);
  }
  store<u64>(dst, bswap<u64>(chain));
}
