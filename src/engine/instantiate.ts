import { ENGINE_EXPORTS, type EngineExports } from './exports.ts';
import { DECLINING_HOST, type HostCryptography, hostImports } from './host.ts';
import { type Deferral, deferralImports, NO_DEFERRAL } from './jobs.ts';
import type { WasmMemory, WasmModule } from './webassembly.ts';

export type WriteReport = (start: number, end: number) => void;
/** Called with the queue, the check (REFUSED_* of spec/refusals.ts), the status and the opcode of a request that is refused. */
export type RefusalReport = (queue: number, check: number, status: number, opcode: number) => void;

/** What the engine calls. */
export interface EngineImports {
  /** Called with guest-physical [start, end) after each write to guest RAM, once reportWrites(device, true) ran. */
  written?: WriteReport | undefined;
  /** Called for each request that is refused, once reportRefusals(device, true) ran. */
  refused?: RefusalReport | undefined;
  /** Cryptography that large requests are offered to. Default: none. */
  host?: HostCryptography;
  /** Who does the work of requests that are deferred. Default: nobody, and none are. */
  deferral?: Deferral;
}

/**
 * Instantiates a build of the engine over a memory.
 * @param memory the memory that it works in; a shared one for the build that was made for it
 */
export function instantiateModule(
  module: WasmModule,
  memory: WasmMemory,
  { written = () => {}, refused = () => {}, host = DECLINING_HOST, deferral = NO_DEFERRAL }: EngineImports = {},
): EngineExports {
  const instance = new WebAssembly.Instance(module, {
    env: { memory },
    guest: { written },
    refusals: { refused },
    host: hostImports(host),
    jobs: deferralImports(deferral),
  });
  const { exports } = instance;
  if (!isEngine(exports)) throw new TypeError('The engine binary does not match this library; rebuild both together.');
  return exports;
}

function isEngine(exports: WebAssembly.Exports): exports is WebAssembly.Exports & EngineExports {
  return ENGINE_EXPORTS.every((name) => typeof exports[name] === 'function');
}
