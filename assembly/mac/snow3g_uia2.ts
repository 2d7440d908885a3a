// UIA2, the integrity algorithm over SNOW 3G: "Specification of the 3GPP Confidentiality and Integrity Algorithms UEA2
// & UIA2. Document 1: UEA2 and UIA2 Specifications", section 4. The message is evaluated as a polynomial over GF(2^64).

import { carrylessLow, reverseBits } from '../carryless';
import { snow3gStart, snow3gStoreKeystream } from '../cipher/snow3g';

// Reduces the bits of a product from 64 on modulo x^64 + x^4 + x^3 + x + 1.
@inline function reduce(high: u64): u64 {
  return high ^ (high << 1) ^ (high << 3) ^ (high << 4);
}

// MUL of section 4.3.4 with 0x1b. The caller also passes the second factor with its bits in reverse, because this
// factor stays the same for a whole message.
function multiply(x: u64, y: u64, reversedY: u64): u64 {
  const high = reverseBits(carrylessLow(reverseBits(x), reversedY)) >> 1;
  return carrylessLow(x, y) ^ reduce(high) ^ reduce((high >> 63) ^ (high >> 61) ^ (high >> 60));
}

/**
 * The MAC-I of one request. Constant-time.
 * @param ctx see snow3gSetKey
 * @param iv 16 bytes, big-endian: COUNT, FRESH, COUNT with DIRECTION added to its topmost bit, FRESH with DIRECTION
 *   added to its bit 15
 * @param src the message, any alignment
 * @param bytes its length, any
 * @param dst 4 bytes for the result
 */
export function snow3gUia2(ctx: usize, iv: usize, src: usize, bytes: u32, dst: usize): void {
  snow3gStart(ctx, iv);
  const keystream = snow3gStoreKeystream(ctx);
  const p = bswap<u64>(load<u64>(keystream));
  const q = bswap<u64>(load<u64>(keystream, 8));
  const oneTimePad = load<u32>(snow3gStoreKeystream(ctx));
  const reversedP = reverseBits(p);
  const end = src + (bytes as usize);
  let sum: u64 = 0;
  for (; src + 8 <= end; src += 8) sum = multiply(sum ^ bswap<u64>(load<u64>(src)), p, reversedP);
  if (src != end) {
    let shift: u64 = 56;
    do {
      sum ^= (load<u8>(src) as u64) << shift;
      shift -= 8;
    } while (++src != end);
    sum = multiply(sum, p, reversedP);
  }
  sum = multiply(sum ^ ((bytes as u64) << 3), q, reverseBits(q));
  store<u32>(dst, bswap<u32>((sum >> 32) as u32) ^ oneTimePad);
}
