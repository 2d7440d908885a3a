import { applyDelta } from '../delta.ts';
import { inflateBase64 } from '../inflate.ts';
import { type EngineBuild, engineBuild, engineBytes } from '../load.ts';
import { FOREIGN_DELTA_DEFLATED, FOREIGN_RELAXED_DELTA_DEFLATED } from './binary.ts';

const compiled = new Map<EngineBuild, WebAssembly.Module>();

/** The binary of a build for foreign memory. It is decoded again at each call. */
export function foreignBytes(build: EngineBuild = engineBuild()): Uint8Array<ArrayBuffer> {
  const simd = applyDelta(engineBytes('simd'), inflateBase64(FOREIGN_DELTA_DEFLATED));
  return build === 'simd' ? simd : applyDelta(simd, inflateBase64(FOREIGN_RELAXED_DELTA_DEFLATED));
}

/** The module of a build for foreign memory. It is compiled once in each realm. */
export function foreignModule(build: EngineBuild = engineBuild()): WebAssembly.Module {
  const module = compiled.get(build) ?? new WebAssembly.Module(foreignBytes(build));
  compiled.set(build, module);
  return module;
}
