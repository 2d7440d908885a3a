// Sums of multiples of points, with secret factors, in steps of one operation on points, so that a caller can stop
// between any two. A fixed window of four bits: each takes four doublings and an addition a point, and reads the whole
// table of the point.
import { multiply, numberBytes, setLimb } from '../bignum/kernel';
import { Modulus } from '../bignum/modulus';
import { squareOfR } from '../bignum/ring';
import { CURVE_BYTES, Curve, SCRATCH_NUMBERS, addPoints, coordinateBytes, doublePoint } from './points';
import { wipe } from '../memory/bytes';

const WINDOW_BITS: u32 = 4;
const TABLE_POINTS: u32 = 1 << WINDOW_BITS;
/** Additions that make a table: its first two points need none. */
const TABLE_STEPS: u32 = TABLE_POINTS - 2;

/**
 * A sum under way. Behind it come the scratch of the curve, the sum itself, a point that was looked up, and the tables.
 */
@unmanaged
export class Sum extends Curve {
  /** The number of points. */
  count: u32;
  /** Their factors, big-endian, one after the other. */
  factors: u32;
  factorBytes: u32;
  /** Operations that are done. */
  done: u32;
  /** Operations in all. They follow from the number of points, and from the length of their factors. */
  steps: u32;
}
const SUM_HEADER_BYTES: u32 = CURVE_BYTES + 32;

/** Bytes of a sum of `count` points over a field whose numbers have `limbs` limbs. */
export function sumBytes(limbs: u32, count: u32): u32 {
  return SUM_HEADER_BYTES + (SCRATCH_NUMBERS + 3 * (2 + count * TABLE_POINTS)) * numberBytes(limbs);
}

/** The address of the sum: three numbers, once no steps are left. */
export function sumOf(sum: Sum): usize {
  return changetype<usize>(sum) + SUM_HEADER_BYTES + SCRATCH_NUMBERS * coordinateBytes(sum);
}

@inline
function found(sum: Sum): usize {
  return sumOf(sum) + 3 * coordinateBytes(sum);
}

@inline
function tableOf(sum: Sum, index: u32): usize {
  return found(sum) + 3 * coordinateBytes(sum) * (1 + index * TABLE_POINTS);
}

/**
 * Begins a sum of `count` points, each times its factor.
 * @param b of the curve, in Montgomery's form
 * @param points their coordinates, one point after the other; not needed after the call
 * @param factors `count` times `factorBytes` bytes, big-endian, which must stay until the last step
 * @param product productBytes() of scratch, aligned to 16. The caller wipes it
 */
export function begin(
  sum: Sum,
  modulus: Modulus,
  b: usize,
  points: usize,
  count: u32,
  factors: usize,
  factorBytes: u32,
  product: usize,
): void {
  wipe(changetype<usize>(sum), sumBytes(modulus.limbs, count));
  sum.modulus = <u32>changetype<usize>(modulus);
  sum.b = <u32>b;
  sum.product = <u32>product;
  sum.scratch = <u32>changetype<usize>(sum) + SUM_HEADER_BYTES;
  sum.count = count;
  sum.factors = <u32>factors;
  sum.factorBytes = factorBytes;
  // The first window finds infinity, which need not be doubled.
  sum.steps = count * TABLE_STEPS + ((factorBytes * 8) / WINDOW_BITS) * (WINDOW_BITS + count) - WINDOW_BITS;
  const bytes = coordinateBytes(sum);
  const infinity = sumOf(sum);
  // 1 in Montgomery's form.
  setLimb(found(sum), 0, 1);
  multiply(infinity + bytes, found(sum), squareOfR(modulus), modulus, product);
  for (let index: u32 = 0; index < count; index++) {
    const table = tableOf(sum, index);
    memory.copy(table, infinity, 3 * bytes);
    memory.copy(table + 3 * bytes, points + index * 3 * bytes, 3 * bytes);
  }
}

/** Does at most `most` operations. Returns how many are left. */
export function run(sum: Sum, most: u32): u32 {
  const size: u32 = 3 * coordinateBytes(sum);
  const total = sumOf(sum);
  const count = sum.count;
  const end = min<u32>(sum.steps, sum.done + most);
  for (let step = sum.done; step < end; step++) {
    if (step < count * TABLE_STEPS) {
      const table = tableOf(sum, step / TABLE_STEPS);
      const entry = table + ((step % TABLE_STEPS) + 2) * size;
      addPoints(sum, entry, entry - size, table + size);
      continue;
    }
    const later = step - count * TABLE_STEPS + WINDOW_BITS;
    const inWindow = later % (WINDOW_BITS + count);
    if (inWindow < WINDOW_BITS) {
      doublePoint(sum, total, total);
      continue;
    }
    look(sum, inWindow - WINDOW_BITS, later / (WINDOW_BITS + count));
    addPoints(sum, total, total, found(sum));
  }
  sum.done = end;
  return sum.steps - end;
}

/** Copies the point that window `window` of a factor names, counted from its top. It reads every point of the table. */
function look(sum: Sum, index: u32, window: u32): void {
  const size: u32 = 3 * coordinateBytes(sum);
  const byte = load<u8>(<usize>(sum.factors + index * sum.factorBytes + (window >> 1)));
  const digit = i32x4.splat((byte >> (window & 1 ? 0 : 4)) & (TABLE_POINTS - 1));
  const table = tableOf(sum, index);
  const to = found(sum);
  for (let at: u32 = 0; at < size; at += 16) {
    let joined = i32x4.splat(0);
    let from = table + at;
    for (let entry: i32 = 0; entry < <i32>TABLE_POINTS; entry++) {
      joined = v128.or(joined, v128.and(v128.load(from), i32x4.eq(digit, i32x4.splat(entry))));
      from += size;
    }
    v128.store(to + at, joined);
  }
}
