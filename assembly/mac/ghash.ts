// GHASH (NIST SP 800-38D section 6.4), for any block cipher. The first blocks under a key are multiplied by H one by
// one. Soon tables are worth their time, and four blocks are multiplied at once: ghash_groups.ts. A context, in bytes
// from a 16-aligned gh:
//
//   0     H as a factor, see ghash_multiply.ts
//   32    the hash
//   48    whether the tables were built, u32; blocks that were multiplied one by one, u32
//   64    tables and scratch of ghash_groups.ts

import { copyShort } from '../memory/copy';
import { pair, reverseBytes } from '../simd';
import { GROUPS_BYTES, GROUPS_SCRATCH, GROUP_BYTES, buildGroups, hashGroups } from './ghash_groups';
import { FACTOR_BYTES, ghashStep, storeFactor } from './ghash_multiply';

const STATE: usize = FACTOR_BYTES;
const HAS_TABLES: usize = 48;
const MULTIPLIED: usize = 52;
const GROUPS: usize = 64;
const SCRATCH: usize = GROUPS + GROUPS_SCRATCH;

/** Bytes of a context. */
export const GHASH_CONTEXT_BYTES: usize = GROUPS + GROUPS_BYTES;

// Measured: the tables take as much time as this many multiplications save.
const TABLES_LEAST: u32 = 12;
// Messages up to this many blocks are gathered in scratch, which holds this many and four blocks more.
const GATHERED_BLOCKS: usize = 16;

/**
 * Prepares a hash key.
 * @param gh GHASH_CONTEXT_BYTES of memory, 16-aligned
 * @param key H, 16 bytes, any alignment: the zero block, enciphered
 */
export function ghashSetKey(gh: usize, key: usize): void {
  storeFactor(gh, key);
  store<u64>(gh, 0, HAS_TABLES);
}

/** Builds the tables, unless they were built before. */
export function ghashPrepare(gh: usize): void {
  // This branch is public: whether the tables were built depends on the lengths of requests, not on the key.
  if (load<u32>(gh, HAS_TABLES) != 0) return;
  buildGroups(gh + GROUPS, gh);
  store<u32>(gh, 1, HAS_TABLES);
}

@inline function blocksOf(bytes: usize): usize {
  return (bytes >> 4) + ((bytes & 15) != 0 ? 1 : 0);
}

// The block of two lengths in bits that ends a message (section 7.1, step 5).
@inline function lengthBlock(aadBytes: u64, bytes: u64): v128 {
  return reverseBytes(pair(bytes << 3, aadBytes << 3));
}

// Copies bytes, and fills their last block up with zeros. Returns the end of this block.
function copyPadded(to: usize, src: usize, bytes: usize): usize {
  for (const end = src + (bytes & ~15); src != end; src += 16, to += 16) v128.store(to, v128.load(src));
  const rest = bytes & 15;
  if (rest == 0) return to;
  v128.store(to, i64x2.splat(0));
  copyShort(to, src, rest);
  return to + 16;
}

// Multiplies by H block by block.
function stepPadded(gh: usize, src: usize, bytes: usize): void {
  const whole = bytes & ~15;
  for (const end = src + whole; src != end; src += 16) ghashStep(gh + STATE, src, gh);
  if (whole == bytes) return;
  copyPadded(gh + SCRATCH, src, bytes - whole);
  ghashStep(gh + STATE, gh + SCRATCH, gh);
}

function hashBySteps(gh: usize, aad: usize, aadBytes: usize, text: usize, bytes: usize): void {
  stepPadded(gh, aad, aadBytes);
  stepPadded(gh, text, bytes);
  v128.store(gh, lengthBlock(aadBytes, bytes), SCRATCH);
  ghashStep(gh + STATE, gh + SCRATCH, gh);
}

// Moves the hash so far into a block: hashing goes on with this block.
@inline function addState(gh: usize, block: usize): void {
  v128.store(block, v128.xor(v128.load(block), v128.load(gh, STATE)));
  v128.store(gh, i64x2.splat(0), STATE);
}

// Blocks of zeros before the first block change nothing, and make all groups whole.
function hashByGroups(gh: usize, aad: usize, aadBytes: usize, text: usize, bytes: usize): void {
  const groups = gh + GROUPS;
  const state = gh + STATE;
  const scratch = gh + SCRATCH;
  const lengths = lengthBlock(aadBytes, bytes);
  if (aadBytes >= GROUP_BYTES) {
    const end = aad + (aadBytes & ~(GROUP_BYTES - 1));
    hashGroups(groups, state, aad, end);
    aadBytes &= GROUP_BYTES - 1;
    aad = end;
  }
  const blocks = blocksOf(bytes);
  const all = blocksOf(aadBytes) + blocks + 1;
  const first = scratch + ((0 - (all << 4)) & (GROUP_BYTES - 1));
  v128.store(scratch, i64x2.splat(0));
  v128.store(scratch, i64x2.splat(0), 16);
  v128.store(scratch, i64x2.splat(0), 32);
  let at = copyPadded(first, aad, aadBytes);
  if (all <= GATHERED_BLOCKS) {
    at = copyPadded(at, text, bytes);
    v128.store(at, lengths);
    addState(gh, first);
    hashGroups(groups, state, scratch, at + 16);
    return;
  }
  // The first blocks of the text complete the additional data's group, and the last three share one with the lengths.
  // The groups between them are read where they are.
  const before = ((blocks + 1) << 4) & (GROUP_BYTES - 1);
  const last = text + ((blocks - 3) << 4);
  at = copyPadded(at, text, before);
  if (at != scratch) {
    addState(gh, first);
    hashGroups(groups, state, scratch, at);
  }
  hashGroups(groups, state, text + before, last);
  copyPadded(scratch, last, text + bytes - last);
  v128.store(scratch, lengths, 48);
  hashGroups(groups, state, scratch, scratch + GROUP_BYTES);
}

/**
 * Hashes a message: its additional data and its text, each filled up with zeros to whole blocks, and the block of their
 * lengths (section 7.1, step 5). ghashState() returns the hash.
 * @param aad `aadBytes` bytes, any alignment
 * @param text `bytes` bytes, any alignment
 */
export function ghash(gh: usize, aad: usize, aadBytes: usize, text: usize, bytes: usize): void {
  v128.store(gh, i64x2.splat(0), STATE);
  if (load<u32>(gh, HAS_TABLES) == 0) {
    const multiplied = <u64>load<u32>(gh, MULTIPLIED) + blocksOf(aadBytes) + blocksOf(bytes) + 1;
    if (multiplied <= TABLES_LEAST) {
      store<u32>(gh, <u32>multiplied, MULTIPLIED);
      hashBySteps(gh, aad, aadBytes, text, bytes);
      return;
    }
    ghashPrepare(gh);
  }
  hashByGroups(gh, aad, aadBytes, text, bytes);
}

/** Returns the hash of the last message. */
@inline export function ghashState(gh: usize): v128 {
  return v128.load(gh, STATE);
}
