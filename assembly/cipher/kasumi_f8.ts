// f8, the confidentiality algorithm over KASUMI (3GPP TS 35.201, f8): a keystream of KASUMI blocks. The input of each
// block is the previous block, a count, and a modifier made of the IV.

import { KASUMI_F8_KEY, KASUMI_KEY, kasumiEncrypt } from './kasumi';

/**
 * Enciphers or deciphers one request: f8 is its own inverse. Constant-time.
 * @param ctx see kasumiSetKey
 * @param iv 8 bytes: COUNT (32 bits), BEARER (5), DIRECTION (1) and 26 zeros, big-endian
 * @param src input, any alignment
 * @param dst output: the same address as `src`, or memory apart from it
 * @param bytes length of both, any
 */
export function kasumiF8(ctx: usize, iv: usize, src: usize, dst: usize, bytes: u32): void {
  const modifier = kasumiEncrypt(ctx, KASUMI_F8_KEY, bswap<u64>(load<u64>(iv)));
  const end = dst + (bytes as usize);
  const offset = src - dst;
  let keystream: u64 = 0;
  let count: u64 = 0;
  for (; dst + 8 <= end; dst += 8) {
    keystream = kasumiEncrypt(ctx, KASUMI_KEY, modifier ^ count++ ^ keystream);
    store<u64>(dst, load<u64>(dst + offset) ^ bswap<u64>(keystream));
  }
  if (dst == end) return;
  keystream = kasumiEncrypt(ctx, KASUMI_KEY, modifier ^ count ^ keystream);
  do {
    store<u8>(dst, load<u8>(dst + offset) ^ ((keystream >> 56) as u8));
    keystream <<= 8;
  } while (++dst != end);
}
