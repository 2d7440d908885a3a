import { decodeBase64 } from '../engine/load.ts';
import { BIGNUM_EXPORTS, type BignumExports } from './bignum.ts';
import { CURVE_BASE64 } from './curve_binary.ts';

/** The exports of the kernel for curves. assembly/curve/index.ts documents them. Addresses are offsets in its memory. */
export interface CurveExports extends BignumExports {
  add(result: number, a: number, b: number, modulus: number): void;
  sumBytes(limbs: number, count: number): number;
  sumOf(sum: number): number;
  beginSum(
    sum: number,
    modulus: number,
    b: number,
    points: number,
    count: number,
    factors: number,
    factorBytes: number,
    product: number,
  ): void;
  runSum(sum: number, most: number): number;
  hmacBytes(): number;
  hmacSetKey(algorithm: number, context: number, key: number, length: number): void;
  hmacDigest(algorithm: number, context: number, from: number, length: number, to: number, bytes: number): void;
}

const EXPORTS: readonly (keyof CurveExports)[] = [
  ...BIGNUM_EXPORTS,
  'add',
  'sumBytes',
  'sumOf',
  'beginSum',
  'runSum',
  'hmacBytes',
  'hmacSetKey',
  'hmacDigest',
];

let compiled: WebAssembly.Module | undefined;

/**
 * Instantiates the kernel over a memory of its own.
 * @throws TypeError if the binary is not this library's
 */
export function instantiateCurves(memory: WebAssembly.Memory): CurveExports {
  compiled ??= new WebAssembly.Module(decodeBase64(CURVE_BASE64));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  if (!isCurves(exports))
    throw new TypeError('The binary for curves does not match this library; rebuild both together.');
  return exports;
}

function isCurves(exports: WebAssembly.Exports): exports is WebAssembly.Exports & CurveExports {
  return EXPORTS.every((name) => typeof exports[name] === 'function');
}
