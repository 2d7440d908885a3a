import { BIGNUM_EXPORTS, type BignumBuild, type BignumExports, roundsOnce } from './bignum.ts';
import { curveBytes } from './curve_bytes.ts';

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

const compiled = new Map<BignumBuild, WebAssembly.Module>();
let best: BignumBuild | undefined;

/** The faster build that this host computes rightly. */
function bestBuild(): BignumBuild {
  best ??= WebAssembly.validate(curveBytes('fused')) && isRight() ? 'fused' : 'plain';
  return best;
}

const isRight = (): boolean => roundsOnce(instantiateCurves(new WebAssembly.Memory({ initial: 1 }), 'fused'));

/**
 * Instantiates the kernel over a memory of its own.
 * @param build default: the faster one that this host computes rightly
 * @throws TypeError if the binary is not this library's
 */
export function instantiateCurves(memory: WebAssembly.Memory, build?: BignumBuild): CurveExports {
  const wanted = build ?? bestBuild();
  const module = compiled.get(wanted) ?? new WebAssembly.Module(curveBytes(wanted));
  compiled.set(wanted, module);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isCurves(exports))
    throw new TypeError('The binary for curves does not match this library; rebuild both together.');
  return exports;
}

function isCurves(exports: WebAssembly.Exports): exports is WebAssembly.Exports & CurveExports {
  return EXPORTS.every((name) => typeof exports[name] === 'function');
}
