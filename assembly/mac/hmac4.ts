// HMACs (RFC 2104) of up to four messages at once, each with a key of its own.

import { chainedDigestBytes } from '../hash/chained';
import { results4 } from '../hash/hash4';
import { idle4, lane4At, run4, setDigest4, setMessage4, setWords4 } from '../hash/lanes4';
import { HMAC_INNER, HMAC_OUTER } from './hmac_context';

const BLOCK_BYTES: u64 = 64;

/**
 * Authenticates messages of any lengths side by side. Keys are only read: several messages may share one.
 * @param algo a MAC_HMAC_* number that lanes4Known() accepts
 * @param messages `count` records of LANE4_BYTES: { context: see hmacSetKey(), source, bytes, destination, resultBytes
 *   }. Results are written last: a destination may overlap any source, but no other destination.
 * @param count 1 to 4
 * @param lanes LANES4_BYTES of memory, 16-aligned, apart from everything else; wiped at the end
 */
export function hmac4(algo: i32, messages: usize, count: u32, lanes: usize): void {
  for (let lane: u32 = 0; lane < 4; ++lane) {
    if (lane >= count) {
      idle4(lanes, lane);
      continue;
    }
    const message = lane4At(messages, lane);
    setWords4(lanes, lane, message.context + HMAC_INNER);
    setMessage4(lanes, lane, message.source, message.bytes, BLOCK_BYTES);
  }
  run4(algo, lanes);
  const digestBytes = chainedDigestBytes(algo);
  for (let lane: u32 = 0; lane < count; ++lane) {
    setWords4(lanes, lane, lane4At(messages, lane).context + HMAC_OUTER);
    setDigest4(lanes, lane, digestBytes, BLOCK_BYTES);
  }
  run4(algo, lanes);
  results4(messages, count, lanes);
}
