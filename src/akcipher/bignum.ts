import { inflateBase64 } from '../engine/inflate.ts';
import { BIGNUM_DEFLATED } from './binary.ts';

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
let loading: Promise<void> | undefined;
let best: BignumBuild = 'plain';

/** The fastest build that is there, and that this host computes rightly. */
export function bignumBuild(): BignumBuild {
  return best;
}

/**
 * Loads the fused build. From then on bignumBuild() names it, if this host computes it rightly.
 * @param missing called with the reason if it cannot be loaded: nothing changes then, and the next call tries again
 */
export async function loadFused(missing: (reason: string) => void = () => {}): Promise<void> {
  loading ??= load();
  try {
    await loading;
  } catch (error) {
    loading = undefined;
    missing(error instanceof Error ? error.message : String(error));
  }
}

/** The fused build is that of the kernel for curves: one binary serves both, because a page should not load the same code twice. */
async function load(): Promise<void> {
  const { curveBytes } = await import('./curve_bytes.ts');
  const binary = curveBytes('fused');
  if (!WebAssembly.validate(binary)) return;
  compiled.set('fused', await WebAssembly.compile(binary));
  if (roundsOnce(instantiateBignum(new WebAssembly.Memory({ initial: 1 }), 'fused'))) best = 'fused';
}

/** Whether the multiply-add of a fused build rounds once on this host. The specification of relaxed SIMD allows that it rounds twice. */
export function roundsOnce({ multipliedAndAdded }: Pick<BignumExports, 'multipliedAndAdded'>): boolean {
  // (1 + x) (1 - x) is 1 - x^2, which is 1 if it is rounded.
  const x = 2 ** -30;
  return multipliedAndAdded(1 + x, 1 - x, -1) === -(x ** 2);
}

/**
 * Instantiates the kernel over a memory of its own.
 * @param build fused: only after loadFused()
 * @throws TypeError if the binary is not this library's, or not loaded
 */
export function instantiateBignum(memory: WebAssembly.Memory, build: BignumBuild): BignumExports {
  if (build === 'plain' && !compiled.has(build)) {
    compiled.set(build, new WebAssembly.Module(inflateBase64(BIGNUM_DEFLATED)));
  }
  const module = compiled.get(build);
  if (!module) throw new TypeError('The fused kernel is not loaded.');
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isBignum(exports)) throw new TypeError('The bignum binary does not match this library; rebuild both together.');
  return exports;
}

function isBignum(exports: WebAssembly.Exports): exports is WebAssembly.Exports & BignumExports {
  return BIGNUM_EXPORTS.every((name) => typeof exports[name] === 'function');
}
