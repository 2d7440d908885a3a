// The common part of MD5, SHA-1 and SHA-2: chaining words, blocks, and padding with a one bit, zeros and the message's
// length (RFC 1321 sections 3.1 and 3.2, FIPS 180-4 section 5.1).

import { HASH_MD5, HASH_SHA1, HASH_SHA_224, HASH_SHA_256, HASH_SHA_384 } from '../../spec/crypto';
import { copyShort } from '../memory/copy';
import { STATE_BLOCK, setStateCount, stateCount, wipeState } from './hash_state';
import { md5Blocks, md5Init } from './md5';
import { sha1Blocks, sha1Init } from './sha1';
import { sha224Init, sha256Blocks, sha256Init } from './sha256';
import { sha384Init, sha512Blocks, sha512Init } from './sha512';
import { swapWords } from './vectors4';

@inline export function chainedDigestBytes(algo: i32): u32 {
  if (algo == HASH_SHA_256) return 32;
  if (algo == HASH_SHA1) return 20;
  if (algo == HASH_MD5) return 16;
  if (algo == HASH_SHA_224) return 28;
  return algo == HASH_SHA_384 ? 48 : 64;
}

@inline export function chainedBlockBytes(algo: i32): u32 {
  return algo >= HASH_SHA_384 ? 128 : 64;
}

/** Sets the chaining words before the first block. */
export function chainedInit(algo: i32, words: usize): void {
  if (algo == HASH_SHA_256) sha256Init(words);
  else if (algo == HASH_SHA1) sha1Init(words);
  else if (algo == HASH_MD5) md5Init(words);
  else if (algo == HASH_SHA_224) sha224Init(words);
  else if (algo == HASH_SHA_384) sha384Init(words);
  else sha512Init(words);
}

/** Compresses whole blocks into the chaining words. */
export function chainedBlocks(algo: i32, words: usize, src: usize, blocks: u32): void {
  if (algo >= HASH_SHA_384) sha512Blocks(words, src, blocks);
  else if (algo >= HASH_SHA_224) sha256Blocks(words, src, blocks);
  else if (algo == HASH_SHA1) sha1Blocks(words, src, blocks);
  else md5Blocks(words, src, blocks);
}

/** Takes more of the message. Bytes that do not fill a block wait in the state. */
export function chainedUpdate(algo: i32, state: usize, src: usize, bytes: u32): void {
  const block = chainedBlockBytes(algo);
  const count = stateCount(state);
  const filled = (count as u32) & (block - 1);
  const partial = state + STATE_BLOCK;
  setStateCount(state, count + bytes);
  if (filled != 0) {
    const room = block - filled;
    if (bytes < room) {
      copyShort(partial + filled, src, bytes);
      return;
    }
    copyShort(partial + filled, src, room);
    chainedBlocks(algo, state, partial, 1);
    src += room;
    bytes -= room;
  }
  const rest = bytes & (block - 1);
  const whole = bytes - rest;
  if (whole != 0) chainedBlocks(algo, state, src, whole / block);
  copyShort(partial, src + whole, rest);
}

@inline function zero(from: usize, to: usize): void {
  for (; from < to; from += 16) v128.store(from, i64x2.splat(0));
}

/** Pads and compresses the rest of the message. The start of the state then holds the digest as bytes. */
export function chainedFinish(algo: i32, state: usize): void {
  const block = chainedBlockBytes(algo);
  const count = stateCount(state);
  const partial = state + STATE_BLOCK;
  const end = partial + block;
  const last = partial + ((count as u32) & (block - 1));
  // The zeros may overwrite the count behind the block, which was read before.
  zero(last, end);
  store<u8>(last, 0x80);
  if (end - last <= block >> 3) {
    chainedBlocks(algo, state, partial, 1);
    zero(partial, end);
  }
  const bits = count << 3;
  store<u64>(end - 8, algo == HASH_MD5 ? bits : bswap<u64>(bits));
  // The upper half of SHA-512's 128-bit length holds the three bits that the shift pushes out of the lower half.
  if (algo >= HASH_SHA_384) store<u64>(end - 16, bswap<u64>(count >> 61));
  chainedBlocks(algo, state, partial, 1);
  toBytes(algo, state);
}

function toBytes(algo: i32, words: usize): void {
  if (algo == HASH_MD5) return;
  if (algo < HASH_SHA_384) {
    v128.store(words, swapWords(v128.load(words)));
    v128.store(words, swapWords(v128.load(words, 16)), 16);
    return;
  }
  for (let at: usize = 0; at < 64; at += 8) store<u64>(words + at, bswap<u64>(load<u64>(words + at)));
}

/** Writes the first `resultBytes` of the digest, at most chainedDigestBytes(algo), and wipes the state. */
export function chainedFinal(algo: i32, state: usize, dst: usize, resultBytes: u32): void {
  chainedFinish(algo, state);
  copyShort(dst, state, resultBytes);
  wipeState(state);
}
