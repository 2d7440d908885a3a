import * as spec from '../../spec/virtio.ts';
import {
  BrokenQueueError,
  type Chain,
  type ChainBuffer,
  completedBy,
  type DriverQueue,
  describe,
  type QueueFeatures,
  type Used,
  writableBytesOf,
} from './queue.ts';
import { type GuestRam, type RamAllocator, RingFields, ramView } from './ram.ts';

/** The driver's side of a split virtqueue (2.7). */
export class SplitQueue implements DriverQueue {
  readonly index: number;
  readonly size: number;
  /** Guest-physical addresses of descriptor area, driver area and device area (2.6). */
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly #ram: GuestRam;
  readonly #fields: RingFields;
  readonly #allocator: RamAllocator;
  readonly #features: QueueFeatures;
  readonly #freeDescriptors: number[];
  /** For each chain that the device holds, by its head: descriptors, indirect table, and length of its writable buffers. */
  readonly #inFlight = new Map<number, { descriptors: number[]; table: number | undefined; writableBytes: number }>();
  #availIdx = 0;
  #lastUsed = 0;
  /** The avail index that the device was last notified of. */
  #notified = 0;
  #broken: BrokenQueueError | undefined;

  constructor(index: number, size: number, ram: GuestRam, allocator: RamAllocator, features: QueueFeatures) {
    this.index = index;
    this.size = size;
    this.#ram = ram;
    this.#fields = new RingFields(ram);
    this.#allocator = allocator;
    this.#features = features;
    this.desc = allocator.take(size * spec.DESC_BYTES, spec.DESC_ALIGN);
    this.avail = allocator.take(
      spec.AVAIL_RING + size * spec.AVAIL_ELEM_BYTES + spec.RING_EVENT_BYTES,
      spec.AVAIL_ALIGN,
    );
    this.used = allocator.take(spec.USED_RING + size * spec.USED_ELEM_BYTES + spec.RING_EVENT_BYTES, spec.USED_ALIGN);
    const bytes = ram();
    bytes.fill(0, this.desc, this.desc + size * spec.DESC_BYTES);
    bytes.fill(0, this.avail, this.avail + spec.AVAIL_RING + size * spec.AVAIL_ELEM_BYTES + spec.RING_EVENT_BYTES);
    bytes.fill(0, this.used, this.used + spec.USED_RING + size * spec.USED_ELEM_BYTES + spec.RING_EVENT_BYTES);
    this.#freeDescriptors = Array.from({ length: size }, (_, i) => i);
  }

  /** Number of chains that the device holds. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  get broken(): BrokenQueueError | undefined {
    return this.#broken;
  }

  get nextOffset(): number {
    return this.#availIdx;
  }

  /** Gives the queue's memory back, also the indirect tables of chains that the device never completed. */
  release(): void {
    for (const { table } of this.#inFlight.values()) if (table !== undefined) this.#allocator.give(table);
    this.#inFlight.clear();
    for (const at of [this.desc, this.avail, this.used]) this.#allocator.give(at);
  }

  /**
   * Makes a chain available (2.7.13.1 to 2.7.13.3) and returns its head.
   * @throws RangeError if the chain has no buffers, the descriptor table is full, or there is no memory for an indirect table
   */
  add(chain: Chain): number {
    const buffers = describe(chain, spec.DESC_F_WRITE);
    const indirect = chain.indirect ?? (this.#features.indirect && buffers.length > 1);
    const needed = indirect ? 1 : buffers.length;
    if (this.#freeDescriptors.length < needed)
      throw new RangeError(`Queue ${this.index} has no ${needed} descriptors left.`);
    // 2.7.9: with VIRTIO_F_IN_ORDER a driver uses descriptors in ring order. They are freed in the same order.
    const descriptors = this.#freeDescriptors.splice(this.#features.inOrder ? 0 : -needed, needed);
    const [head = 0] = descriptors;
    const view = ramView(this.#ram);
    let table: number | undefined;
    if (indirect) {
      const bytes = buffers.length * spec.DESC_BYTES;
      table = this.#allocator.take(bytes, spec.DESC_ALIGN);
      const indices = buffers.map((_, i) => i);
      writeDescriptors(view, table, indices, buffers);
      writeDescriptors(view, this.desc, descriptors, [{ address: table, bytes, flags: spec.DESC_F_INDIRECT }]);
    } else {
      writeDescriptors(view, this.desc, descriptors, buffers);
    }
    this.#inFlight.set(head, { descriptors, table, writableBytes: writableBytesOf(chain) });
    const slot = this.#availIdx & (this.size - 1);
    view.setUint16(this.avail + spec.AVAIL_RING + slot * spec.AVAIL_ELEM_BYTES, head, true);
    this.#availIdx = (this.#availIdx + 1) & 0xffff;
    this.#fields.store(this.avail + spec.AVAIL_IDX, this.#availIdx);
    return head;
  }

  /** Whether the device wants a notification of the chains that were added since the last call (2.7.10). */
  needsNotification(): boolean {
    const added = (this.#availIdx - this.#notified) & 0xffff;
    this.#notified = this.#availIdx;
    if (!this.#features.eventIdx) return (this.#fields.load(this.used + spec.USED_FLAGS) & spec.USED_F_NO_NOTIFY) === 0;
    const availEvent = this.#fields.load(this.used + spec.USED_RING + this.size * spec.USED_ELEM_BYTES);
    return ((this.#availIdx - availEvent - 1) & 0xffff) < added;
  }

  /** Takes the chains that the device has completed since the last call (2.7.14), and asks for an interrupt at the next completion. */
  takeUsed(): Used[] {
    const taken: Used[] = [];
    const usedEvent = this.avail + spec.AVAIL_RING + this.size * spec.AVAIL_ELEM_BYTES;
    do {
      this.#take(taken);
      if (this.#broken) break;
      this.#fields.store(usedEvent, this.#lastUsed);
      // What was completed just before the device could see that does not interrupt.
    } while (this.#fields.load(this.used + spec.USED_IDX) !== this.#lastUsed);
    return taken;
  }

  /** Takes the chains up to the used index. */
  #take(taken: Used[]): void {
    if (this.#broken) return;
    let left = (this.#fields.load(this.used + spec.USED_IDX) - this.#lastUsed) & 0xffff;
    const view = ramView(this.#ram);
    if (left > this.inFlight) {
      this.#break(`moved the used index ahead by ${left}, while it held ${this.inFlight} chains`, '2.7.8');
      return;
    }
    while (left > 0) {
      const element = this.used + spec.USED_RING + (this.#lastUsed & (this.size - 1)) * spec.USED_ELEM_BYTES;
      const head = view.getUint32(element + spec.USED_ELEM_ID, true);
      const written = view.getUint32(element + spec.USED_ELEM_LEN, true);
      const batch = completedBy(this.#inFlight, { head, written }, this.#features.inOrder);
      if (!Array.isArray(batch)) {
        this.#break(batch.did, '2.7.8');
        return;
      }
      if (batch.length > left) {
        this.#break(`completed ${batch.length} chains at once and moved the used index ahead by ${left}`, '2.7.9');
        return;
      }
      for (const { chain, ...used } of batch) {
        this.#inFlight.delete(used.head);
        this.#freeDescriptors.push(...chain.descriptors);
        if (chain.table !== undefined) this.#allocator.give(chain.table);
        taken.push(used);
      }
      this.#lastUsed = (this.#lastUsed + batch.length) & 0xffff;
      left -= batch.length;
    }
  }

  #break(did: string, section: string): void {
    this.#broken = new BrokenQueueError(this.index, did, section);
  }
}

/** Writes `buffers` as a chain into the entries `indices` of the descriptor table at `table` (2.7.5). */
function writeDescriptors(
  view: DataView,
  table: number,
  indices: readonly number[],
  buffers: readonly (ChainBuffer & { flags: number })[],
): void {
  for (const [i, { address, bytes, flags }] of buffers.entries()) {
    const entry = table + (indices[i] ?? 0) * spec.DESC_BYTES;
    const next = indices[i + 1];
    view.setBigUint64(entry + spec.DESC_ADDR, BigInt(address), true);
    view.setUint32(entry + spec.DESC_LEN, bytes, true);
    view.setUint16(entry + spec.DESC_FLAGS, flags | (next === undefined ? 0 : spec.DESC_F_NEXT), true);
    view.setUint16(entry + spec.DESC_NEXT, next ?? 0, true);
  }
}
