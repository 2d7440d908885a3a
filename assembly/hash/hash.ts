// One interface to every hash of 5.9.4.2. `algo` is a HASH_* number that hashKnown() has accepted. A state is
// HASH_STATE_BYTES of memory, 16-aligned. Its algorithm stays the same from hashInit() to hashFinal().

import {
  HASH_MD5,
  HASH_SHA3_224,
  HASH_SHA3_256,
  HASH_SHA3_384,
  HASH_SHA3_512,
  HASH_SHAKE128,
  HASH_SHAKE256,
  HASH_SHA_512,
} from '../../spec/crypto';
import { chainedBlockBytes, chainedDigestBytes, chainedFinal, chainedInit, chainedUpdate } from './chained';
import { setStateCount, wipeState } from './hash_state';
import { SUFFIX_SHA3, SUFFIX_SHAKE, keccakFinal, keccakUpdate } from './keccak';

export { HASH_STATE_BYTES } from './hash_state';

/** Whether `algo` is a HASH_* number other than HASH_NONE. */
export function hashKnown(algo: i32): bool {
  return algo >= HASH_MD5 && algo <= HASH_SHAKE256;
}

/** Bytes of the full digest; 0 for SHAKE, whose output has any length. */
export function hashDigestBytes(algo: i32): u32 {
  if (algo <= HASH_SHA_512) return chainedDigestBytes(algo);
  if (algo == HASH_SHA3_224) return 28;
  if (algo == HASH_SHA3_256) return 32;
  if (algo == HASH_SHA3_384) return 48;
  return algo == HASH_SHA3_512 ? 64 : 0;
}

/** Bytes of a block: the input of a compression, or the rate of the sponge (FIPS 202 section 6, table 3). */
export function hashBlockBytes(algo: i32): u32 {
  if (algo <= HASH_SHA_512) return chainedBlockBytes(algo);
  if (algo == HASH_SHAKE128) return 168;
  return algo == HASH_SHAKE256 ? 136 : 200 - 2 * hashDigestBytes(algo);
}

/** Starts a message. The state's old content does not matter. */
export function hashInit(algo: i32, state: usize): void {
  if (algo > HASH_SHA_512) {
    wipeState(state);
    return;
  }
  chainedInit(algo, state);
  setStateCount(state, 0);
}

/** Takes the next `bytes` of the message from `src`, apart from the state, any alignment. */
export function hashUpdate(algo: i32, state: usize, src: usize, bytes: u32): void {
  if (algo <= HASH_SHA_512) chainedUpdate(algo, state, src, bytes);
  else keccakUpdate(hashBlockBytes(algo), state, src, bytes);
}

/**
 * Ends the message and wipes the state.
 * @param dst apart from the state, any alignment
 * @param resultBytes number of the digest's first bytes to write, at most hashDigestBytes(algo); any number for SHAKE
 */
export function hashFinal(algo: i32, state: usize, dst: usize, resultBytes: u32): void {
  if (algo <= HASH_SHA_512) chainedFinal(algo, state, dst, resultBytes);
  else keccakFinal(hashBlockBytes(algo), algo < HASH_SHAKE128 ? SUFFIX_SHA3 : SUFFIX_SHAKE, state, dst, resultBytes);
}

/** A whole message at once: hashInit(), hashUpdate() and hashFinal(). */
export function hashDigest(algo: i32, state: usize, src: usize, bytes: u32, dst: usize, resultBytes: u32): void {
  hashInit(algo, state);
  hashUpdate(algo, state, src, bytes);
  hashFinal(algo, state, dst, resultBytes);
}
