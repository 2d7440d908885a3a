// ZUC, the keystream generator of 128-EEA3 and 128-EIA3: "Specification of the 3GPP Confidentiality and Integrity
// Algorithms 128-EEA3 & 128-EIA3. Document 2: ZUC Specification", whose sections are cited here.
//
// No branch and no address depends on a secret, because sums modulo 2^31 - 1 fold their carries back, and the S-boxes
// are nibble look-ups in registers (scripts/gen-zuc-tables.mjs). New stages are appended to the LFSR. It moves only
// once for many clocks.

import { high, low } from '../simd';
import { indexIo, indexJo, look, mapNibbles, mapReciprocal } from './aes_nibbles';
import { S0_P1, S0_P2, S0_REST, S1_IO, S1_JO, S1_PAIR_HIGH, S1_PAIR_LOW } from '../generated/zuc_tables';

const KEY: usize = 0;
// R1 in the low half of a u64, R2 in the high one.
const REGISTERS: usize = 16;
const LFSR: usize = 64;
const INITIAL_CLOCKS: usize = 33;
/** The place of 128 bytes for keystream in the context. */
export const ZUC_KEYSTREAM: usize = 320;
/** Bytes of a ZUC context: the key, and the state of the current request. */
export const ZUC_CONTEXT_BYTES: usize = 448;
/** The most words of keystream that one call makes, which is the number of the LFSR's stages. */
export const ZUC_MOST_WORDS: usize = 16;

// The tapped stages of the LFSR, in bytes from its first stage.
const STAGE_0: usize = 0;
const STAGE_2: usize = 8;
const STAGE_4: usize = 16;
const STAGE_5: usize = 20;
const STAGE_7: usize = 28;
const STAGE_9: usize = 36;
const STAGE_10: usize = 40;
const STAGE_11: usize = 44;
const STAGE_13: usize = 52;
const STAGE_14: usize = 56;
const STAGE_15: usize = 60;
const NEXT: usize = 64;

// The next stage of the LFSR at `at` (section 3.2). `feedback` is 0 in work mode. The sum is never 0, and folding does
// not make it 0: 2^31 - 1 stands for 0, as the section demands.
@inline function nextStage(at: usize, feedback: u32): u32 {
  let sum =
    ((load<u32>(at, STAGE_15) as u64) << 15) +
    ((load<u32>(at, STAGE_13) as u64) << 17) +
    ((load<u32>(at, STAGE_10) as u64) << 21) +
    ((load<u32>(at, STAGE_4) as u64) << 20) +
    (load<u32>(at, STAGE_0) as u64) * 257 +
    (feedback as u64);
  sum = (sum & 0x7fffffff) + (sum >> 31);
  return ((sum & 0x7fffffff) + (sum >> 31)) as u32;
}

// X0 of the bit reorganisation (section 3.3) takes the high half of one stage, then the low half of another stage.
@inline function highLow(high: u32, low: u32): u32 {
  return ((high << 1) & 0xffff0000) | (low & 0xffff);
}
// X1, X2 and X3 take the low half of one stage, then the high half of another stage.
@inline function lowHigh(low: u32, high: u32): u32 {
  return (low << 16) | (high >> 15);
}

// W, the output of F (section 3.4).
@inline function output(at: usize, registers: u64): u32 {
  return (highLow(load<u32>(at, STAGE_15), load<u32>(at, STAGE_14)) ^ (registers as u32)) + ((registers >> 32) as u32);
}

// S0 of each byte, see scripts/gen-zuc-tables.mjs.
@inline function s0(x: v128): v128 {
  const x2 = low(x);
  const a = v128.xor(high(x), look(S0_P1(), x2));
  const b = v128.xor(x2, look(S0_P2(), a));
  return v128.xor(i8x16.add(a, a), look(S0_REST(), b));
}

// S1 of each byte.
@inline function s1(x: v128): v128 {
  const pairs = mapNibbles(x, S1_PAIR_LOW(), S1_PAIR_HIGH());
  return v128.xor(mapReciprocal(indexIo(pairs), indexJo(pairs), S1_IO(), S1_JO()), i8x16.splat(0x55));
}

// S of both registers (section 3.4.1): S0 for a word's first and third byte, which have odd addresses, S1 for the other
// bytes.
@inline function substitute(registers: u64): u64 {
  const x = i64x2.splat(registers);
  return i64x2.extract_lane(v128.bitselect(s0(x), s1(x), i16x8.splat(0xff00 as i16)), 0);
}

// The registers after a clock of F (section 3.4).
@inline function nextRegisters(at: usize, registers: u64): u64 {
  const w1 = (registers as u32) + lowHigh(load<u32>(at, STAGE_11), load<u32>(at, STAGE_9));
  const w2 = ((registers >> 32) as u32) ^ lowHigh(load<u32>(at, STAGE_7), load<u32>(at, STAGE_5));
  const u = (w1 << 16) | (w2 >> 16);
  const v = (w2 << 16) | (w1 >> 16);
  const l1 = u ^ rotl<u32>(u, 2) ^ rotl<u32>(u, 10) ^ rotl<u32>(u, 18) ^ rotl<u32>(u, 24);
  const l2 = v ^ rotl<u32>(v, 8) ^ rotl<u32>(v, 14) ^ rotl<u32>(v, 22) ^ rotl<u32>(v, 30);
  return substitute((l1 as u64) | ((l2 as u64) << 32));
}

// Drops the oldest `clocks` stages.
@inline function advance(ctx: usize, clocks: usize): void {
  const from = ctx + (clocks << 2);
  const a = v128.load(from, LFSR);
  const b = v128.load(from, LFSR + 16);
  const c = v128.load(from, LFSR + 32);
  const d = v128.load(from, LFSR + 48);
  v128.store(ctx, a, LFSR);
  v128.store(ctx, b, LFSR + 16);
  v128.store(ctx, c, LFSR + 32);
  v128.store(ctx, d, LFSR + 48);
}

/**
 * Stores a ZUC key, for 128-EEA3 and 128-EIA3.
 * @param ctx ZUC_CONTEXT_BYTES of memory, 64-aligned
 * @param key 16 bytes apart from ctx, any alignment
 */
export function zucSetKey(ctx: usize, key: usize): void {
  v128.store(ctx, v128.load(key), KEY);
}

// Key loading (section 3.5): a byte of the key, the 15-bit constant d, a byte of the IV.
@inline function loadStage(ctx: usize, iv: usize, n: usize, d: u32): void {
  const byte = load<u8>(ctx + n, KEY) as u32;
  store<u32>(ctx + n * 4, (byte << 23) | (d << 8) | (load<u8>(iv + n) as u32), LFSR);
}

/**
 * Initialises the generator for one request (sections 3.5 and 3.6.1).
 * @param ctx see zucSetKey
 * @param iv 16 bytes, any alignment
 */
export function zucStart(ctx: usize, iv: usize): void {
  loadStage(ctx, iv, 0, 0x44d7);
  loadStage(ctx, iv, 1, 0x26bc);
  loadStage(ctx, iv, 2, 0x626b);
  loadStage(ctx, iv, 3, 0x135e);
  loadStage(ctx, iv, 4, 0x5789);
  loadStage(ctx, iv, 5, 0x35e2);
  loadStage(ctx, iv, 6, 0x7135);
  loadStage(ctx, iv, 7, 0x09af);
  loadStage(ctx, iv, 8, 0x4d78);
  loadStage(ctx, iv, 9, 0x2f13);
  loadStage(ctx, iv, 10, 0x6bc4);
  loadStage(ctx, iv, 11, 0x1af1);
  loadStage(ctx, iv, 12, 0x5e26);
  loadStage(ctx, iv, 13, 0x3c4d);
  loadStage(ctx, iv, 14, 0x789a);
  loadStage(ctx, iv, 15, 0x47ac);
  let at = ctx + LFSR;
  const end = at + ((INITIAL_CLOCKS - 1) << 2);
  let registers: u64 = 0;
  do {
    store<u32>(at, nextStage(at, output(at, registers) >> 1), NEXT);
    registers = nextRegisters(at, registers);
    at += 4;
  } while (at != end);
  // The first word of the working stage is discarded (section 3.6.2).
  store<u32>(at, nextStage(at, 0), NEXT);
  store<u64>(ctx, nextRegisters(at, registers), REGISTERS);
  advance(ctx, INITIAL_CLOCKS);
}

/**
 * Makes the next words of keystream (section 3.6.2), big-endian.
 * @param ctx see zucStart
 * @param dst where the words go
 * @param words number of words, 1 to ZUC_MOST_WORDS
 */
export function zucKeystream(ctx: usize, dst: usize, words: usize): void {
  let at = ctx + LFSR;
  const end = at + (words << 2);
  do {
    store<u32>(at, nextStage(at, 0), NEXT);
    at += 4;
  } while (at != end);
  at = ctx + LFSR;
  let registers = load<u64>(ctx, REGISTERS);
  do {
    store<u32>(dst, bswap<u32>(output(at, registers) ^ lowHigh(load<u32>(at, STAGE_2), load<u32>(at, STAGE_0))));
    registers = nextRegisters(at, registers);
    dst += 4;
    at += 4;
  } while (at != end);
  store<u64>(ctx, registers, REGISTERS);
  advance(ctx, words);
}
