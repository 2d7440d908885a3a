import { applyDelta } from '../engine/delta.ts';
import { decodeBase64 } from '../engine/load.ts';
import type { BignumBuild } from './bignum.ts';
import { CURVE_BASE64, CURVE_FUSED_DELTA_BASE64 } from './curve_binary.ts';

/** The binary of the kernel for curves, which has the kernel for big numbers in it. It is decoded again at each call. */
export function curveBytes(build: BignumBuild): Uint8Array<ArrayBuffer> {
  const plain = decodeBase64(CURVE_BASE64);
  return build === 'plain' ? plain : applyDelta(plain, decodeBase64(CURVE_FUSED_DELTA_BASE64));
}
