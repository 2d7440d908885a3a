import { decodeBase64 } from '../engine/load.ts';
import { BIGNUM_BASE64, BIGNUM_FUSED_BASE64 } from './binary.ts';

/**
 * The two builds of the kernel for big numbers, which give the same results: `fused` multiplies doubles, and needs relaxed SIMD whose
 * multiply-add rounds once.
 */
export type BignumBuild = 'fused' | 'plain';

/**
 * The exports of the kernel for big numbers. assembly/bignum/index.ts documents them. Addresses are offsets in its memory. They stay
 * below 2 GiB, so they need no conversion.
 */
export interface BignumExports {
  multipliedAndAdded(a: number, b: number, c: number): number;
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
  reduce(result: number, wide: number, wideLimbs: number, modulus: number, product: number): void;
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
  'multipliedAndAdded',
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

const compiled = new Map<BignumBuild, WebAssembly.Module>();
let best: BignumBuild | undefined;

/** The faster of the builds that this host computes rightly. instantiateBignum() uses it. */
export function bignumBuild(): BignumBuild {
  best ??= fuses() ? 'fused' : 'plain';
  return best;
}

/** The binary of a build. It is decoded again at each call. */
export function bignumBytes(build: BignumBuild): Uint8Array<ArrayBuffer> {
  return decodeBase64(build === 'fused' ? BIGNUM_FUSED_BASE64 : BIGNUM_BASE64);
}

/**
 * Instantiates the kernel over a memory of its own.
 * @param build default: bignumBuild()
 * @throws TypeError if the binary is not this library's
 */
export function instantiateBignum(memory: WebAssembly.Memory, build: BignumBuild = bignumBuild()): BignumExports {
  const module = compiled.get(build) ?? new WebAssembly.Module(bignumBytes(build));
  compiled.set(build, module);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isBignum(exports)) throw new TypeError('The bignum binary does not match this library; rebuild both together.');
  return exports;
}

/** Whether this host has relaxed SIMD, and its multiply-add rounds once. The specification allows that it rounds twice. */
function fuses(): boolean {
  if (!WebAssembly.validate(bignumBytes('fused'))) return false;
  const { multipliedAndAdded } = instantiateBignum(new WebAssembly.Memory({ initial: 1 }), 'fused');
  // (1 + x) (1 - x) is 1 - x^2, which is 1 if it is rounded.
  const x = 2 ** -30;
  return multipliedAndAdded(1 + x, 1 - x, -1) === -(x ** 2);
}

function isBignum(exports: WebAssembly.Exports): exports is WebAssembly.Exports & BignumExports {
  return BIGNUM_EXPORTS.every((name) => typeof exports[name] === 'function');
}
