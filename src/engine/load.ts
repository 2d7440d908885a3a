import { ENGINE_DEFLATED, RELAXED_DELTA_DEFLATED } from './binary.ts';
import { applyDelta } from './delta.ts';
import type { EngineExports } from './exports.ts';
import { inflateBase64 } from './inflate.ts';
import { type EngineImports, instantiateModule } from './instantiate.ts';
import { isShared } from './memory.ts';
import { sharedBuild } from './shared_build.ts';

/** The two builds of the engine. They compute the same results; relaxed SIMD needs fewer instructions for table lookups. */
export type EngineBuild = 'relaxed-simd' | 'simd';

/** A module of one function, (v128, v128) -> v128, which is i8x16.relaxed_swizzle. */
const PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x07, 0x01, 0x60, 0x02, 0x7b, 0x7b, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0b, 0x01, 0x09, 0x00, 0x20, 0x00, 0x20, 0x01, 0xfd, 0x80, 0x02, 0x0b],
);

const compiled = {
  own: new Map<EngineBuild, WebAssembly.Module>(),
  shared: new Map<EngineBuild, WebAssembly.Module>(),
};

/** The best build that this host's WebAssembly supports. instantiateEngine() uses it. */
export function engineBuild(): EngineBuild {
  return WebAssembly.validate(PROBE) ? 'relaxed-simd' : 'simd';
}

/** The binary of a build. It is inflated again at each call. */
export function engineBytes(build: EngineBuild = engineBuild()): Uint8Array<ArrayBuffer> {
  const simd = inflateBase64(ENGINE_DEFLATED);
  return build === 'simd' ? simd : applyDelta(simd, inflateBase64(RELAXED_DELTA_DEFLATED));
}

/**
 * The module of a build. It is compiled once in each realm, and synchronously, because emulators attach devices in a synchronous event.
 * @param shared whether the module is for a memory that threads share
 */
export function engineModule(build: EngineBuild = engineBuild(), shared = false): WebAssembly.Module {
  const known = shared ? compiled.shared : compiled.own;
  const module =
    known.get(build) ?? new WebAssembly.Module(shared ? sharedBuild(engineBytes(build)) : engineBytes(build));
  known.set(build, module);
  return module;
}

/**
 * Instantiates the engine over a memory.
 * @param memory the memory that holds the guest's RAM and the engine's region
 * @param module the module of a build. Default: the best build for this host and this memory
 */
export function instantiateEngine(
  memory: WebAssembly.Memory,
  imports: EngineImports = {},
  module: WebAssembly.Module = engineModule(engineBuild(), isShared(memory)),
): EngineExports {
  return instantiateModule(module, memory, imports);
}
