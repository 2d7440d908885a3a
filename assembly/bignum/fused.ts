// Montgomery multiplication by fused multiply-adds of doubles: limbs of 50 bits, two in a vector.
//
// A fused multiply-add rounds once. So it gives the product of two limbs as two doubles that are whole numbers:
//   high = a b + 2^102            rounded to a multiple of 2^50, because doubles from 2^102 to 2^103 are such multiples
//   low  = a b + (2^102 - high)   exact, from -2^49 to 2^49
// The bits of such a `high`, less the bits of 2^102, are the number of times that 2^50 goes into a b. Low doubles have
// 3 * 2^51 added, and the same is true of them. So 64-bit lanes add up the bits of doubles, and begin() has subtracted
// what the bits of the constants will be too much.
//
// `high` starts from 2^102 and takes up to four products below 2^100, one after another: it stays below 2^103. So two
// rows are added in one pass. A lane holds the passes of 8192 bits without a carry: 82 of a product and 82 of its
// reduction, less than 2^52 each.
//
// A number has L limbs (50 L >= bits + 2), least significant first: doubles, with 16 bytes of zeros in front of them,
// and zeros behind them up to numberBytes(). All numbers stay below 2 n, so no multiplication ends with a subtraction.
// R is 2^(50 L), or 2^(50 (L + 1)) if L is odd. No branch and no address depends on a limb.
import { Modulus, nOf } from './modulus';
import { pair } from '../simd';

export const LIMB_BITS: u32 = 50;
const LIMB_MASK: u64 = ((<u64>1) << 50) - 1;
/** A product of two limbs has no room in 64 bits, but those of their halves have. */
const HALF_BITS: u64 = 25;
const HALF_MASK: u64 = ((<u64>1) << 25) - 1;

/** 2^52, and its bits: a whole number below it stands in the lower bits of the sum. */
const WHOLE: f64 = 4503599627370496.0;
const WHOLE_BITS: u64 = 0x4330000000000000;
/** The bits of 2^102. */
const HIGH_BITS: u64 = 0x4650000000000000;
/** The bits of 3 * 2^51. */
const LOW_BITS: u64 = 0x4338000000000000;
/** The bits of 2^102 + 3 * 2^51. */
const BOTH_BITS: u64 = 0x4650000000000006;
/** Zeros in front of a number's limbs, in bytes: a pass reads the limb before the first one. */
const LEAD: usize = 16;
/** Bytes of two limbs of a product: a vector of its low doubles, and one of its high ones, which count 2^50 times. */
const LANES_BYTES: usize = 32;

/** The passes work on two limbs at least. */
export function limbsOf(bits: u32): u32 {
  return max<u32>(2, (bits + 2 + LIMB_BITS - 1) / LIMB_BITS);
}

/** Pairs of rows. */
@inline
function pairsOf(limbs: u32): u32 {
  return (limbs + 1) >> 1;
}

/** Vectors of lanes that two rows reach. */
@inline
function vectorsOf(limbs: u32): u32 {
  return (limbs >> 1) + 1;
}

export function numberBytes(limbs: u32): u32 {
  return <u32>LEAD + vectorsOf(limbs) * 16;
}

export function productBytes(limbs: u32): u32 {
  return (pairsOf(limbs) + vectorsOf(limbs)) * <u32>LANES_BYTES;
}

export function bitsOfR(limbs: u32): u32 {
  return 2 * pairsOf(limbs) * LIMB_BITS;
}

@inline
export function limbOf(number: usize, index: u32): u64 {
  return reinterpret<u64>(load<f64>(number + index * 8, LEAD) + WHOLE) & LIMB_MASK;
}

@inline
export function setLimb(number: usize, index: u32, limb: u64): void {
  store<f64>(number + index * 8, reinterpret<f64>(limb | WHOLE_BITS) - WHOLE, LEAD);
}

/** Two limbs as doubles. */
@inline
function doublesOf(limbs: v128): v128 {
  return f64x2.sub(v128.or(limbs, i64x2.splat(WHOLE_BITS)), f64x2.splat(WHOLE));
}

export function upperLimb(x: u64, y: u64): u64 {
  return upperOfHalves(x >> HALF_BITS, x & HALF_MASK, y >> HALF_BITS, y & HALF_MASK);
}

@inline
function upperOfHalves(xHigh: u64, xLow: u64, yHigh: u64, yLow: u64): u64 {
  return xHigh * yHigh + ((xHigh * yLow + xLow * yHigh + ((xLow * yLow) >> HALF_BITS)) >> HALF_BITS);
}

export function prepareInverse(modulus: Modulus): void {
  const n0 = limbOf(nOf(modulus), 0);
  const n1 = limbOf(nOf(modulus), 1);
  // Newton's steps double the bits that are right: 3, 6, 12, 24, 48, 96.
  let inverse = n0;
  for (let step = 0; step < 5; step++) inverse *= 2 - n0 * inverse;
  inverse = (0 - inverse) & LIMB_MASK;
  modulus.inverse = inverse;
  // n0 inverse is 2^50 - 1 in its lower limb. So with 1 more, all of it is in the upper limb.
  modulus.nextInverse = ((upperLimb(n0, inverse) + 1 + n1 * inverse) * inverse) & LIMB_MASK;
}

export function multiply(result: usize, a: usize, b: usize, modulus: Modulus, product: usize): void {
  begin(product, modulus.limbs, false);
  addProduct(a + LEAD, b + LEAD, modulus.limbs, product);
  carryInto(result, modulus.limbs, product, reduceRows(modulus, product));
}

/** Products of two different limbs are added once, and doubled. */
export function square(result: usize, a: usize, modulus: Modulus, product: usize): void {
  begin(product, modulus.limbs, true);
  addSquare(a + LEAD, modulus.limbs, product);
  carryInto(result, modulus.limbs, product, reduceRows(modulus, product));
}

export function reduce(result: usize, wide: usize, wideLimbs: u32, modulus: Modulus, product: usize): void {
  const limbs = modulus.limbs;
  const pairs = pairsOf(limbs);
  const end = pairs + vectorsOf(limbs);
  for (let at: u32 = 0; at < end; at++) {
    const times: u64 = at < pairs ? at : end - 1 - at;
    const low = pair(
      at * 2 < wideLimbs ? limbOf(wide, at * 2) : 0,
      at * 2 + 1 < wideLimbs ? limbOf(wide, at * 2 + 1) : 0,
    );
    const to = product + at * LANES_BYTES;
    v128.store(to, i64x2.sub(low, i64x2.splat(times * LOW_BITS)));
    v128.store(to, i64x2.splat(0 - times * HIGH_BITS), 16);
  }
  carryInto(result, limbs, product, reduceRows(modulus, product));
}

/**
 * Sets the lanes to what the constants will be too much, below 0: a product and its reduction reach lanes in the middle
 * more often than those at the ends.
 */
@inline
function begin(product: usize, limbs: u32, isSquare: boolean): void {
  const pairs = pairsOf(limbs);
  const vectors = vectorsOf(limbs);
  const low = i64x2.splat(LOW_BITS);
  const high = i64x2.splat(HIGH_BITS);
  let lows = i64x2.neg(low);
  let highs = i64x2.neg(high);
  let to = product;
  for (let at: u32 = 0; at < pairs; at++) {
    v128.store(to, lows);
    v128.store(to, highs, 16);
    lows = i64x2.sub(lows, low);
    highs = i64x2.sub(highs, high);
    // The passes of a square begin twice as far behind each other.
    if (!isSquare || at & 1) {
      lows = i64x2.sub(lows, low);
      highs = i64x2.sub(highs, high);
    }
    to += LANES_BYTES;
  }
  const times: u64 = (isSquare ? (pairs >> 1) + vectors - pairs : vectors - 1) + (vectors - 1);
  lows = i64x2.splat(0 - times * LOW_BITS);
  highs = i64x2.splat(0 - times * HIGH_BITS);
  for (let at = pairs; at < pairs + vectors; at++) {
    v128.store(to, lows);
    v128.store(to, highs, 16);
    lows = i64x2.add(lows, low);
    highs = i64x2.add(highs, high);
    if (!isSquare || !(at & 1)) {
      lows = i64x2.add(lows, low);
      highs = i64x2.add(highs, high);
    }
    to += LANES_BYTES;
  }
}

/** The sum of the low doubles of x u + y v, for the high doubles `first` of x u, and `second` of both. */
@inline
function lowOf(x: v128, u: v128, y: v128, v: v128, first: v128, second: v128, both: v128): v128 {
  return f64x2.add(
    f64x2.relaxed_madd(x, u, f64x2.sub(both, first)),
    f64x2.relaxed_madd(y, v, f64x2.sub(first, second)),
  );
}

/** Adds x u + y v to one vector of lanes. */
@inline
function addTwo(to: usize, x: v128, u: v128, y: v128, v: v128): void {
  const first = f64x2.relaxed_madd(x, u, i64x2.splat(HIGH_BITS));
  const second = f64x2.relaxed_madd(y, v, first);
  v128.store(to, i64x2.add(v128.load(to), lowOf(x, u, y, v, first, second, i64x2.splat(BOTH_BITS))));
  v128.store(to, i64x2.add(v128.load(to, 16), second), 16);
}

/**
 * Adds x u + y v to `count` vectors of lanes: v are the limbs from `from` on, and u those from one limb behind.
 * V8 checks the stack in each turn of a loop, so a turn does three vectors.
 */
@inline
function addPairs(to: usize, from: usize, x: v128, y: v128, count: u32): void {
  const high = i64x2.splat(HIGH_BITS);
  const both = i64x2.splat(BOTH_BITS);
  for (; count >= 3; count -= 3) {
    const u0 = v128.load(from, 8);
    const v0 = v128.load(from, 0);
    const first0 = f64x2.relaxed_madd(x, u0, high);
    const second0 = f64x2.relaxed_madd(y, v0, first0);
    v128.store(to, i64x2.add(v128.load(to, 0), lowOf(x, u0, y, v0, first0, second0, both)), 0);
    v128.store(to, i64x2.add(v128.load(to, 16), second0), 16);
    const u1 = v128.load(from, 24);
    const v1 = v128.load(from, 16);
    const first1 = f64x2.relaxed_madd(x, u1, high);
    const second1 = f64x2.relaxed_madd(y, v1, first1);
    v128.store(to, i64x2.add(v128.load(to, 32), lowOf(x, u1, y, v1, first1, second1, both)), 32);
    v128.store(to, i64x2.add(v128.load(to, 48), second1), 48);
    const u2 = v128.load(from, 40);
    const v2 = v128.load(from, 32);
    const first2 = f64x2.relaxed_madd(x, u2, high);
    const second2 = f64x2.relaxed_madd(y, v2, first2);
    v128.store(to, i64x2.add(v128.load(to, 64), lowOf(x, u2, y, v2, first2, second2, both)), 64);
    v128.store(to, i64x2.add(v128.load(to, 80), second2), 80);
    to += 3 * LANES_BYTES;
    from += 48;
  }
  for (; count > 0; count--) {
    const u0 = v128.load(from, 8);
    const v0 = v128.load(from, 0);
    const first0 = f64x2.relaxed_madd(x, u0, high);
    const second0 = f64x2.relaxed_madd(y, v0, first0);
    v128.store(to, i64x2.add(v128.load(to, 0), lowOf(x, u0, y, v0, first0, second0, both)), 0);
    v128.store(to, i64x2.add(v128.load(to, 16), second0), 16);
    to += LANES_BYTES;
    from += 16;
  }
}

function addProduct(a: usize, b: usize, limbs: u32, product: usize): void {
  const vectors = vectorsOf(limbs);
  const end = a + pairsOf(limbs) * 16;
  for (; a < end; a += 16) {
    addPairs(product, b - 8, v128.load64_splat(a), v128.load64_splat(a, 8), vectors);
    product += LANES_BYTES;
  }
}

function addSquare(a: usize, limbs: u32, product: usize): void {
  const pairs = pairsOf(limbs);
  const zero = f64x2.splat(0);
  const onceAndTwice = f64x2(1, 2);
  let left = vectorsOf(limbs);
  for (let row: u32 = 0; row < pairs; row++) {
    const x = v128.load64_splat(a);
    const y = v128.load64_splat(a, 8);
    const x2 = f64x2.add(x, x);
    addTwo(product, f64x2.mul(x, onceAndTwice), v128.load(a), zero, zero);
    if (left > 1) {
      addTwo(product + LANES_BYTES, x2, v128.load(a, 16), f64x2.mul(y, onceAndTwice), v128.load(a, 8));
      addPairs(product + 2 * LANES_BYTES, a + 24, x2, f64x2.add(y, y), left - 2);
    }
    left--;
    a += 16;
    product += 2 * LANES_BYTES;
  }
}

/**
 * Adds the multiple of n that makes the lower lanes 0, two rows in a pass, and returns their carry. The lowest lanes
 * say which multiples the next pass adds. So each pass does its lowest lanes first, and the next multiples are computed
 * while it does the others: these wait in two parts, before and behind that computation.
 */
function reduceRows(modulus: Modulus, product: usize): i64 {
  const pairs = pairsOf(modulus.limbs);
  const others = vectorsOf(modulus.limbs) - 2;
  const near = (others / 6) * 3;
  const inverse = modulus.inverse;
  const nextInverse = modulus.nextInverse;
  const inverseHigh = inverse >> HALF_BITS;
  const inverseLow = inverse & HALF_MASK;
  const high = i64x2.splat(HIGH_BITS);
  const both = i64x2.splat(BOTH_BITS);
  const n = nOf(modulus) + LEAD;
  const n0 = v128.load(n);
  const nBefore = v128.load(n - 8);
  const n2 = v128.load(n, 16);
  const n1 = v128.load(n, 8);
  let carry: i64 = 0;
  let lows = v128.load(product);
  let highs = v128.load(product, 16);
  let lastX = high;
  let lastY = high;
  for (let row: u32 = 0; row < pairs; row++) {
    // The two multiples, (lane0 + lane1 2^50) (-1 / n) mod 2^100.
    const lane0 = i64x2.extract_lane(lows, 0) + carry;
    const lane1 = i64x2.extract_lane(lows, 1) + i64x2.extract_lane(highs, 0);
    const limb = (<u64>lane0) & LIMB_MASK;
    const upper = upperOfHalves(limb >> HALF_BITS, limb & HALF_MASK, inverseHigh, inverseLow);
    const next = <u64>(lane1 + (lane0 >> LIMB_BITS));
    const x = doublesOf(i64x2.splat((limb * inverse) & LIMB_MASK));
    const y = doublesOf(i64x2.splat((upper + limb * nextInverse + next * inverse) & LIMB_MASK));
    if (row > 0) {
      addPairs(product + (near + 1) * LANES_BYTES, n + 24 + near * 16, lastX, lastY, others - near);
    }
    const first = f64x2.relaxed_madd(x, n0, high);
    const second = f64x2.relaxed_madd(y, nBefore, first);
    const low = i64x2.sub(lowOf(x, n0, y, nBefore, first, second, both), i64x2.splat(LOW_BITS));
    const top = i64x2.sub(second, high);
    const middle = lane1 + i64x2.extract_lane(low, 1) + i64x2.extract_lane(top, 0);
    carry = (middle + ((lane0 + i64x2.extract_lane(low, 0)) >> LIMB_BITS)) >> LIMB_BITS;
    carry += i64x2.extract_lane(i64x2.add(highs, top), 1);
    product += LANES_BYTES;
    const third = f64x2.relaxed_madd(x, n2, high);
    const fourth = f64x2.relaxed_madd(y, n1, third);
    lows = i64x2.add(v128.load(product), lowOf(x, n2, y, n1, third, fourth, both));
    highs = i64x2.add(v128.load(product, 16), fourth);
    v128.store(product, lows);
    v128.store(product, highs, 16);
    addPairs(product + LANES_BYTES, n + 24, x, y, near);
    lastX = x;
    lastY = y;
  }
  addPairs(product + (near + 1) * LANES_BYTES, n + 24 + near * 16, lastX, lastY, others - near);
  return carry;
}

/** Writes the upper lanes of a product as limbs. */
function carryInto(number: usize, limbs: u32, product: usize, carry: i64): void {
  const pairs = pairsOf(limbs);
  let from = product + pairs * LANES_BYTES;
  let to = number + LEAD;
  v128.store(number, i64x2.splat(0));
  for (let at: u32 = 0; at < pairs; at++) {
    const first = load<i64>(from) + carry;
    const second = load<i64>(from, 8) + load<i64>(from, 16) + (first >> LIMB_BITS);
    carry = load<i64>(from, 24) + (second >> LIMB_BITS);
    v128.store(to, doublesOf(pair((<u64>first) & LIMB_MASK, (<u64>second) & LIMB_MASK)));
    from += LANES_BYTES;
    to += 16;
  }
  // An even number of limbs has a vector of zeros behind it.
  if (!(limbs & 1)) v128.store(to, i64x2.splat(0));
}
