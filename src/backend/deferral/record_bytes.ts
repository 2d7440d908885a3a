import * as spec from '../../../spec/engine.ts';
import { copyBytes } from '../../engine/copy_bytes.ts';
import type { ForeignAccess } from '../../engine/foreign/guest.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';

/** A deferred request, with a copy of its content. */
export interface RecordedRequest {
  /** Number of the queue that it came from. */
  queue: number;
  opcode: number;
  /** Offset of its session in the engine's memory. */
  session: number;
  /** The source. */
  source: Uint8Array;
  /** What follows the source: associated data, or the signed data of a verification. */
  second: Uint8Array;
  /** Room for the result in bytes. */
  room: number;
}

/** Reads and writes the buffers of the engine's records of deferred requests. */
export class RecordBytes {
  readonly #memory: WasmMemory;
  readonly #foreign: ForeignAccess | undefined;
  readonly #table: number;

  /**
   * @param memory the memory that the engine works in
   * @param table offset of the records in that memory
   * @param foreign access to the buffers if they are elsewhere
   */
  constructor(memory: WasmMemory, table: number, foreign: ForeignAccess | undefined) {
    this.#memory = memory;
    this.#table = table;
    this.#foreign = foreign;
  }

  /** Copies a request. @throws GuestMemoryError if foreign guest memory cannot be reached */
  read(record: number): RecordedRequest {
    const at = this.#at(record);
    const view = new DataView(this.#memory.buffer);
    const field = (offset: number) => view.getUint32(at + offset, true);
    const sourceBytes = field(spec.DEFERRED_OPERATION + spec.OPERATION_SOURCE);
    const content = new Uint8Array(sourceBytes + field(spec.DEFERRED_OPERATION + spec.OPERATION_AAD));
    this.#each(at + spec.DEFERRED_BUFFERS, content.length, (place, from, bytes) => {
      if (this.#foreign) this.#foreign.read(place.address, content, from, bytes);
      else copyBytes(new Uint8Array(this.#memory.buffer), place.pointer, bytes, content, from);
    });
    return {
      queue: field(spec.DEFERRED_QUEUE),
      opcode: field(spec.DEFERRED_OPCODE),
      session: field(spec.DEFERRED_SESSION),
      source: content.subarray(0, sourceBytes),
      second: content.subarray(sourceBytes),
      room: field(spec.DEFERRED_WRITABLE_BYTES),
    };
  }

  /** Writes a request's result into its buffers. It is not longer than their room. */
  answer(record: number, result: Uint8Array): void {
    const at = this.#at(record);
    const readable = new DataView(this.#memory.buffer).getUint32(at + spec.DEFERRED_READABLE_COUNT, true);
    const buffers = at + spec.DEFERRED_BUFFERS + readable * spec.DEFERRED_BUFFER_BYTES;
    this.#each(buffers, result.length, (place, from, bytes) => {
      if (this.#foreign) this.#foreign.write(place.address, result, from, bytes);
      else copyBytes(result, from, bytes, new Uint8Array(this.#memory.buffer), place.pointer);
    });
  }

  /** Calls `copy` for each piece of the first `bytes` bytes of a list of buffers. */
  #each(
    buffers: number,
    bytes: number,
    copy: (place: { address: number; pointer: number }, from: number, bytes: number) => void,
  ): void {
    const view = new DataView(this.#memory.buffer);
    let from = 0;
    for (let buffer = buffers; from < bytes; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const step = Math.min(bytes - from, view.getUint32(buffer + spec.DEFERRED_BUFFER_LENGTH, true));
      // Addresses of foreign memory fit in 53 bits.
      const address = Number(view.getBigUint64(buffer + spec.DEFERRED_BUFFER_ADDRESS, true));
      copy({ address, pointer: view.getUint32(buffer + spec.DEFERRED_BUFFER_POINTER, true) }, from, step);
      from += step;
    }
  }

  #at(record: number): number {
    return this.#table + record * spec.DEFERRED_BYTES;
  }
}
