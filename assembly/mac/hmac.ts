// HMAC (RFC 2104) over MD5, SHA-1 and SHA-2. The MAC_HMAC_* numbers are the HASH_* numbers of their hashes. Setting a
// key compresses its two blocks, so a message costs only its own blocks and one more.

import { MAC_HMAC_MD5, MAC_HMAC_SHA_512 } from '../../spec/crypto';
import {
  chainedBlockBytes,
  chainedBlocks,
  chainedDigestBytes,
  chainedFinal,
  chainedFinish,
  chainedInit,
  chainedUpdate,
} from '../hash/chained';
import { STATE_BLOCK, setStateCount, wipeState } from '../hash/hash_state';
import { HMAC_INNER, HMAC_OUTER, HMAC_STATE, copyWords } from './hmac_context';

export { HMAC_CONTEXT_BYTES } from './hmac_context';

/** Whether `algo` is a MAC_HMAC_* number. */
export function hmacKnown(algo: i32): bool {
  return algo >= MAC_HMAC_MD5 && algo <= MAC_HMAC_SHA_512;
}

/** Bytes of the full result. */
export function hmacDigestBytes(algo: i32): u32 {
  return chainedDigestBytes(algo);
}

// Adds ipad or opad to the block that holds the key, or changes ipad to opad (RFC 2104 section 2).
function addPad(block: usize, pad: i8): void {
  for (let at: usize = 0; at < 128; at += 16) v128.store(block + at, v128.xor(v128.load(block + at), i8x16.splat(pad)));
}

function compressKey(algo: i32, words: usize, block: usize): void {
  chainedInit(algo, words);
  chainedBlocks(algo, words, block, 1);
}

/**
 * Takes a key.
 * @param ctx HMAC_CONTEXT_BYTES of memory, 16-aligned; its old content does not matter
 * @param key apart from ctx, any alignment, any length; a key longer than a block is replaced by its digest
 */
export function hmacSetKey(algo: i32, ctx: usize, key: usize, keyBytes: u32): void {
  const state = ctx + HMAC_STATE;
  const block = state + STATE_BLOCK;
  wipeState(state);
  if (keyBytes > chainedBlockBytes(algo)) {
    const digestBytes = chainedDigestBytes(algo);
    chainedInit(algo, state);
    setStateCount(state, 0);
    chainedUpdate(algo, state, key, keyBytes);
    chainedFinal(algo, state, ctx + HMAC_INNER, digestBytes);
    memory.copy(block, ctx + HMAC_INNER, digestBytes);
  } else memory.copy(block, key, keyBytes);
  // The midstates are made in the working state's words, whose unused bytes are zero.
  addPad(block, 0x36);
  compressKey(algo, state, block);
  copyWords(ctx + HMAC_INNER, state);
  addPad(block, 0x36 ^ 0x5c);
  compressKey(algo, state, block);
  copyWords(ctx + HMAC_OUTER, state);
  wipeState(state);
}

/** Starts a message. */
export function hmacInit(algo: i32, ctx: usize): void {
  copyWords(ctx + HMAC_STATE, ctx + HMAC_INNER);
  setStateCount(ctx + HMAC_STATE, chainedBlockBytes(algo));
}

/** Takes the next `bytes` of the message from `src`, apart from ctx, any alignment. */
export function hmacUpdate(algo: i32, ctx: usize, src: usize, bytes: u32): void {
  chainedUpdate(algo, ctx + HMAC_STATE, src, bytes);
}

/**
 * Ends the message: wipes the running hash and keeps the key.
 * @param dst apart from ctx, any alignment
 * @param resultBytes number of the result's first bytes to write, at most hmacDigestBytes(algo)
 */
export function hmacFinal(algo: i32, ctx: usize, dst: usize, resultBytes: u32): void {
  const state = ctx + HMAC_STATE;
  chainedFinish(algo, state);
  copyWords(state + STATE_BLOCK, state);
  copyWords(state, ctx + HMAC_OUTER);
  setStateCount(state, chainedBlockBytes(algo) + chainedDigestBytes(algo));
  chainedFinal(algo, state, dst, resultBytes);
}

/** A whole message at once: hmacInit(), hmacUpdate() and hmacFinal(). */
export function hmacDigest(algo: i32, ctx: usize, src: usize, bytes: u32, dst: usize, resultBytes: u32): void {
  hmacInit(algo, ctx);
  hmacUpdate(algo, ctx, src, bytes);
  hmacFinal(algo, ctx, dst, resultBytes);
}
