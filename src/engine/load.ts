import { ENGINE_BASE64 } from './binary.ts';
import { ENGINE_EXPORTS, type EngineExports } from './exports.ts';

let compiled: WebAssembly.Module | undefined;

/** The engine's binary, decoded anew at each call. */
export function engineBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(ENGINE_BASE64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The engine, compiled once a realm: synchronously, since emulators plug devices in inside a synchronous event. */
export function engineModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(engineBytes());
  return compiled;
}

/**
 * Instantiates the engine over a memory.
 * @param memory the memory that holds the guest's RAM and the engine's region
 * @param written called with guest-physical [start, end) after each write to guest RAM, once reportWrites(device, true) ran
 */
export function instantiateEngine(memory: WebAssembly.Memory, written: WriteReport): EngineExports {
  const instance = new WebAssembly.Instance(engineModule(), { env: { memory }, guest: { written } });
  const { exports } = instance;
  if (!isEngine(exports)) throw new TypeError('The engine binary does not match this library; rebuild both together.');
  return exports;
}

export type WriteReport = (start: number, end: number) => void;

function isEngine(exports: WebAssembly.Exports): exports is WebAssembly.Exports & EngineExports {
  return ENGINE_EXPORTS.every((name) => typeof exports[name] === 'function');
}
