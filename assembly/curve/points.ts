// Points of a curve y^2 = x^3 - 3 x + b over a field of p elements whose points have a prime order (SP 800-186,
// section 3.2.1). A point is three numbers in Montgomery's form, X, Y and Z, with x = X / Z and y = Y / Z. The point at
// infinity is (0, 1, 0). The formulas are complete (J. Renes, C. Costello, L. Batina, "Complete addition formulas for
// prime order elliptic curves", algorithms 4 and 6): they are right for any two points, equal ones and infinity among
// them, so no branch depends on a point.
import { multiply, numberBytes, square } from '../bignum/kernel';
import { Modulus } from '../bignum/modulus';
import { add, subtract } from '../bignum/ring';

/** A curve, and the memory that its formulas work in. */
@unmanaged
export class Curve {
  /** The field's Modulus. */
  modulus: u32;
  /** b, a number in Montgomery's form. */
  b: u32;
  /** productBytes() of scratch, aligned to 16. */
  product: u32;
  /** SCRATCH_NUMBERS numbers. */
  scratch: u32;
}
export const CURVE_BYTES: u32 = 16;
export const SCRATCH_NUMBERS: u32 = 8;

/** Bytes of a number of the curve. */
@inline
export function coordinateBytes(curve: Curve): u32 {
  return numberBytes(changetype<Modulus>(<usize>curve.modulus).limbs);
}

/** to = first + second. The three may be the same. */
export function addPoints(curve: Curve, to: usize, first: usize, second: usize): void {
  const p = changetype<Modulus>(<usize>curve.modulus);
  const product = <usize>curve.product;
  const bytes: usize = numberBytes(p.limbs);
  const y1 = first + bytes;
  const z1 = y1 + bytes;
  const y2 = second + bytes;
  const z2 = y2 + bytes;
  const t0 = <usize>curve.scratch;
  const t1 = t0 + bytes;
  const t2 = t1 + bytes;
  const t3 = t2 + bytes;
  const t4 = t3 + bytes;
  const x3 = t4 + bytes;
  const y3 = x3 + bytes;
  const z3 = y3 + bytes;
  multiply(t0, first, second, p, product);
  multiply(t1, y1, y2, p, product);
  multiply(t2, z1, z2, p, product);
  // t3 = X1 Y2 + X2 Y1, t4 = Y1 Z2 + Y2 Z1, y3 = X1 Z2 + X2 Z1.
  crossed(t3, first, y1, second, y2, t0, t1, x3, p, product);
  crossed(t4, y1, z1, y2, z2, t1, t2, x3, p, product);
  crossed(y3, first, z1, second, z2, t0, t2, x3, p, product);
  multiply(z3, <usize>curve.b, t2, p, product);
  subtract(x3, y3, z3, p);
  triple(x3, x3, z3, p);
  subtract(z3, t1, x3, p);
  add(x3, t1, x3, p);
  multiply(y3, <usize>curve.b, y3, p, product);
  triple(t2, t2, t1, p);
  subtract(y3, y3, t2, p);
  subtract(y3, y3, t0, p);
  triple(y3, y3, t1, p);
  triple(t0, t0, t1, p);
  subtract(t0, t0, t2, p);
  multiply(t1, t4, y3, p, product);
  multiply(t2, t0, y3, p, product);
  multiply(y3, x3, z3, p, product);
  add(y3, y3, t2, p);
  multiply(x3, t3, x3, p, product);
  subtract(x3, x3, t1, p);
  multiply(z3, t4, z3, p, product);
  multiply(t1, t3, t0, p, product);
  add(z3, z3, t1, p);
  memory.copy(to, x3, 3 * bytes);
}

/** to = 2 from. Both may be the same. */
export function doublePoint(curve: Curve, to: usize, from: usize): void {
  const p = changetype<Modulus>(<usize>curve.modulus);
  const product = <usize>curve.product;
  const bytes: usize = numberBytes(p.limbs);
  const y = from + bytes;
  const z = y + bytes;
  const t0 = <usize>curve.scratch;
  const t1 = t0 + bytes;
  const t2 = t1 + bytes;
  const t3 = t2 + bytes;
  const t4 = t3 + bytes;
  const x3 = t4 + bytes;
  const y3 = x3 + bytes;
  const z3 = y3 + bytes;
  square(t0, from, p, product);
  square(t1, y, p, product);
  square(t2, z, p, product);
  multiply(t3, from, y, p, product);
  add(t3, t3, t3, p);
  multiply(z3, from, z, p, product);
  add(z3, z3, z3, p);
  multiply(y3, <usize>curve.b, t2, p, product);
  subtract(y3, y3, z3, p);
  triple(y3, y3, x3, p);
  subtract(x3, t1, y3, p);
  add(y3, t1, y3, p);
  multiply(y3, x3, y3, p, product);
  multiply(x3, x3, t3, p, product);
  triple(t2, t2, t3, p);
  multiply(z3, <usize>curve.b, z3, p, product);
  subtract(z3, z3, t2, p);
  subtract(z3, z3, t0, p);
  triple(z3, z3, t3, p);
  triple(t0, t0, t3, p);
  subtract(t0, t0, t2, p);
  multiply(t0, t0, z3, p, product);
  add(y3, y3, t0, p);
  multiply(t0, y, z, p, product);
  add(t0, t0, t0, p);
  multiply(z3, t0, z3, p, product);
  subtract(x3, x3, z3, p);
  multiply(z3, t0, t1, p, product);
  add(z3, z3, z3, p);
  add(z3, z3, z3, p);
  memory.copy(to, x3, 3 * bytes);
}

/**
 * to = a d + b c = (a + b) (c + d) - a c - b d, where a c and b d are known. `scratch` and `to` are not the others.
 */
@inline
function crossed(
  to: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  ac: usize,
  bd: usize,
  scratch: usize,
  p: Modulus,
  product: usize,
): void {
  add(to, a, b, p);
  add(scratch, c, d, p);
  multiply(to, to, scratch, p, product);
  add(scratch, ac, bd, p);
  subtract(to, to, scratch, p);
}

/** to = 3 from. */
@inline
function triple(to: usize, from: usize, scratch: usize, p: Modulus): void {
  add(scratch, from, from, p);
  add(to, scratch, from, p);
}
