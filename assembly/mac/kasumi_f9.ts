// f9, the integrity algorithm over KASUMI (3GPP TS 35.201, f9): a CBC chain. The sum of all its outputs is the input of
// a last encryption.

import { KASUMI_F9_KEY, KASUMI_KEY, kasumiEncrypt } from '../cipher/kasumi';

/**
 * The MAC-I of one request. Constant-time.
 * @param ctx see kasumiSetKey
 * @param src what TS 35.201 calls the padded string, any alignment: COUNT (4 bytes), FRESH (4 bytes), the message, the
 *   DIRECTION bit, a 1 bit, and zeros at least up to a whole byte. Zeros up to a multiple of eight bytes are added
 *   here.
 * @param bytes its length
 * @param dst 4 bytes for the result
 */
export function kasumiF9(ctx: usize, src: usize, bytes: u32, dst: usize): void {
  const end = src + (bytes as usize);
  let chain: u64 = 0;
  let sum: u64 = 0;
  for (; src + 8 <= end; src += 8) {
    chain = kasumiEncrypt(ctx, KASUMI_KEY, chain ^ bswap<u64>(load<u64>(src)));
    sum ^= chain;
  }
  if (src != end) {
    let shift: u64 = 56;
    do {
      chain ^= (load<u8>(src) as u64) << shift;
      shift -= 8;
    } while (++src != end);
    sum ^= kasumiEncrypt(ctx, KASUMI_KEY, chain);
  }
  store<u32>(dst, bswap<u32>((kasumiEncrypt(ctx, KASUMI_F9_KEY, sum) >> 32) as u32));
}
