// Montgomery multiplication in a redundant radix: limbs of 28 bits, so that 64-bit lanes add up many products before a
// carry has to move. Two rows of the product are added in one pass, because the shift between rows is then 16 bytes,
// and each vector load meets exactly one earlier store. No branch and no address depends on a limb.
//
// A number has L limbs (L even, 28 L >= bits + 2), least significant first, 32 bits each, and zeros behind them up to
// numberBytes(). All numbers stay below 2 n, so no multiplication ends with a subtraction. R is 2^(28 L).
import { Modulus, nOf } from './modulus';
import { wipe } from '../memory/bytes';
import { pair } from '../simd';

export const LIMB_BITS: u32 = 28;
const LIMB_MASK: u32 = (1 << LIMB_BITS) - 1;
/**
 * A lane holds this many rows, of a product of 57 bits and one of 56 each, and what was left in it. Then carries have
 * to move.
 */
const ROWS_BETWEEN_CARRIES: u32 = 64;

export function limbsOf(bits: u32): u32 {
  return ((bits + 2 + 2 * LIMB_BITS - 1) / (2 * LIMB_BITS)) * 2;
}

/** The passes read up to four zero limbs behind the last one. */
export function numberBytes(limbs: u32): u32 {
  return (limbs + 4) * 4;
}

/** A product, in lanes of 64 bits. */
export function productBytes(limbs: u32): u32 {
  return (2 * limbs + 8) * 8;
}

export function bitsOfR(limbs: u32): u32 {
  return limbs * LIMB_BITS;
}

@inline
export function limbOf(number: usize, index: u32): u64 {
  return load<u32>(number + index * 4);
}

@inline
export function setLimb(number: usize, index: u32, limb: u64): void {
  store<u32>(number + index * 4, <u32>limb);
}

export function prepareInverse(modulus: Modulus): void {
  const n0 = load<u32>(nOf(modulus));
  // Newton's steps double the bits that are right: 3, 6, 12, 24, 48.
  let inverse = n0;
  for (let step = 0; step < 4; step++) inverse *= 2 - n0 * inverse;
  modulus.inverse = (0 - inverse) & LIMB_MASK;
}

export function multiply(result: usize, a: usize, b: usize, modulus: Modulus, product: usize): void {
  wipe(product, productBytes(modulus.limbs));
  addRows(a, b, modulus, product);
  carryInto(result, product + modulus.limbs * 8, modulus.limbs);
}

export function reduce(result: usize, wide: usize, wideLimbs: u32, modulus: Modulus, product: usize): void {
  wipe(product, productBytes(modulus.limbs));
  for (let index: u32 = 0; index < wideLimbs; index++) store<u64>(product + index * 8, load<u32>(wide + index * 4));
  squareAndReduce(result, 0, modulus, product);
}

/** Adds a b to the product, and the multiple of n that makes its low L lanes 0. Those lanes are left as they are. */
function addRows(a: usize, b: usize, modulus: Modulus, product: usize): void {
  const limbs = modulus.limbs;
  const inverse = <u32>modulus.inverse;
  const n = nOf(modulus);
  const b0 = <u64>load<u32>(b);
  const b1 = <u64>load<u32>(b, 4);
  const n0 = <u64>load<u32>(n);
  const n1 = <u64>load<u32>(n, 4);
  const quads = (limbs + 2) >> 2;
  let untilCarries = ROWS_BETWEEN_CARRIES;
  for (let row: u32 = 0; row < limbs; row += 2) {
    const at = product + row * 8;
    const a0 = <u64>load<u32>(a + row * 4);
    const a1 = <u64>load<u32>(a + row * 4, 4);
    // The first two lanes decide which multiples of n are added, so they come first, and alone.
    const low = load<u64>(at) + a0 * b0;
    const m0 = <u64>((<u32>low * inverse) & LIMB_MASK);
    const next = load<u64>(at, 8) + a0 * b1 + a1 * b0 + m0 * n1 + ((low + m0 * n0) >> LIMB_BITS);
    const m1 = <u64>((<u32>next * inverse) & LIMB_MASK);
    const carry = (next + m1 * n0) >> LIMB_BITS;
    const firstA = i32x4.splat(<u32>a0);
    const secondA = i32x4.splat(<u32>a1);
    const firstM = i32x4.splat(<u32>m0);
    const secondM = i32x4.splat(<u32>m1);
    let to = at + 16;
    v128.store(to, i64x2.add(v128.load(to), pair(carry, 0)));
    let fromB = b + 8;
    let fromN = n + 8;
    for (let quad: u32 = 0; quad < quads; quad++) {
      const bHere = v128.load(fromB);
      const bBefore = v128.load(fromB - 4);
      const nHere = v128.load(fromN);
      const nBefore = v128.load(fromN - 4);
      v128.store(
        to,
        i64x2.add(
          i64x2.add(
            i64x2.add(v128.load(to), i64x2.extmul_low_i32x4_u(firstA, bHere)),
            i64x2.extmul_low_i32x4_u(firstM, nHere),
          ),
          i64x2.add(i64x2.extmul_low_i32x4_u(secondA, bBefore), i64x2.extmul_low_i32x4_u(secondM, nBefore)),
        ),
      );
      v128.store(
        to,
        i64x2.add(
          i64x2.add(
            i64x2.add(v128.load(to, 16), i64x2.extmul_high_i32x4_u(firstA, bHere)),
            i64x2.extmul_high_i32x4_u(firstM, nHere),
          ),
          i64x2.add(i64x2.extmul_high_i32x4_u(secondA, bBefore), i64x2.extmul_high_i32x4_u(secondM, nBefore)),
        ),
        16,
      );
      to += 32;
      fromB += 16;
      fromN += 16;
    }
    untilCarries -= 2;
    if (!untilCarries) {
      untilCarries = ROWS_BETWEEN_CARRIES;
      moveCarries(at + 16, limbs + 2);
    }
  }
}

export function square(result: usize, a: usize, modulus: Modulus, product: usize): void {
  wipe(product, productBytes(modulus.limbs));
  squareAndReduce(result, a, modulus, product);
}

/**
 * result = (product + a^2) / R mod n; a = 0: there is no such number. Products of two different limbs are added once,
 * and doubled.
 */
function squareAndReduce(result: usize, a: usize, modulus: Modulus, product: usize): void {
  const limbs = modulus.limbs;
  const inverse = <u32>modulus.inverse;
  const n = nOf(modulus);
  const n0 = <u64>load<u32>(n);
  const n1 = <u64>load<u32>(n, 4);
  let untilCarries = ROWS_BETWEEN_CARRIES;
  for (let row: u32 = 0; row < limbs; row += 2) {
    if (a) addSquares(a + row * 4, product + row * 16, (limbs - row + 2) >> 2);
    const at = product + row * 8;
    const low = load<u64>(at);
    const m0 = <u64>((<u32>low * inverse) & LIMB_MASK);
    const next = load<u64>(at, 8) + m0 * n1 + ((low + m0 * n0) >> LIMB_BITS);
    const m1 = <u64>((<u32>next * inverse) & LIMB_MASK);
    addTo(at + 16, pair((next + m1 * n0) >> LIMB_BITS, 0));
    addPair(at + 16, n + 8, <u32>m0, <u32>m1, (limbs + 2) >> 2);
    untilCarries -= 2;
    if (!untilCarries) {
      untilCarries = ROWS_BETWEEN_CARRIES;
      moveCarries(at + 16, limbs + 2);
    }
  }
  carryInto(result, product + limbs * 8, limbs);
}

/** Adds the products of two limbs at `a` with themselves, and twice those with the limbs behind them. */
@inline
function addSquares(a: usize, to: usize, quads: u32): void {
  const a0 = <u64>load<u32>(a);
  const a1 = <u64>load<u32>(a, 4);
  addTo(to, pair(a0 * a0, 2 * a0 * a1));
  // The pass adds a1 a1 twice.
  addTo(to + 16, pair(0 - a1 * a1, 0));
  addPair(to + 16, a + 8, <u32>(2 * a0), <u32>(2 * a1), quads);
}

@inline
function addTo(to: usize, lanes: v128): void {
  v128.store(to, i64x2.add(v128.load(to), lanes));
}

/** Adds `first` times the limbs from `from` on, and `second` times those from one limb before. */
@inline
function addPair(to: usize, from: usize, first: u32, second: u32, quads: u32): void {
  const firsts = i32x4.splat(first);
  const seconds = i32x4.splat(second);
  for (let quad: u32 = 0; quad < quads; quad++) {
    const here = v128.load(from);
    const before = v128.load(from - 4);
    v128.store(
      to,
      i64x2.add(
        i64x2.add(v128.load(to), i64x2.extmul_low_i32x4_u(firsts, here)),
        i64x2.extmul_low_i32x4_u(seconds, before),
      ),
    );
    v128.store(
      to,
      i64x2.add(
        i64x2.add(v128.load(to, 16), i64x2.extmul_high_i32x4_u(firsts, here)),
        i64x2.extmul_high_i32x4_u(seconds, before),
      ),
      16,
    );
    to += 32;
    from += 16;
  }
}

/** Moves the carries of `lanes` lanes up, so that each lane but the last has 28 bits. */
function moveCarries(lanes: usize, count: u32): void {
  let carry: u64 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const lane = load<u64>(lanes) + carry;
    carry = lane >> LIMB_BITS;
    store<u64>(lanes, lane & LIMB_MASK);
    lanes += 8;
  }
  store<u64>(lanes, load<u64>(lanes) + carry);
}

/** Writes `limbs` lanes as limbs of 28 bits. */
function carryInto(number: usize, lanes: usize, limbs: u32): void {
  let carry: u64 = 0;
  for (let index: u32 = 0; index < limbs; index++) {
    const lane = load<u64>(lanes + index * 8) + carry;
    carry = lane >> LIMB_BITS;
    store<u32>(number + index * 4, (<u32>lane) & LIMB_MASK);
  }
}
