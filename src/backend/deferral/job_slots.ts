import { STATUS_BYTES } from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import { copyBytes } from '../../engine/copy_bytes.ts';
import type { ForeignAccess } from '../../engine/foreign/guest.ts';
import { endOf, type SharedLayout, slotAt } from './layout.ts';
import { type SessionCopy, SharedSessions } from './shared_sessions.ts';

/** The result of a job. */
export interface JobResult {
  /** VIRTIO_CRYPTO_* status (5.9.7.1). */
  status: number;
  /** Length of the result in bytes. */
  bytes: number;
}

/**
 * Copies jobs between the engine's records, which lie in the guest's memory, and the slots of the shared memory.
 *
 * If the guest's memory is itself the shared memory, the content stays in the guest's buffers. The result is always copied from the
 * slot by the device's own thread. No other thread writes to the guest's memory, so a host that changes it needs no locks. If the
 * guest's memory is foreign, the content passes through its port: one copy to the slot, and one copy back.
 */
export class JobSlots {
  readonly #layout: SharedLayout;
  readonly #shared: Uint8Array;
  readonly #words: BigUint64Array;
  readonly #jobs: DataView;
  readonly #guest: WebAssembly.Memory;
  readonly #foreign: ForeignAccess | undefined;
  readonly #inPlace: boolean;
  readonly #table: number;
  readonly #sessions: SharedSessions;
  /** The session of each slot's job. */
  readonly #inUse: (SessionCopy | undefined)[];
  /** For each slot: how many of its bytes were ever written. The last slot is the device's own. */
  readonly #touched: number[];
  #memory: Uint8Array = new Uint8Array();
  #records: DataView = new DataView(new ArrayBuffer(0));

  /**
   * @param guest the memory that the engine works in. The guest's buffers lie in it, too, unless they are foreign
   * @param table offset of the engine's records in `guest`
   */
  constructor(
    layout: SharedLayout,
    shared: WebAssembly.Memory,
    guest: WebAssembly.Memory,
    table: number,
    foreign?: ForeignAccess,
  ) {
    this.#layout = layout;
    this.#shared = new Uint8Array(shared.buffer);
    this.#words = new BigUint64Array(shared.buffer);
    this.#jobs = new DataView(shared.buffer);
    this.#guest = guest;
    this.#foreign = foreign;
    this.#inPlace = shared === guest;
    this.#table = table;
    this.#sessions = new SharedSessions(layout, shared);
    this.#inUse = Array.from({ length: layout.slots }, () => undefined);
    this.#touched = Array.from({ length: layout.slots + 1 }, () => 0);
  }

  /** Copies a record's request into the slot of the same number. */
  fill(index: number): void {
    this.#refresh();
    const record = this.#recordAt(index);
    const job = slotAt(this.#layout, index);
    const readable = this.#field(record, spec.DEFERRED_READABLE_BYTES);
    this.#jobs.setUint32(job + spec.JOB_OPCODE, this.#field(record, spec.DEFERRED_OPCODE), true);
    this.#jobs.setUint32(job + spec.JOB_READABLE_BYTES, readable, true);
    const writable = this.#field(record, spec.DEFERRED_WRITABLE_BYTES);
    this.#jobs.setUint32(job + spec.JOB_WRITABLE_BYTES, writable, true);
    this.#copyIn(record + spec.DEFERRED_OPERATION, spec.JOB_OPERATION_BYTES, job + spec.JOB_OPERATION);
    this.#jobs.setUint32(job + spec.JOB_ALIKE, this.#field(record, spec.DEFERRED_ALIKE), true);
    const copy = this.#sessions.use(this.#memory, this.#records, this.#field(record, spec.DEFERRED_SESSION));
    this.#inUse[index] = copy;
    this.#jobs.setUint32(job + spec.JOB_SESSION, this.#sessions.at(copy), true);
    const sources = record + spec.DEFERRED_BUFFERS;
    const skew = this.#skew(this.#resultsOf(record), writable);
    if (this.#inPlace) {
      this.#jobs.setUint32(job + spec.JOB_BUFFERS, sources, true);
      this.#jobs.setUint32(job + spec.JOB_READABLE_COUNT, this.#field(record, spec.DEFERRED_READABLE_COUNT), true);
      this.#jobs.setUint32(job + spec.JOB_RESULT_AT, spec.JOB_CONTENT + skew, true);
      this.#touch(index, spec.JOB_CONTENT + skew + writable + STATUS_BYTES);
      return;
    }
    this.#jobs.setUint32(job + spec.JOB_BUFFERS, 0, true);
    const content = spec.JOB_CONTENT + this.#skew(sources, readable);
    const result = roundUp(content + readable) + skew;
    this.#jobs.setUint32(job + spec.JOB_CONTENT_AT, content, true);
    this.#jobs.setUint32(job + spec.JOB_RESULT_AT, result, true);
    this.#touch(index, result + writable + STATUS_BYTES);
    try {
      this.#gather(sources, readable, job + content);
    } catch (error) {
      this.leave(index);
      throw error;
    }
  }

  /** Copies the first `readable` bytes of a list of buffers to `to`. @throws GuestMemoryError if a foreign guest is gone */
  #gather(sources: number, readable: number, to: number): void {
    let at = to;
    for (let buffer = sources; at < to + readable; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const bytes = Math.min(to + readable - at, this.#field(buffer, spec.DEFERRED_BUFFER_LENGTH));
      if (this.#foreign) this.#foreign.read(this.#address(buffer), this.#shared, at, bytes);
      else this.#copyIn(this.#field(buffer, spec.DEFERRED_BUFFER_POINTER), bytes, at);
      at += bytes;
    }
  }

  /** Whether the job in a slot runs faster beside other jobs of its kind. */
  isAlike(slot: number): boolean {
    return this.#jobs.getUint32(slotAt(this.#layout, slot) + spec.JOB_ALIKE, true) !== 0;
  }

  /** Copies a slot's job, as it was posted, into the slot `to`. */
  duplicate(slot: number, to: number): void {
    const start = slotAt(this.#layout, slot);
    const result = this.#resultOffset(start);
    this.#shared.copyWithin(slotAt(this.#layout, to), start, start + result);
    this.#touch(to, result + this.#jobs.getUint32(start + spec.JOB_WRITABLE_BYTES, true) + STATUS_BYTES);
  }

  /** Writes a result, given as consecutive parts, into the buffers of a record. Returns its length in bytes. */
  answer(index: number, parts: readonly Uint8Array[]): number {
    this.#refresh();
    let start = 0;
    for (const part of parts) {
      this.#scatter(part, 0, part.length, index, start);
      start += part.length;
    }
    return start;
  }

  /** Copies the result in a slot into the buffers of a record. */
  deliver(slot: number, index: number): JobResult {
    this.#refresh();
    const job = slotAt(this.#layout, slot);
    const status = this.#jobs.getUint32(job + spec.JOB_STATUS, true);
    const bytes = this.#jobs.getUint32(job + spec.JOB_RESULT_BYTES, true);
    this.#scatter(this.#shared, job + this.#resultOffset(job), bytes, index, 0);
    return { status, bytes };
  }

  /** Copies `bytes` bytes of `source`, from `from` on, into the buffers of a record's result, `start` bytes after their beginning. */
  #scatter(source: Uint8Array, from: number, bytes: number, index: number, start: number): void {
    const end = from + bytes;
    let at = from;
    let skipped = start;
    for (let buffer = this.#resultsOf(this.#recordAt(index)); at < end; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const length = this.#field(buffer, spec.DEFERRED_BUFFER_LENGTH);
      const before = Math.min(skipped, length);
      const step = Math.min(end - at, length - before);
      if (this.#foreign) this.#foreign.write(this.#address(buffer) + before, source, at, step);
      else copyBytes(source, at, step, this.#memory, this.#field(buffer, spec.DEFERRED_BUFFER_POINTER) + before);
      skipped -= before;
      at += step;
    }
  }

  /** The number of the runner that ran the job in a slot, and the length of the job's content in bytes. */
  ranBy(slot: number): { runner: number; bytes: number } {
    const job = slotAt(this.#layout, slot);
    return {
      runner: this.#jobs.getUint32(job + spec.JOB_RUNNER, true),
      bytes: this.#jobs.getUint32(job + spec.JOB_READABLE_BYTES, true),
    };
  }

  /** Called when the job in a slot does not need its session any more. */
  leave(slot: number): void {
    const copy = this.#inUse[slot];
    this.#inUse[slot] = undefined;
    if (copy) this.#sessions.leave(copy);
  }

  /** Called before a session is closed: it is still in the engine's table. */
  closeSession(session: number): void {
    this.#refresh();
    this.#sessions.close(this.#records.getBigUint64(session + spec.SESSION_ID, true));
  }

  closeSessions(): void {
    this.#sessions.closeAll();
  }

  /** Wipes the slots, the sessions and the workers' regions. */
  wipeAll(): void {
    const { regionsAt, slotsAt, sessionsAt } = this.#layout;
    this.#words.fill(0n, regionsAt / 8, slotsAt / 8);
    this.#touched.forEach((bytes, slot) => {
      const start = slotAt(this.#layout, slot) / 8;
      this.#words.fill(0n, start, start + Math.ceil(bytes / 8));
    });
    this.#words.fill(0n, sessionsAt / 8, Math.ceil(endOf(this.#layout) / 8));
  }

  /** The queue that a record's chain came from. */
  queueOf(index: number): number {
    this.#refresh();
    return this.#field(this.#recordAt(index), spec.DEFERRED_QUEUE);
  }

  #resultOffset(job: number): number {
    return this.#jobs.getUint32(job + spec.JOB_RESULT_AT, true);
  }

  /** The first of the buffers that a record's result goes to. */
  #resultsOf(record: number): number {
    const readables = this.#field(record, spec.DEFERRED_READABLE_COUNT);
    return record + spec.DEFERRED_BUFFERS + readables * spec.DEFERRED_BUFFER_BYTES;
  }

  /**
   * The offset from a multiple of 8 at which a copy of the first `bytes` bytes of the buffers must begin, so that the longest buffer is
   * aligned as in the guest. JavaScript engines copy to and from shared memory byte by byte if the alignment differs.
   */
  #skew(buffers: number, bytes: number): number {
    let skew = 0;
    let longest = 0;
    let before = 0;
    for (let buffer = buffers; before < bytes; buffer += spec.DEFERRED_BUFFER_BYTES) {
      const length = this.#field(buffer, spec.DEFERRED_BUFFER_LENGTH);
      if (length > longest) {
        longest = length;
        const place = this.#field(buffer, this.#foreign ? spec.DEFERRED_BUFFER_ADDRESS : spec.DEFERRED_BUFFER_POINTER);
        skew = (place - before) & (spec.JOB_ALIGNMENT - 1);
      }
      before += length;
    }
    return skew;
  }

  /** Notes that the first `bytes` bytes of a slot are written. */
  #touch(slot: number, bytes: number): void {
    this.#touched[slot] = Math.max(this.#touched[slot] ?? 0, bytes);
  }

  #recordAt(index: number): number {
    return this.#table + index * spec.DEFERRED_BYTES;
  }

  /** The guest-physical address of a buffer. Addresses of foreign memory fit in 53 bits. */
  #address(buffer: number): number {
    return (
      this.#field(buffer, spec.DEFERRED_BUFFER_ADDRESS) +
      2 ** 32 * this.#field(buffer, spec.DEFERRED_BUFFER_ADDRESS + 4)
    );
  }

  #field(at: number, offset: number): number {
    return this.#records.getUint32(at + offset, true);
  }

  #copyIn(from: number, bytes: number, to: number): void {
    copyBytes(this.#memory, from, bytes, this.#shared, to);
  }

  /** Makes new views if the memory has grown, because growing replaces its ArrayBuffer. */
  #refresh(): void {
    const { buffer } = this.#guest;
    if (this.#memory.buffer === buffer) return;
    this.#memory = new Uint8Array(buffer);
    this.#records = new DataView(buffer);
  }
}

function roundUp(offset: number): number {
  return Math.ceil(offset / 64) * 64;
}
