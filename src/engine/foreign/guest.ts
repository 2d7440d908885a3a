import type { EngineExports } from '../exports.ts';
import type { EngineImports } from '../instantiate.ts';
import type { WasmMemory } from '../webassembly.ts';
import type { ForeignRegion, GuestMemoryPort } from './port.ts';

/** A foreign guest memory as a device works with it: an engine over it, and copies for those who carry contents elsewhere. */
export interface ForeignAccess {
  /** The memory that the engine works in, which has nothing of the guest's. */
  readonly memory: WasmMemory;
  /** The build of the engine for foreign memory, over this one. */
  instantiate(imports: EngineImports): EngineExports;
  /** Copies guest memory to `to`. @throws GuestMemoryError */
  read(address: number, to: Uint8Array, at: number, bytes: number): void;
  /** Copies to guest memory. Where that is not possible it does nothing, and the engine's next access says so. */
  write(address: number, from: Uint8Array, at: number, bytes: number): void;
  /** What made guest memory unreachable. From then on the port is left alone, until recover(). */
  readonly failure: Error | undefined;
  /** The device was reset: the port is tried again. */
  recover(): void;
}

/** Guest memory that is no WebAssembly memory: what foreignGuest() of virtio-crypto-wasm/foreign answers. */
export interface ForeignGuest {
  /** How its bytes are reached. */
  port: GuestMemoryPort;
  /** Which guest-physical memory the port reaches. At most 8 regions, apart from each other. */
  regions: readonly ForeignRegion[];
  /** The engine's build for such memory, which programs without it do not load. */
  open(port: GuestMemoryPort): ForeignAccess;
}
