// AES-CTR of counter blocks that differ only in their last byte. Most of the first two rounds is then computed once for
// all blocks: J. H. Park and D. H. Lee, "FACE: Fast AES CTR mode Encryption Techniques based on the Reuse of Repetitive
// Data" (TCHES 2018/3), here on fixsliced states.
//
// The last byte changes one column of round 1, and this column changes one byte of each column of round 2. Both rounds
// are linear after SubBytes, and SubBytes' constant is in the round keys, so a zero byte adds nothing. The state after
// a round is therefore a sum of two parts. The first comes from the bytes that are equal in all blocks, with zeros in
// the changing places. The second comes from the changing places, whose SubBytes is done for 16 states at once in
// round 1, and for 4 in round 2. Branches and addresses depend on the length alone.

import { xorBytes } from '../memory/xor';
import { encryptRound, subBytes } from '../generated/aes_bitslice_encrypt';
import {
  AES_FIRST_KEY,
  AES_PLANE_KEYS,
  AES_PLANE_KEY_BYTES,
  AES_SCRATCH,
  AES_SCRATCH_BYTES,
  AES_WINDOW,
} from './aes_context';
import { encryptStates } from './aes_fixslice_encrypt';
import { storeBits, transposePlanes } from './aes_planes';

const STATE_BYTES: usize = 128;
// Bytes of text of 16 states, whose last bytes are processed together.
const LAST_TEXT: usize = 2048;

// In the context at AES_WINDOW are four sets of planes: of the equal bytes after round 2; of the last byte in 16 states
// (one state a byte) after SubBytes of round 1; of the four changed bytes in 4 states (one state a word) after SubBytes
// of round 2; of these four bytes before this SubBytes, without the part that the last byte adds.
const OTHERS: usize = AES_WINDOW;
const LAST: usize = AES_WINDOW + 128;
const FOUR: usize = AES_WINDOW + 256;
const COLUMN: usize = AES_WINDOW + 384;

// Where the column that the last byte changes in round 1 is, in a state that is one ShiftRows behind.
@inline function column(plane: v128): v128 {
  return i8x16.swizzle(plane, i8x16(0, 5, 10, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
}

@inline function withoutColumn(plane: v128): v128 {
  return v128.and(plane, i8x16(0, -1, -1, -1, -1, 0, -1, -1, -1, -1, 0, -1, -1, -1, -1, 0));
}

// Spreads one byte of each state to the columns of four states: where MixColumns adds a byte of row 3 once, and where
// it adds this byte twice. Both together add it three times.
@inline function onceToColumn(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, 3, -1));
}

@inline function twiceToColumn(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(-1, -1, 0, 0, -1, -1, 1, 1, -1, -1, 2, 2, -1, -1, 3, 3));
}

// Spreads the four bytes of this column to a whole state, which is two ShiftRows behind. After ShiftRows each of its
// columns has one of the four bytes.
@inline function onceToState(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(-1, 2, 0, 2, 3, -1, 3, 1, 2, 0, -1, 0, 1, 3, 1, -1));
}

@inline function twiceToState(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 2, -1, -1, -1, 1, 3, -1, -1, -1, 2, 0, 1, -1, -1, 3));
}

@inline function addColumn(ctx: usize, plane: usize, x: v128, doubled: v128): void {
  const others = v128.load32_splat(ctx + 4 * plane, COLUMN);
  v128.store(ctx + 16 * plane, v128.xor(v128.xor(others, onceToColumn(x)), twiceToColumn(doubled)), FOUR);
}

// Makes four states before SubBytes of round 2 from the last bytes of the first four states at `from`.
@inline function makeFour(ctx: usize, from: usize): void {
  const x0 = v128.load32_splat(from, 0);
  const x1 = v128.load32_splat(from, 16);
  const x2 = v128.load32_splat(from, 32);
  const x3 = v128.load32_splat(from, 48);
  const x4 = v128.load32_splat(from, 64);
  const x5 = v128.load32_splat(from, 80);
  const x6 = v128.load32_splat(from, 96);
  const x7 = v128.load32_splat(from, 112);
  addColumn(ctx, 0, x0, x7);
  addColumn(ctx, 1, x1, v128.xor(x0, x7));
  addColumn(ctx, 2, x2, x1);
  addColumn(ctx, 3, x3, v128.xor(x2, x7));
  addColumn(ctx, 4, x4, v128.xor(x3, x7));
  addColumn(ctx, 5, x5, x4);
  addColumn(ctx, 6, x6, x5);
  addColumn(ctx, 7, x7, x6);
}

@inline function addState(ctx: usize, to: usize, plane: usize, x: v128, doubled: v128): void {
  const others = v128.load(ctx + 16 * plane, OTHERS);
  v128.store(to + 16 * plane, v128.xor(v128.xor(others, onceToState(x)), twiceToState(doubled)));
}

// Makes a state after round 2 from its four bytes in the planes at `from`.
@inline function makeState(ctx: usize, from: usize, to: usize): void {
  const x0 = v128.load32_splat(from, 0);
  const x1 = v128.load32_splat(from, 16);
  const x2 = v128.load32_splat(from, 32);
  const x3 = v128.load32_splat(from, 48);
  const x4 = v128.load32_splat(from, 64);
  const x5 = v128.load32_splat(from, 80);
  const x6 = v128.load32_splat(from, 96);
  const x7 = v128.load32_splat(from, 112);
  addState(ctx, to, 0, x0, x7);
  addState(ctx, to, 1, x1, v128.xor(x0, x7));
  addState(ctx, to, 2, x2, x1);
  addState(ctx, to, 3, x3, v128.xor(x2, x7));
  addState(ctx, to, 4, x4, v128.xor(x3, x7));
  addState(ctx, to, 5, x5, x4);
  addState(ctx, to, 6, x6, x5);
  addState(ctx, to, 7, x7, x6);
}

// Computes the part of two rounds that the first 15 bytes of a counter block determine.
function openWindow(ctx: usize, counter: usize): void {
  const others = ctx + OTHERS;
  const key = ctx + AES_PLANE_KEYS;
  const block = v128.xor(v128.load(counter), v128.load(ctx, AES_FIRST_KEY));
  storeBits(others, i8x16.replace_lane(block, 15, 0));
  encryptRound(others, key + AES_PLANE_KEY_BYTES, 1);
  for (let plane: usize = 0; plane != 8; ++plane) {
    const bits = v128.load(others + 16 * plane);
    store<i32>(ctx + 4 * plane, i32x4.extract_lane(column(bits), 0), COLUMN);
    v128.store(others + 16 * plane, withoutColumn(bits));
  }
  encryptRound(others, key + 2 * AES_PLANE_KEY_BYTES, 2);
}

// SubBytes of the last byte in 16 states. The last byte of their first block is `from`.
function lastBytes(ctx: usize, from: u32): void {
  const last = ctx + LAST;
  const key = i8x16.splat(load<i8>(ctx, AES_FIRST_KEY + 15));
  let bytes = i8x16.add(
    i8x16.splat(from as i8),
    i8x16(0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120),
  );
  for (let at = last; at != last + STATE_BYTES; at += 16) {
    v128.store(at, v128.xor(bytes, key));
    bytes = i8x16.add(bytes, i8x16.splat(1));
  }
  transposePlanes(last, last);
  subBytes(last);
}

function fourBytes(ctx: usize, from: usize): void {
  makeFour(ctx, from);
  subBytes(ctx + FOUR);
}

/**
 * Adds the key stream of counter blocks that differ only in their last byte.
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param counter the first counter block
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes at most the blocks until the last byte wraps to 0; a last block may be short
 */
export function aesCtrWindow(ctx: usize, counter: usize, src: usize, dst: usize, bytes: usize): void {
  const scratch = ctx + AES_SCRATCH;
  openWindow(ctx, counter);
  const first = load<u8>(counter, 15) as u32;
  for (let done: usize = 0; done < bytes; done += AES_SCRATCH_BYTES) {
    const part = min(bytes - done, AES_SCRATCH_BYTES);
    if (done % LAST_TEXT == 0) lastBytes(ctx, first + ((done >> 4) as u32));
    fourBytes(ctx, ctx + LAST + ((done % LAST_TEXT) >> 7));
    let end = scratch;
    for (let four = ctx + FOUR; end - scratch < part; four += 4, end += STATE_BYTES) makeState(ctx, four, end);
    encryptStates(ctx, scratch, end, 2);
    xorBytes(dst + done, src + done, scratch, part);
  }
}
