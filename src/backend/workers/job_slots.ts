import * as spec from '../../../spec/engine.ts';
import { type SharedLayout, slotAt } from './layout.ts';
import { type SessionCopy, SharedSessions } from './shared_sessions.ts';

/** What a job came to. */
export interface JobResult {
  status: number;
  bytes: number;
}

/** Carries jobs between the engine's records, in the memory of the guest, and the slots of the shared memory. */
export class JobSlots {
  readonly #layout: SharedLayout;
  readonly #shared: Uint8Array;
  readonly #words: BigUint64Array;
  readonly #jobs: DataView;
  readonly #guest: WebAssembly.Memory;
  readonly #table: number;
  readonly #sessions: SharedSessions;
  /** The session of each slot's job. */
  readonly #inUse: (SessionCopy | undefined)[];
  #memory: Uint8Array = new Uint8Array();
  #records: DataView = new DataView(new ArrayBuffer(0));

  /** @param table where the engine's records stand in the guest's memory */
  constructor(layout: SharedLayout, shared: WebAssembly.Memory, guest: WebAssembly.Memory, table: number) {
    this.#layout = layout;
    this.#shared = new Uint8Array(shared.buffer);
    this.#words = new BigUint64Array(shared.buffer);
    this.#jobs = new DataView(shared.buffer);
    this.#guest = guest;
    this.#table = table;
    this.#sessions = new SharedSessions(layout, shared);
    this.#inUse = Array.from({ length: layout.slots }, () => undefined);
  }

  /** Copies a record's request into the slot of the same number. */
  fill(index: number): void {
    this.#refresh();
    const record = this.#recordAt(index);
    const job = slotAt(this.#layout, index);
    const readable = this.#field(record, spec.DEFERRED_READABLE_BYTES);
    this.#jobs.setUint32(job + spec.JOB_OPCODE, this.#field(record, spec.DEFERRED_OPCODE), true);
    this.#jobs.setUint32(job + spec.JOB_READABLE_BYTES, readable, true);
    this.#jobs.setUint32(job + spec.JOB_WRITABLE_BYTES, this.#field(record, spec.DEFERRED_WRITABLE_BYTES), true);
    this.#copyIn(record + spec.DEFERRED_OPERATION, spec.JOB_OPERATION_BYTES, job + spec.JOB_OPERATION);
    this.#jobs.setUint32(job + spec.JOB_ALIKE, this.#field(record, spec.DEFERRED_ALIKE), true);
    const copy = this.#sessions.use(this.#memory, this.#records, this.#field(record, spec.DEFERRED_SESSION));
    this.#inUse[index] = copy;
    this.#jobs.setUint32(job + spec.JOB_SESSION, this.#sessions.at(copy), true);
    let to = job + spec.JOB_CONTENT;
    let left = readable;
    for (let buffer = record + spec.DEFERRED_BUFFERS; left > 0; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const bytes = Math.min(left, this.#field(buffer, spec.DEFERRED_BUFFER_LENGTH));
      this.#copyIn(this.#field(buffer, spec.DEFERRED_BUFFER_POINTER), bytes, to);
      to += bytes;
      left -= bytes;
    }
  }

  /** Copies a slot's job, as it was posted, into another. */
  duplicate(slot: number, to: number): void {
    const start = slotAt(this.#layout, slot);
    this.#shared.copyWithin(slotAt(this.#layout, to), start, start + this.#resultOffset(start));
  }

  /** Puts the result that stands in a slot into the buffers of a record. */
  deliver(slot: number, index: number): JobResult {
    this.#refresh();
    const job = slotAt(this.#layout, slot);
    const status = this.#jobs.getUint32(job + spec.JOB_STATUS, true);
    const bytes = this.#jobs.getUint32(job + spec.JOB_RESULT_BYTES, true);
    const record = this.#recordAt(index);
    const readables = this.#field(record, spec.DEFERRED_READABLE_COUNT);
    let buffer = record + spec.DEFERRED_BUFFERS + readables * spec.DEFERRED_BUFFER_BYTES;
    let from = job + this.#resultOffset(job);
    for (let left = bytes; left > 0; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const step = Math.min(left, this.#field(buffer, spec.DEFERRED_BUFFER_LENGTH));
      this.#memory.set(this.#shared.subarray(from, from + step), this.#field(buffer, spec.DEFERRED_BUFFER_POINTER));
      from += step;
      left -= step;
    }
    return { status, bytes };
  }

  /** The job in a slot needs its session no more. */
  leave(slot: number): void {
    const copy = this.#inUse[slot];
    this.#inUse[slot] = undefined;
    if (copy) this.#sessions.leave(copy);
  }

  /** A session, which still stands in the guest's memory, is closed. */
  closeSession(session: number): void {
    this.#refresh();
    this.#sessions.close(this.#records.getBigUint64(session + spec.SESSION_ID, true));
  }

  closeSessions(): void {
    this.#sessions.closeAll();
  }

  /** Wipes all that the slots and the regions of the workers held. */
  wipeAll(): void {
    this.#words.fill(0n, this.#layout.regionsAt / 8);
  }

  /** The queue that a record's chain came from. */
  queueOf(index: number): number {
    this.#refresh();
    return this.#field(this.#recordAt(index), spec.DEFERRED_QUEUE);
  }

  #resultOffset(job: number): number {
    const readable = this.#jobs.getUint32(job + spec.JOB_READABLE_BYTES, true);
    return spec.JOB_CONTENT + Math.ceil(readable / 64) * 64;
  }

  #recordAt(index: number): number {
    return this.#table + index * spec.DEFERRED_BYTES;
  }

  #field(at: number, offset: number): number {
    return this.#records.getUint32(at + offset, true);
  }

  #copyIn(from: number, bytes: number, to: number): void {
    this.#shared.set(this.#memory.subarray(from, from + bytes), to);
  }

  /** The guest's memory has another buffer whenever it has grown. */
  #refresh(): void {
    const { buffer } = this.#guest;
    if (this.#memory.buffer === buffer) return;
    this.#memory = new Uint8Array(buffer);
    this.#records = new DataView(buffer);
  }
}
