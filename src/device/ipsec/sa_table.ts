import * as spec from '../../../spec/ipsec.ts';
import type { EngineExports } from '../../engine/exports.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';

/** A direction of security associations: SA_OUTBOUND or SA_INBOUND of spec/ipsec.ts. */
export type SaDirection = typeof spec.SA_OUTBOUND | typeof spec.SA_INBOUND;

/** A security association with its position, as a saved state has it. */
export interface SavedSa {
  direction: number;
  id: number;
  /** The driver's object with its keys, and the engine's state with sequence number and window, both in hexadecimal. */
  object: string;
  state: string;
}

/**
 * The security associations of a device (virtio 1.4, 5.9.7.9): resource objects of two types, each with ids of its own from 0 on. Their
 * keys are in the engine's memory only. All methods that change something answer with the status of an administration command: SA_DONE,
 * SA_UNKNOWN (ENXIO: no such association), SA_EXISTS (EEXIST), or SA_INVALID (EINVAL: an id beyond the limit, or an object that the device
 * does not support). Then nothing has changed.
 */
export class SaTable {
  /** The number of associations that each direction may have: inb_sa_limit and outb_sa_limit. */
  readonly limit: number;
  readonly #engine: EngineExports;
  readonly #memory: WasmMemory;
  readonly #base: number;
  readonly #table: number;

  /**
   * @param base offset of the device's region
   * @param table offset of memory that was claimed for this: all zero, with saTableBytes(limit, limit) bytes
   */
  constructor(engine: EngineExports, memory: WasmMemory, base: number, table: number, limit: number) {
    this.#engine = engine;
    this.#memory = memory;
    this.#base = base;
    this.#table = table;
    this.limit = limit;
    engine.useSas(base, table, limit, limit);
  }

  /** Makes an association of an object, struct virtio_crypto_resource_obj_ipsec_sa_256b_key, of SA_OBJECT_BYTES bytes. */
  create(direction: SaDirection, id: number, object: Uint8Array): number {
    return this.#given(object, () => this.#engine.createSa(this.#base, direction, id));
  }

  /**
   * Replaces the object of an association. Its sequence numbers, window and counts go on if SPI, salt, algorithms and keys stay the same.
   * Otherwise they start anew.
   */
  modify(direction: SaDirection, id: number, object: Uint8Array): number {
    return this.#given(object, () => this.#engine.modifySa(this.#base, direction, id));
  }

  /** The object that the last create() or modify() gave. undefined: there is no such association. */
  query(direction: SaDirection, id: number): Uint8Array | undefined {
    const at = this.#at(direction, id);
    return at ? this.#bytes(at + spec.SA_OBJECT, spec.SA_OBJECT_BYTES).slice() : undefined;
  }

  /** Ends an association, and wipes its keys. */
  destroy(direction: SaDirection, id: number): number {
    return this.#engine.destroySa(this.#base, direction, id);
  }

  /** What an association has become: sequence number, counts and window, SA_STATE_BYTES. It exists. */
  stateOf(direction: SaDirection, id: number): Uint8Array {
    return this.#bytes(this.#at(direction, id), spec.SA_STATE_BYTES).slice();
  }

  /** Takes over what stateOf() returned, for an association that was just made. Returns false if it has another length. */
  setState(direction: SaDirection, id: number, state: Uint8Array): boolean {
    const at = this.#at(direction, id);
    if (!at || state.length !== spec.SA_STATE_BYTES) return false;
    this.#bytes(at, spec.SA_STATE_BYTES).set(state);
    return true;
  }

  /** Ends all associations, and wipes their keys. A reset of the device does the same. */
  reset(): void {
    this.#engine.clearAssociations(this.#base);
  }

  /** All associations with their keys, sequence numbers and windows. */
  save(): SavedSa[] {
    const saved: SavedSa[] = [];
    for (const direction of [spec.SA_OUTBOUND, spec.SA_INBOUND] as const) {
      for (let id = 0; id < this.limit; id++) {
        const at = this.#at(direction, id);
        if (!at) continue;
        const object = hexOf(this.#bytes(at + spec.SA_OBJECT, spec.SA_OBJECT_BYTES));
        saved.push({ direction, id, object, state: hexOf(this.#bytes(at, spec.SA_STATE_BYTES)) });
      }
    }
    return saved;
  }

  /** Makes a saved association again. Returns false if it is not possible here. */
  restore({ direction, id, object, state }: SavedSa): boolean {
    if (direction !== spec.SA_OUTBOUND && direction !== spec.SA_INBOUND) return false;
    if (this.create(direction, id, bytesOf(object)) !== spec.SA_DONE) return false;
    this.#bytes(this.#at(direction, id), spec.SA_STATE_BYTES).set(bytesOf(state));
    return true;
  }

  /** Writes an object and random bytes into the engine's input, which the engine wipes. */
  #given(object: Uint8Array, work: () => number): number {
    if (object.length !== spec.SA_OBJECT_BYTES) return spec.SA_INVALID;
    this.#bytes(this.#table, spec.SA_OBJECT_BYTES).set(object);
    // Random numbers are not written to shared memory by every host.
    const seed = crypto.getRandomValues(new Uint8Array(spec.SA_SEED_BYTES));
    this.#bytes(this.#table + spec.SA_INPUT_SEED, spec.SA_SEED_BYTES).set(seed);
    return work();
  }

  #at(direction: SaDirection, id: number): number {
    return this.#engine.saAt(this.#base, direction, id) >>> 0;
  }

  /** A view of the engine's memory, which may have grown since the last one. */
  #bytes(at: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, bytes);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
