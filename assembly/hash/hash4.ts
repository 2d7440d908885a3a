// Hashes of up to four messages at once.

import { wipe } from '../memory/bytes';
import { chainedInit } from './chained';
import { copyShort } from '../memory/copy';
import { LANES4_BYTES, digest4, idle4, lane4At, run4, setMessage4, setWords4 } from './lanes4';

export { LANE4_BYTES, lane4At, LANES4_BYTES, lanes4Known } from './lanes4';

/** Whether hash4() or hmac4() can take two messages together: the algorithm must be the same, the rest may differ. */
export function hash4Alike(algo: u32, otherAlgo: u32): bool {
  return algo == otherAlgo;
}

/** Writes the results, after all messages have been read, and wipes the borrowed memory. */
export function results4(messages: usize, count: u32, lanes: usize): void {
  for (let lane: u32 = 0; lane < count; ++lane) {
    const message = lane4At(messages, lane);
    copyShort(message.destination, digest4(lanes, lane), message.resultBytes);
  }
  wipe(lanes, LANES4_BYTES);
}

/**
 * Hashes messages of any lengths side by side.
 * @param algo a HASH_* number that lanes4Known() accepts
 * @param messages `count` records of LANE4_BYTES: { context (not read), source, bytes, destination, resultBytes }.
 *   Results are written last: a destination may overlap any source, but no other destination.
 * @param count 1 to 4
 * @param lanes LANES4_BYTES of memory, 16-aligned, apart from everything else; wiped at the end
 */
export function hash4(algo: i32, messages: usize, count: u32, lanes: usize): void {
  for (let lane: u32 = 0; lane < 4; ++lane) {
    if (lane >= count) {
      idle4(lanes, lane);
      continue;
    }
    const message = lane4At(messages, lane);
    const words = digest4(lanes, lane);
    chainedInit(algo, words);
    setWords4(lanes, lane, words);
    setMessage4(lanes, lane, message.source, message.bytes, 0);
  }
  run4(algo, lanes);
  results4(messages, count, lanes);
}
