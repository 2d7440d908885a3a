import type { EngineExports } from '../exports.ts';
import { type EngineImports, instantiateModule } from '../instantiate.ts';
import type { WasmFunctions, WasmMemory } from '../webassembly.ts';
import { foreignModule } from './build.ts';
import type { ForeignAccess } from './guest.ts';
import { GuestMemoryError, type GuestMemoryPort } from './port.ts';

const STORED_BYTES_MAX = 4;

/**
 * Copies bytes between a port and the engine's memory. After the port has failed, it is not called again until the device is reset, because
 * each call to a guest that is gone would fail.
 */
export class PortAccess implements ForeignAccess {
  readonly memory: WasmMemory;
  readonly #port: GuestMemoryPort;
  readonly #stored = new DataView(new ArrayBuffer(STORED_BYTES_MAX));
  readonly #storedBytes = new Uint8Array(this.#stored.buffer);
  #engine: Uint8Array = new Uint8Array();
  #failure: GuestMemoryError | undefined;

  /** @param memory the engine's memory */
  constructor(port: GuestMemoryPort, memory: WasmMemory = new WebAssembly.Memory({ initial: 1 })) {
    this.#port = port;
    this.memory = memory;
  }

  instantiate(imports: EngineImports): EngineExports {
    return instantiateModule(foreignModule(), this.memory, imports, this.#imports());
  }

  read(address: number, to: Uint8Array, at: number, bytes: number): void {
    if (this.#failure) throw this.#failure;
    try {
      this.#port.read(address, to, at, bytes);
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  write(address: number, from: Uint8Array, at: number, bytes: number): void {
    if (this.#failure) return;
    try {
      this.#port.write(address, from, at, bytes);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  recover(): void {
    this.#failure = undefined;
  }

  /** The imports of assembly/memory/foreign.ts. Pointers and lengths arrive as signed 32-bit numbers, addresses as 64-bit floats. */
  #imports(): WasmFunctions {
    return {
      load16: (address: number) => this.#load16(address),
      store: (address: number, bytes: number, value: number) => this.#store(address, bytes, value),
      read: (to: number, address: number, bytes: number) => this.read(address, this.#bytes(), to >>> 0, bytes >>> 0),
      write: (address: number, from: number, bytes: number) => {
        this.write(address, this.#bytes(), from >>> 0, bytes >>> 0);
        if (this.#failure) throw this.#failure;
      },
    };
  }

  #load16(address: number): number {
    if (this.#failure) throw this.#failure;
    try {
      return this.#port.load16(address);
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  #store(address: number, bytes: number, value: number): void {
    if (this.#failure) throw this.#failure;
    try {
      if (bytes === 2) {
        this.#port.store16(address, value & 0xffff);
        return;
      }
      this.#stored.setUint32(0, value, true);
      this.#port.write(address, this.#storedBytes, 0, bytes);
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  #fail(cause: unknown): GuestMemoryError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new GuestMemoryError(`Guest memory could not be reached: ${reason}`, { cause });
    return this.#failure;
  }

  /** A view of the engine's memory. It is made again if the memory has grown, because growing replaces its ArrayBuffer. */
  #bytes(): Uint8Array {
    const { buffer } = this.memory;
    if (this.#engine.buffer !== buffer) this.#engine = new Uint8Array(buffer);
    return this.#engine;
  }
}
