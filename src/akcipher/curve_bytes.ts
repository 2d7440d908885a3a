import { applyDelta } from '../engine/delta.ts';
import { inflateBase64 } from '../engine/inflate.ts';
import type { BignumBuild } from './bignum.ts';
import { CURVE_DEFLATED, CURVE_FUSED_DELTA_DEFLATED } from './curve_binary.ts';

/** The binary of the kernel for curves, which has the kernel for big numbers in it. It is inflated again at each call. */
export function curveBytes(build: BignumBuild): Uint8Array<ArrayBuffer> {
  const plain = inflateBase64(CURVE_DEFLATED);
  return build === 'plain' ? plain : applyDelta(plain, inflateBase64(CURVE_FUSED_DELTA_DEFLATED));
}
