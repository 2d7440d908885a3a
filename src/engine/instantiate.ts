import { backendImports, type EngineBackend, NO_BACKEND } from './backend.ts';
import { ENGINE_EXPORTS, type EngineExports } from './exports.ts';
import type { WasmFunctions, WasmMemory, WasmModule } from './webassembly.ts';

export type WriteReport = (start: number, end: number) => void;
/** Called with the queue, the check (REFUSED_* of spec/refusals.ts), the status and the opcode of a request that is refused. */
export type RefusalReport = (queue: number, check: number, status: number, opcode: number) => void;

/** What the engine calls. */
export interface EngineImports {
  /** Called with guest-physical [start, end) after each write to guest RAM, once reportWrites(device, true) ran. */
  written?: WriteReport | undefined;
  /** Called for each request that is refused, once reportRefusals(device, true) ran. */
  refused?: RefusalReport | undefined;
  /** What runs requests elsewhere than in the engine. Default: nothing does. */
  backend?: EngineBackend;
}

/**
 * Instantiates a build of the engine over a memory.
 * @param memory the memory that it works in; a shared one for the build that was made for it
 * @param guest what a build for foreign memory imports beside the others
 */
export function instantiateModule(
  module: WasmModule,
  memory: WasmMemory,
  { written = () => {}, refused = () => {}, backend = NO_BACKEND }: EngineImports = {},
  guest: WasmFunctions = {},
): EngineExports {
  const instance = new WebAssembly.Instance(module, {
    env: { memory },
    guest: { ...guest, written },
    refusals: { refused },
    backend: backendImports(backend),
  });
  const { exports } = instance;
  if (!isEngine(exports)) throw new TypeError('The engine binary does not match this library; rebuild both together.');
  return exports;
}

function isEngine(exports: WebAssembly.Exports): exports is WebAssembly.Exports & EngineExports {
  return ENGINE_EXPORTS.every((name) => typeof exports[name] === 'function');
}
