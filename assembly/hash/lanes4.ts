// Up to four messages of SHA-1, SHA-224 or SHA-256 side by side, of any lengths. A message is processed in two pieces:
// its whole blocks in place, then one or two padded blocks. While at least two messages have blocks left, they run in
// the lanes of vectors. The longest message then goes on alone. Offsets in bytes from the caller's 16-aligned memory:
//
//   0     chaining words, word n of message m at 16n + 4m
//   128   where each message's next block is, u32
//   144   bytes from there to the following block, u32: 64, or 0 once the message has ended
//   160   blocks left in each message's piece, u32
//   176   blocks of each message's next piece, u32
//   192   each message's padded blocks, 128 bytes
//   704   each message's digest, 32 bytes: as words, then as bytes

import { HASH_SHA1, HASH_SHA_224, HASH_SHA_256 } from '../../spec/crypto';
import { chainedBlocks } from './chained';
import { copyShort } from '../memory/copy';
import { sha1Blocks4 } from '../generated/sha1_rounds4';
import { sha256Blocks4 } from '../generated/sha256_rounds4';
import { swapWords } from './vectors4';

const SOURCES: usize = 128;
const STRIDES: usize = 144;
const LEFT: usize = 160;
const LATER: usize = 176;
const PADDED: usize = 192;
const DIGESTS: usize = 704;

/** Bytes of memory that hash4() and hmac4() borrow. */
export const LANES4_BYTES: usize = 832;

/** A message and where its result goes. */
@unmanaged
export class Lane4 {
  /** HMAC: the key of this message, see hmacSetKey(). A plain hash does not read it. */
  context: u32;
  source: u32;
  bytes: u32;
  destination: u32;
  /** At most the digest's length. */
  resultBytes: u32;
}
/** Bytes of a Lane4: context, source, bytes, destination, resultBytes, each a u32. */
export const LANE4_BYTES: usize = 20;

@inline export function lane4At(messages: usize, lane: u32): Lane4 {
  return changetype<Lane4>(messages + lane * LANE4_BYTES);
}

/** Whether hash4() and hmac4() know the algorithm. */
export function lanes4Known(algo: i32): bool {
  return algo >= HASH_SHA1 && algo <= HASH_SHA_256;
}

@inline export function digest4(lanes: usize, lane: u32): usize {
  return lanes + DIGESTS + lane * 32;
}

@inline function padded(lanes: usize, lane: u32): usize {
  return lanes + PADDED + lane * 128;
}

@inline function field(lanes: usize, lane: u32): usize {
  return lanes + lane * 4;
}

/** Sets a message's chaining words: eight words from `words`, of which SHA-1 uses five. */
export function setWords4(lanes: usize, lane: u32, words: usize): void {
  const to = field(lanes, lane);
  for (let n: usize = 0; n < 8; ++n) store<u32>(to + n * 16, load<u32>(words + n * 4));
}

function getWords(lanes: usize, lane: u32): void {
  const from = field(lanes, lane);
  const words = digest4(lanes, lane);
  for (let n: usize = 0; n < 8; ++n) store<u32>(words + n * 4, load<u32>(from + n * 16));
}

/** Leaves a lane without a message. */
export function idle4(lanes: usize, lane: u32): void {
  begin(lanes, lane, padded(lanes, lane), 0);
  store<u32>(field(lanes, lane), 0, STRIDES);
  store<u32>(field(lanes, lane), 0, LATER);
}

@inline function begin(lanes: usize, lane: u32, source: usize, blocks: u32): void {
  const at = field(lanes, lane);
  store<u32>(at, source as u32, SOURCES);
  store<u32>(at, 64, STRIDES);
  store<u32>(at, blocks, LEFT);
}

/**
 * Sets the message of a lane and pads it (FIPS 180-4 section 5.1.1).
 * @param before bytes already compressed into the chaining words
 */
export function setMessage4(lanes: usize, lane: u32, source: usize, bytes: u32, before: u64): void {
  const whole = bytes & ~63;
  const rest = bytes & 63;
  const blocks: u32 = rest < 56 ? 1 : 2;
  const from = padded(lanes, lane);
  const last = from + rest;
  const end = from + blocks * 64;
  copyShort(from, source + whole, rest);
  // This writes up to 15 bytes beyond the blocks, into bytes that are set later: the next lane's blocks, or digests.
  for (let at = last; at < end; at += 16) v128.store(at, i64x2.splat(0));
  store<u8>(last, 0x80);
  store<u64>(end - 8, bswap<u64>((before + bytes) << 3));
  if (whole != 0) {
    begin(lanes, lane, source, whole >> 6);
    store<u32>(field(lanes, lane), blocks, LATER);
  } else {
    begin(lanes, lane, from, blocks);
    store<u32>(field(lanes, lane), 0, LATER);
  }
}

/** Sets the digest that the lane has just made as its next message: for the outer hash of HMAC. */
export function setDigest4(lanes: usize, lane: u32, digestBytes: u32, before: u64): void {
  setMessage4(lanes, lane, digest4(lanes, lane), digestBytes, before);
}

// Called when a lane's piece ends. The padded blocks come next. After them the lane's words are saved, because the lane
// goes on and changes them.
function endPiece(lanes: usize, lane: u32): void {
  const at = field(lanes, lane);
  const later = load<u32>(at, LATER);
  begin(lanes, lane, padded(lanes, lane), later);
  store<u32>(at, 0, LATER);
  if (later != 0) return;
  store<u32>(at, 0, STRIDES);
  getWords(lanes, lane);
}

function finishAlone(algo: i32, lanes: usize, lane: u32): void {
  const at = field(lanes, lane);
  const words = digest4(lanes, lane);
  getWords(lanes, lane);
  chainedBlocks(algo, words, load<u32>(at, SOURCES), load<u32>(at, LEFT));
  const later = load<u32>(at, LATER);
  if (later != 0) chainedBlocks(algo, words, padded(lanes, lane), later);
}

/** Runs all messages to their ends. Each lane's digest is then at digest4() as bytes. */
export function run4(algo: i32, lanes: usize): void {
  for (;;) {
    let running: u32 = 0;
    let alone: u32 = 0;
    let blocks: u32 = u32.MAX_VALUE;
    for (let lane: u32 = 0; lane < 4; ++lane) {
      const left = load<u32>(field(lanes, lane), LEFT);
      if (left == 0) continue;
      ++running;
      alone = lane;
      blocks = min(blocks, left);
    }
    if (running < 2) {
      if (running != 0) finishAlone(algo, lanes, alone);
      break;
    }
    if (algo == HASH_SHA1) sha1Blocks4(lanes, blocks);
    else sha256Blocks4(lanes, blocks);
    for (let lane: u32 = 0; lane < 4; ++lane) {
      const at = field(lanes, lane);
      const left = load<u32>(at, LEFT);
      if (left == 0) continue;
      store<u32>(at, left - blocks, LEFT);
      if (left == blocks) endPiece(lanes, lane);
    }
  }
  for (let at = lanes + DIGESTS; at != lanes + LANES4_BYTES; at += 16) v128.store(at, swapWords(v128.load(at)));
}
