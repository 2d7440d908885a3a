// The exports of the kernel for elliptic curves, which is a binary of its own, loaded with the first key of ECDSA: the
// kernel for big numbers, sums of points, and HMAC for the nonces of RFC 6979. All addresses are the host's. Numbers as
// in ../bignum/kernel.ts.
import { Modulus } from '../bignum/modulus';
import * as ring from '../bignum/ring';
import { HMAC_CONTEXT_BYTES, hmacDigest as digestOf, hmacSetKey as setKey } from '../mac/hmac';
import * as sums from './sum';
import { Sum } from './sum';

export * from '../bignum/index';

/** result = a + b mod n, below 2 n. */
export function add(result: usize, a: usize, b: usize, modulus: Modulus): void {
  ring.add(result, a, b, modulus);
}

/** Bytes of a sum of `count` points, and the address of the sum itself. See sum.ts. */
export function sumBytes(limbs: u32, count: u32): u32 {
  return sums.sumBytes(limbs, count);
}
export function sumOf(sum: Sum): usize {
  return sums.sumOf(sum);
}

/** Begins a sum of points of a curve, each times a secret factor. */
export function beginSum(
  sum: Sum,
  modulus: Modulus,
  b: usize,
  points: usize,
  count: u32,
  factors: usize,
  factorBytes: u32,
  product: usize,
): void {
  sums.begin(sum, modulus, b, points, count, factors, factorBytes, product);
}

/** Does at most `most` operations on points. Returns how many are left. */
export function runSum(sum: Sum, most: u32): u32 {
  return sums.run(sum, most);
}

/** Bytes of a key of HMAC (RFC 2104). */
export function hmacBytes(): u32 {
  return <u32>HMAC_CONTEXT_BYTES;
}

/**
 * Takes a key of HMAC.
 * @param algorithm MAC_HMAC_*
 * @param context hmacBytes(), aligned to 16
 */
export function hmacSetKey(algorithm: i32, context: usize, key: usize, length: u32): void {
  setKey(algorithm, context, key, length);
}

/** Writes the first `bytes` bytes of the HMAC of `length` bytes. */
export function hmacDigest(algorithm: i32, context: usize, from: usize, length: u32, to: usize, bytes: u32): void {
  digestOf(algorithm, context, from, length, to, bytes);
}
