import { backendImports, type EngineBackend, NO_BACKEND } from './backend.ts';
import { ENGINE_EXPORTS, type EngineExports } from './exports.ts';
import type { WasmFunctions, WasmMemory, WasmModule } from './webassembly.ts';

/**
 * Called after a write to guest RAM with the guest-physical range that was written, in bytes: from `start` up to, but not including, `end`.
 * For guest RAM in a WebAssembly memory both are signed 32-bit numbers: from 2 GiB on use `start >>> 0`. For foreign memory they are exact.
 */
export type WriteReport = (start: number, end: number) => void;
/** Called with the queue, the check (REFUSED_* of spec/refusals.ts), the status and the opcode of a refused request. */
export type RefusalReport = (queue: number, check: number, status: number, opcode: number) => void;

/**
 * Runs an administration command (virtio 1.4, 2.12) of `bytes` bytes at `command` in the engine's memory. It writes at most `room` bytes of
 * the answer to `answer`, and returns how many it wrote.
 */
export type AdminCommands = (command: number, bytes: number, answer: number, room: number) => number;

/** The host's functions that the engine calls. */
export interface EngineImports {
  /** Called after each write to guest RAM, if reportWrites(device, 1) was called. */
  written?: WriteReport | undefined;
  /** Called for each refused request, if reportRefusals(device, 1) was called. */
  refused?: RefusalReport | undefined;
  /** Runs the commands of the administration queue. Default: they are used without an answer. */
  administer?: AdminCommands;
  /** Runs requests outside the engine. Default: the engine runs all requests. */
  backend?: EngineBackend;
}

/**
 * Instantiates a build of the engine over a memory.
 * @param memory the engine's memory; it is shared if the build is one for shared memory
 * @param guest the additional imports of a build for foreign memory
 * @throws TypeError if the module is not this library's engine
 */
export function instantiateModule(
  module: WasmModule,
  memory: WasmMemory,
  { written = () => {}, refused = () => {}, administer = () => 0, backend = NO_BACKEND }: EngineImports = {},
  guest: WasmFunctions = {},
): EngineExports {
  const instance = new WebAssembly.Instance(module, {
    env: { memory },
    guest: { ...guest, written },
    refusals: { refused },
    admin: {
      run: (command: number, bytes: number, answer: number, room: number) =>
        administer(command >>> 0, bytes >>> 0, answer >>> 0, room >>> 0),
    },
    backend: backendImports(backend),
  });
  const { exports } = instance;
  if (!isEngine(exports)) throw new TypeError('The engine binary does not match this library; rebuild both together.');
  return exports;
}

function isEngine(exports: WebAssembly.Exports): exports is WebAssembly.Exports & EngineExports {
  return ENGINE_EXPORTS.every((name) => typeof exports[name] === 'function');
}
