// Blinding of private RSA operations: the kernel works on a value times r^e, and its result is divided by r.
import { bytesOf, numberOf } from './curves.ts';
import type { Steps } from './steps.ts';

/** A pair of blinding factors modulo n, in Montgomery's form, as bytes. */
export interface BlindingPair {
  /** r^e. */
  forth: Uint8Array;
  /** 1 / r. */
  back: Uint8Array;
  /** How many results the pair and its squares still blind. 0: a new one is due. */
  left: number;
  /** The build of the kernel whose form it is; before the first pair there is none. */
  build?: string;
}

/** How many results one pair blinds: each takes the squares of the factors before. */
export const RESULTS_OF_PAIR = 32;

/** Steps of Euclid's algorithm between two pauses. */
const STEPS_AT_ONCE = 16;

/** No factors yet. */
export function noPair(): BlindingPair {
  return { forth: new Uint8Array(), back: new Uint8Array(), left: 0 };
}

/** Overwrites the factors. */
export function wipePair(pair: BlindingPair): void {
  pair.forth.fill(0);
  pair.back.fill(0);
  pair.left = 0;
}

/**
 * 1 / value mod n, by the extended Euclidean algorithm. Its time depends on the value, so the value must be random.
 * @returns undefined if there is none
 */
export function* inverseModulo(value: Uint8Array, n: Uint8Array): Steps<Uint8Array | undefined> {
  const modulus = numberOf(n);
  let [a, b] = [modulus, numberOf(value)];
  let [x, y] = [0n, 1n];
  for (let step = 1; b !== 0n; step++) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
    if (step % STEPS_AT_ONCE === 0) yield;
  }
  return a === 1n ? bytesOf(x < 0n ? x + modulus : x, n.length) : undefined;
}
