// 128-EIA3, the integrity algorithm over ZUC: "Specification of the 3GPP Confidentiality and Integrity Algorithms
// 128-EEA3 & 128-EIA3. Document 1: 128-EEA3 and 128-EIA3 Specification", section 4.
//
// Each 1 bit of the message adds the 32 bits of keystream that begin at its place. So 32 bits of the message add a
// carry-less product: of these bits in reverse, and 64 bits of keystream.

import { carrylessLow, reverseBits } from '../carryless';
import { ZUC_KEYSTREAM, ZUC_MOST_WORDS, zucKeystream, zucStart } from '../cipher/zuc';

// The value that four bytes of the message, as loaded from memory, add to the tag.
@inline function addend(word: u32, keystream: usize): u32 {
  const reversed = reverseBits((bswap<u32>(word) as u64) << 32);
  return (carrylessLow(reversed, bswap<u64>(load<u64>(keystream))) >> 32) as u32;
}

/**
 * The MAC of one request. Constant-time.
 * @param ctx see zucSetKey
 * @param iv 16 bytes as section 4.3 forms them: COUNT, BEARER in the top five bits of a word, COUNT with DIRECTION
 *   added to its topmost bit, and the word of BEARER with DIRECTION added to its bit 15, big-endian
 * @param src the message, any alignment
 * @param bytes its length, any
 * @param dst 4 bytes for the result
 */
export function zucEia3(ctx: usize, iv: usize, src: usize, bytes: u32, dst: usize): void {
  zucStart(ctx, iv);
  const first = ctx + ZUC_KEYSTREAM;
  const second = first + (ZUC_MOST_WORDS << 2);
  const end = src + (bytes as usize);
  let tag: u32 = 0;
  let made: usize = 0;
  if (bytes >= 64) {
    zucKeystream(ctx, first, ZUC_MOST_WORDS);
    made = ZUC_MOST_WORDS;
    do {
      // The last product of these 64 bytes needs the first word of the next keystream.
      zucKeystream(ctx, second, ZUC_MOST_WORDS);
      let keystream = first;
      do {
        tag ^= addend(load<u32>(src), keystream);
        src += 4;
        keystream += 4;
      } while (keystream != second);
      memory.copy(first, second, ZUC_MOST_WORDS << 2);
    } while (end - src >= 64);
  }
  // A 1 bit after the message adds the word of keystream at its end, as section 4.4 asks; one more word ends the MAC.
  const needed = ((end - src + 3) >> 2) + 2;
  while (made < needed) {
    const words = min(needed - made, ZUC_MOST_WORDS);
    zucKeystream(ctx, first + (made << 2), words);
    made += words;
  }
  let keystream = first;
  for (; src + 4 <= end; src += 4) {
    tag ^= addend(load<u32>(src), keystream);
    keystream += 4;
  }
  let word: u32 = 0;
  let shift: u32 = 0;
  for (; src != end; ++src) {
    word |= (load<u8>(src) as u32) << shift;
    shift += 8;
  }
  tag ^= addend(word | (0x80 << shift), keystream);
  store<u32>(dst, bswap<u32>(tag) ^ load<u32>(first + ((needed - 1) << 2)));
}
