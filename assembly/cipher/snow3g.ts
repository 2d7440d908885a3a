// SNOW 3G, the keystream generator of UEA2 and UIA2: "Specification of the 3GPP Confidentiality and Integrity
// Algorithms UEA2 & UIA2. Document 2: SNOW 3G Specification", whose sections are cited here.
//
// It runs four clocks at once. The LFSR's nearest tap is five stages from its end, so four new stages are one vector.
// The FSM computes the S-boxes of two clocks together, because R1 of the next clock needs no S-box of this clock.

import { reverseBytes } from '../simd';
import { s1, s2 } from './snow3g_sboxes';
import { snow3gStoreAlpha, snow3gStoreSq } from '../generated/snow3g_tables';

const KEY: usize = 0;
const R1: usize = 16;
const R2: usize = 32;
const R3: usize = 48;
const LFSR: usize = 64;
const KEYSTREAM: usize = 128;
const SQ: usize = 192;
const MUL_ALPHA: usize = 448;
const DIV_ALPHA: usize = 576;
/** Bytes of a SNOW 3G context: the key, the state of the current request, and tables. */
export const SNOW3G_CONTEXT_BYTES: usize = 704;

// A linear map of the top byte of each word, by a table of the value that each bit adds (snow3gStoreAlpha).
@inline function bit(words: v128, n: i32, term: v128): v128 {
  return v128.and(i32x4.shr_s(i32x4.shl(words, n), 31), term);
}

@inline function alphaOf(words: v128, alpha: usize): v128 {
  return v128.xor(
    v128.xor(
      v128.xor(bit(words, 0, v128.load(alpha)), bit(words, 1, v128.load(alpha, 16))),
      v128.xor(bit(words, 2, v128.load(alpha, 32)), bit(words, 3, v128.load(alpha, 48))),
    ),
    v128.xor(
      v128.xor(bit(words, 4, v128.load(alpha, 64)), bit(words, 5, v128.load(alpha, 80))),
      v128.xor(bit(words, 6, v128.load(alpha, 96)), bit(words, 7, v128.load(alpha, 112))),
    ),
  );
}

// Four clocks of the LFSR (section 3.4.5, and in initialisation 3.4.4) and of the FSM (3.4.6). Returns four words of
// keystream (4.2), which are not used in initialisation.
@inline function clock4(ctx: usize, initialise: bool): v128 {
  const stages0 = v128.load(ctx, LFSR);
  const stages4 = v128.load(ctx, LFSR + 16);
  const stages8 = v128.load(ctx, LFSR + 32);
  const stages12 = v128.load(ctx, LFSR + 48);
  const stages2 = v128.shuffle<u32>(stages0, stages4, 2, 3, 4, 5);
  const stages5 = v128.shuffle<u32>(stages4, stages8, 1, 2, 3, 4);
  const stages11 = v128.shuffle<u32>(stages8, stages12, 3, 4, 5, 6);
  const mulAlpha = v128.xor(i32x4.shl(stages0, 8), alphaOf(stages0, ctx + MUL_ALPHA));
  const divAlpha = v128.xor(i32x4.shr_u(stages11, 8), alphaOf(i32x4.shl(stages11, 24), ctx + DIV_ALPHA));
  let stages16 = v128.xor(v128.xor(mulAlpha, divAlpha), stages2);

  // The registers of clocks a, b, c and d are in lane 0, or in lanes 0 and 1 if a vector holds two clocks.
  const r1a = v128.load(ctx, R1);
  const r2a = v128.load(ctx, R2);
  const r1b = i32x4.add(r2a, v128.xor(v128.load(ctx, R3), stages5));
  const r1ab = v128.shuffle<u32>(r1a, r1b, 0, 4, 1, 5);
  const r2bc = s1(r1ab);
  const r2ab = v128.shuffle<u32>(r2a, r2bc, 0, 4, 1, 5);
  const r3bc = s2(ctx + SQ, r2ab);
  const r1c = i32x4.add(r2bc, v128.xor(r3bc, v128.shuffle<u32>(stages5, stages5, 1, 1, 1, 1)));
  const r2c = v128.shuffle<u32>(r2bc, r2bc, 1, 1, 1, 1);
  const r3c = v128.shuffle<u32>(r3bc, r3bc, 1, 1, 1, 1);
  const r1d = i32x4.add(r2c, v128.xor(r3c, v128.shuffle<u32>(stages5, stages5, 2, 2, 2, 2)));
  const r1cd = v128.shuffle<u32>(r1c, r1d, 0, 4, 1, 5);
  const r2de = s1(r1cd);
  const r2cd = v128.shuffle<u32>(r2c, r2de, 0, 4, 1, 5);
  const r3de = s2(ctx + SQ, r2cd);
  v128.store(ctx, i32x4.add(r2de, v128.xor(r3de, v128.shuffle<u32>(stages5, stages5, 3, 3, 3, 3))), R1);
  v128.store(ctx, v128.shuffle<u32>(r2de, r2de, 1, 1, 1, 1), R2);
  v128.store(ctx, v128.shuffle<u32>(r3de, r3de, 1, 1, 1, 1), R3);

  const r1 = v128.shuffle<u32>(r1ab, r1cd, 0, 1, 4, 5);
  const r2 = v128.shuffle<u32>(r2ab, r2cd, 0, 1, 4, 5);
  if (initialise) {
    // F is added to the new stage, from which the next F is made.
    const stage15 = i32x4.extract_lane(stages12, 3);
    const stage16 =
      i32x4.extract_lane(stages16, 0) ^ ((stage15 + i32x4.extract_lane(r1, 0)) ^ i32x4.extract_lane(r2, 0));
    const stage17 =
      i32x4.extract_lane(stages16, 1) ^ ((stage16 + i32x4.extract_lane(r1, 1)) ^ i32x4.extract_lane(r2, 1));
    const stage18 =
      i32x4.extract_lane(stages16, 2) ^ ((stage17 + i32x4.extract_lane(r1, 2)) ^ i32x4.extract_lane(r2, 2));
    const stage19 =
      i32x4.extract_lane(stages16, 3) ^ ((stage18 + i32x4.extract_lane(r1, 3)) ^ i32x4.extract_lane(r2, 3));
    stages16 = i32x4.replace_lane(i32x4.splat(stage16), 1, stage17);
    stages16 = i32x4.replace_lane(i32x4.replace_lane(stages16, 2, stage18), 3, stage19);
  }
  v128.store(ctx, stages4, LFSR);
  v128.store(ctx, stages8, LFSR + 16);
  v128.store(ctx, stages12, LFSR + 32);
  v128.store(ctx, stages16, LFSR + 48);
  const stages15 = v128.shuffle<u32>(stages12, stages16, 3, 4, 5, 6);
  return v128.xor(v128.xor(i32x4.add(stages15, r1), r2), stages0);
}

/**
 * Stores a SNOW 3G key, for UEA2 and UIA2.
 * @param ctx SNOW3G_CONTEXT_BYTES of memory, 64-aligned
 * @param key 16 bytes apart from ctx, any alignment
 */
export function snow3gSetKey(ctx: usize, key: usize): void {
  v128.store(ctx, reverseBytes(v128.load(key)), KEY);
  snow3gStoreSq(ctx + SQ);
  snow3gStoreAlpha(ctx + MUL_ALPHA);
}

/**
 * Initialises the generator for one request (section 4.1).
 * @param ctx see snow3gSetKey
 * @param iv 16 bytes, any alignment: IV3, IV2, IV1 and IV0, big-endian, as UEA2 and UIA2 form them
 */
export function snow3gStart(ctx: usize, iv: usize): void {
  const key = v128.load(ctx, KEY);
  const inverted = v128.not(key);
  const words = reverseBytes(v128.load(iv));
  const zero = i64x2.splat(0);
  v128.store(ctx, inverted, LFSR);
  v128.store(ctx, key, LFSR + 16);
  v128.store(ctx, v128.xor(inverted, v128.shuffle<u32>(words, zero, 4, 3, 2, 4)), LFSR + 32);
  v128.store(ctx, v128.xor(key, v128.shuffle<u32>(words, zero, 1, 4, 4, 0)), LFSR + 48);
  v128.store(ctx, zero, R1);
  v128.store(ctx, zero, R2);
  v128.store(ctx, zero, R3);
  for (let clocks = 0; clocks < 32; clocks += 4) clock4(ctx, true);
  v128.store(ctx, clock4(ctx, false), KEYSTREAM);
}

/**
 * Returns the next four words of keystream (section 4.2) as 16 bytes. The first word after initialisation is discarded,
 * so the four words come from two runs of four clocks.
 * @param ctx see snow3gStart
 */
export function snow3gKeystream(ctx: usize): v128 {
  const next = clock4(ctx, false);
  const words = v128.shuffle<u32>(v128.load(ctx, KEYSTREAM), next, 1, 2, 3, 4);
  v128.store(ctx, next, KEYSTREAM);
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/**
 * Writes the next four words of keystream to the context.
 * @returns the address of its 16 bytes, valid until the next call
 */
export function snow3gStoreKeystream(ctx: usize): usize {
  v128.store(ctx, snow3gKeystream(ctx), KEYSTREAM + 16);
  return ctx + KEYSTREAM + 16;
}
