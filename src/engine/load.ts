import { ENGINE_BASE64, RELAXED_DELTA_BASE64 } from './binary.ts';
import { applyDelta } from './delta.ts';
import type { EngineExports } from './exports.ts';
import { type EngineImports, instantiateModule } from './instantiate.ts';
import { isShared } from './memory.ts';
import { sharedBuild } from './shared_build.ts';

/** The two builds of the engine. They compute the same; the one with relaxed SIMD looks tables up in fewer instructions. */
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

/** The build that instantiateEngine takes here, which is the better of those that this WebAssembly understands. */
export function engineBuild(): EngineBuild {
  return WebAssembly.validate(PROBE) ? 'relaxed-simd' : 'simd';
}

/** The binary of a build, decoded anew at each call. */
export function engineBytes(build: EngineBuild = engineBuild()): Uint8Array<ArrayBuffer> {
  const simd = decodeBase64(ENGINE_BASE64);
  return build === 'simd' ? simd : applyDelta(simd, decodeBase64(RELAXED_DELTA_BASE64));
}

/** The bytes that a literal of a generated module stands for. */
export function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * A build, compiled once a realm: synchronously, since emulators plug devices in inside a synchronous event.
 * @param shared whether it is for a memory that threads share
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
 * @param module a build: the best that runs here, unless a caller wants a certain one
 */
export function instantiateEngine(
  memory: WebAssembly.Memory,
  imports: EngineImports = {},
  module: WebAssembly.Module = engineModule(engineBuild(), isShared(memory)),
): EngineExports {
  return instantiateModule(module, memory, imports);
}
