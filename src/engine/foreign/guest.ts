import type { EngineExports } from '../exports.ts';
import type { EngineImports } from '../instantiate.ts';
import type { WasmMemory } from '../webassembly.ts';
import type { ForeignRegion, GuestMemoryPort } from './port.ts';

/** A device's access to foreign guest memory: an engine over it, and copies for work that runs outside the engine. */
export interface ForeignAccess {
  /** The memory that the engine runs in. It contains no guest memory but regions with an offset. */
  readonly memory: WasmMemory;
  /** Makes an engine, of the build for foreign memory, over this guest memory. */
  instantiate(imports: EngineImports): EngineExports;
  /**
   * Copies `bytes` bytes of guest memory from the guest-physical `address` to `to`, at index `at`.
   * @throws GuestMemoryError if guest memory cannot be reached
   */
  read(address: number, to: Uint8Array, at: number, bytes: number): void;
  /**
   * Copies `bytes` bytes of `from`, from index `at` on, to the guest-physical `address`. If guest memory cannot be reached it does not
   * throw, but sets `failure`, and the engine's next access throws.
   */
  write(address: number, from: Uint8Array, at: number, bytes: number): void;
  /** Why guest memory cannot be reached; undefined if it can. After a failure the port is not called again until recover(). */
  readonly failure: Error | undefined;
  /** Called when the device is reset: the port is tried again. */
  recover(): void;
}

/** Guest memory that is not a WebAssembly memory: the result of foreignGuest() of virtio-crypto-wasm/foreign. */
export interface ForeignGuest {
  /** Access to its bytes. */
  port: GuestMemoryPort;
  /** The guest-physical memory that the port reaches: at most 16 regions that do not overlap. */
  regions: readonly ForeignRegion[];
  /** Makes a device's access to the port. It brings the engine's build for foreign memory, which other programs do not load. */
  open(port: GuestMemoryPort): ForeignAccess;
}
