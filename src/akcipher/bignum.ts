import { decodeBase64 } from '../engine/load.ts';
import { BIGNUM_BASE64 } from './binary.ts';

/**
 * The exports of the kernel for big numbers. assembly/bignum/index.ts documents them. Addresses are offsets in its memory. They stay
 * below 2 GiB, so they need no conversion.
 */
export interface BignumExports {
  limbsOf(bits: number): number;
  numberBytes(limbs: number): number;
  modulusBytes(limbs: number): number;
  productBytes(limbs: number): number;
  powerBytes(limbs: number): number;
  fromBytes(number: number, limbs: number, bytes: number, length: number): void;
  toBytes(bytes: number, length: number, number: number, limbs: number): void;
  notBelow(a: number, b: number, limbs: number): number;
  equal(a: number, b: number, limbs: number): number;
  setModulus(modulus: number, limbs: number, bytes: number, length: number, bits: number, product: number): void;
  squareOfR(modulus: number): number;
  nOf(modulus: number): number;
  multiply(result: number, a: number, b: number, modulus: number, product: number): void;
  square(result: number, a: number, modulus: number, product: number): void;
  reduce(result: number, wide: number, wideLimbs: number, zero: number, modulus: number, product: number): void;
  subtract(result: number, a: number, b: number, modulus: number): void;
  canonical(number: number, modulus: number): void;
  multiplyAdd(wide: number, a: number, b: number, c: number, limbs: number): void;
  beginPower(
    state: number,
    modulus: number,
    base: number,
    exponent: number,
    exponentBytes: number,
    product: number,
  ): void;
  runPower(state: number, count: number): number;
  powerResult(state: number, to: number): void;
  wipe(at: number, bytes: number): void;
}

/** The names of the exports. */
export const BIGNUM_EXPORTS: readonly (keyof BignumExports)[] = [
  'limbsOf',
  'numberBytes',
  'modulusBytes',
  'productBytes',
  'powerBytes',
  'fromBytes',
  'toBytes',
  'notBelow',
  'equal',
  'setModulus',
  'squareOfR',
  'nOf',
  'multiply',
  'square',
  'reduce',
  'subtract',
  'canonical',
  'multiplyAdd',
  'beginPower',
  'runPower',
  'powerResult',
  'wipe',
];

let compiled: WebAssembly.Module | undefined;

/**
 * Instantiates the kernel over a memory of its own.
 * @throws TypeError if the binary is not this library's
 */
export function instantiateBignum(memory: WebAssembly.Memory): BignumExports {
  compiled ??= new WebAssembly.Module(decodeBase64(BIGNUM_BASE64));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  if (!isBignum(exports)) throw new TypeError('The bignum binary does not match this library; rebuild both together.');
  return exports;
}

function isBignum(exports: WebAssembly.Exports): exports is WebAssembly.Exports & BignumExports {
  return BIGNUM_EXPORTS.every((name) => typeof exports[name] === 'function');
}
