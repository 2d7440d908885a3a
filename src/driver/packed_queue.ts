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

/** The driver's side of a packed virtqueue (2.8). */
export class PackedQueue implements DriverQueue {
  readonly index: number;
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly #ram: GuestRam;
  readonly #fields: RingFields;
  readonly #allocator: RamAllocator;
  readonly #features: QueueFeatures;
  /** The free buffer ids, and the number of free descriptors in the ring. */
  readonly #freeIds: number[];
  #freeDescriptors: number;
  readonly #inFlight = new Map<number, { descriptors: number; table: number | undefined; writableBytes: number }>();
  /** The places of the next available and of the next used descriptor, each with its wrap counter (2.8.1). */
  #nextAvail = 0;
  #availWrap = 1;
  #nextUsed = 0;
  #usedWrap = 1;
  /** Descriptors made available since the device was last notified. */
  #added = 0;
  #broken: BrokenQueueError | undefined;

  constructor(index: number, size: number, ram: GuestRam, allocator: RamAllocator, features: QueueFeatures) {
    this.index = index;
    this.size = size;
    this.#ram = ram;
    this.#fields = new RingFields(ram);
    this.#allocator = allocator;
    this.#features = features;
    this.desc = allocator.take(size * spec.DESC_BYTES, spec.DESC_ALIGN);
    this.avail = allocator.take(spec.EVENT_SUPPRESS_BYTES, spec.EVENT_SUPPRESS_ALIGN);
    this.used = allocator.take(spec.EVENT_SUPPRESS_BYTES, spec.EVENT_SUPPRESS_ALIGN);
    const bytes = ram();
    bytes.fill(0, this.desc, this.desc + size * spec.DESC_BYTES);
    bytes.fill(0, this.avail, this.avail + spec.EVENT_SUPPRESS_BYTES);
    bytes.fill(0, this.used, this.used + spec.EVENT_SUPPRESS_BYTES);
    this.#freeIds = Array.from({ length: size }, (_, i) => size - 1 - i);
    this.#freeDescriptors = size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get broken(): BrokenQueueError | undefined {
    return this.#broken;
  }

  get nextOffset(): number {
    return this.#nextAvail | (this.#availWrap << spec.EVENT_WRAP_BIT);
  }

  release(): void {
    for (const { table } of this.#inFlight.values()) if (table !== undefined) this.#allocator.give(table);
    this.#inFlight.clear();
    for (const at of [this.desc, this.avail, this.used]) this.#allocator.give(at);
  }

  add(chain: Chain): number {
    const buffers = describe(chain, spec.DESC_F_WRITE);
    const indirect = chain.indirect ?? (this.#features.indirect && buffers.length > 1);
    const needed = indirect ? 1 : buffers.length;
    const id = this.#freeDescriptors < needed ? undefined : this.#takeId();
    if (id === undefined) throw new RangeError(`Queue ${this.index} has no ${needed} descriptors left.`);
    let table: number | undefined;
    if (indirect) {
      table = this.#writeTable(buffers);
      this.#writeList(id, [{ address: table, bytes: buffers.length * spec.DESC_BYTES, flags: spec.DESC_F_INDIRECT }]);
    } else {
      this.#writeList(id, buffers);
    }
    this.#inFlight.set(id, { descriptors: needed, table, writableBytes: writableBytesOf(chain) });
    this.#freeDescriptors -= needed;
    this.#added += needed;
    return id;
  }

  /** Takes a free buffer id; with VIRTIO_F_IN_ORDER the ids come in turn. */
  #takeId(): number | undefined {
    return this.#features.inOrder ? this.#freeIds.shift() : this.#freeIds.pop();
  }

  needsNotification(): boolean {
    const added = this.#added;
    this.#added = 0;
    const flags = this.#fields.load(this.used + spec.EVENT_SUPPRESS_FLAGS) & 3;
    if (flags === spec.EVENT_DISABLE) return false;
    if (flags !== spec.EVENT_DESC) return true;
    const event = this.#fields.load(this.used + spec.EVENT_SUPPRESS_OFFSET);
    const wrap = event >> spec.EVENT_WRAP_BIT;
    const offset = event & ((1 << spec.EVENT_WRAP_BIT) - 1);
    // On this scale the current round of the ring starts at 0, and places of the round before are negative.
    const place = wrap === this.#availWrap ? offset : offset - this.size;
    return place < this.#nextAvail && place >= this.#nextAvail - added;
  }

  takeUsed(): Used[] {
    const taken: Used[] = [];
    do {
      this.#take(taken);
      if (this.#broken || !this.#features.eventIdx) break;
      const place = this.#nextUsed | (this.#usedWrap << spec.EVENT_WRAP_BIT);
      this.#fields.store(this.avail + spec.EVENT_SUPPRESS_OFFSET, place);
      this.#fields.store(this.avail + spec.EVENT_SUPPRESS_FLAGS, spec.EVENT_DESC);
      // What was completed just before the device could see that does not interrupt.
    } while (this.#usedFlags() !== undefined);
    return taken;
  }

  /** The flags of the next used descriptor; undefined if the device has not written it yet (2.8.1). */
  #usedFlags(): number | undefined {
    const flags = this.#fields.load(this.desc + this.#nextUsed * spec.DESC_BYTES + spec.PACKED_DESC_FLAGS);
    const marks = flags & (spec.PACKED_DESC_F_AVAIL | spec.PACKED_DESC_F_USED);
    return marks === (this.#usedWrap ? spec.PACKED_DESC_F_AVAIL | spec.PACKED_DESC_F_USED : 0) ? flags : undefined;
  }

  /** Takes the chains that the device has completed. */
  #take(taken: Used[]): void {
    const view = ramView(this.#ram);
    for (let flags = this.#usedFlags(); flags !== undefined && !this.#broken; flags = this.#usedFlags()) {
      const descriptor = this.desc + this.#nextUsed * spec.DESC_BYTES;
      const head = view.getUint16(descriptor + spec.PACKED_DESC_ID, true);
      // 2.8.4: without WRITE the length of a used descriptor is reserved.
      const written = flags & spec.DESC_F_WRITE ? view.getUint32(descriptor + spec.DESC_LEN, true) : 0;
      const batch = completedBy(this.#inFlight, { head, written }, this.#features.inOrder);
      if (!Array.isArray(batch)) {
        this.#broken = new BrokenQueueError(this.index, batch.did, batch.with === 'id' ? '2.8.22' : '2.8.4');
        return;
      }
      for (const { chain, ...used } of batch) {
        this.#inFlight.delete(used.head);
        this.#freeIds.push(used.head);
        this.#freeDescriptors += chain.descriptors;
        if (chain.table !== undefined) this.#allocator.give(chain.table);
        taken.push(used);
        this.#nextUsed += chain.descriptors;
        if (this.#nextUsed >= this.size) {
          this.#nextUsed -= this.size;
          this.#usedWrap ^= 1;
        }
      }
    }
  }

  /** An indirect table (2.8.7): no flag but WRITE, no links. */
  #writeTable(buffers: readonly (ChainBuffer & { flags: number })[]): number {
    const table = this.#allocator.take(buffers.length * spec.DESC_BYTES, spec.DESC_ALIGN);
    const view = ramView(this.#ram);
    for (const [i, buffer] of buffers.entries()) {
      const at = table + i * spec.DESC_BYTES;
      writeDescriptor(view, at, buffer, 0);
      view.setUint16(at + spec.PACKED_DESC_FLAGS, buffer.flags, true);
    }
    return table;
  }

  /** Writes a list into the ring. The head is written last (2.8.6), so that the device never sees half a list. */
  #writeList(id: number, buffers: readonly (ChainBuffer & { flags: number })[]): void {
    const view = ramView(this.#ram);
    const writes = buffers.map((buffer, i) => {
      const marks = this.#availWrap ? spec.PACKED_DESC_F_AVAIL : spec.PACKED_DESC_F_USED;
      const next = i + 1 < buffers.length ? spec.DESC_F_NEXT : 0;
      const at = this.desc + this.#nextAvail * spec.DESC_BYTES;
      if (++this.#nextAvail === this.size) {
        this.#nextAvail = 0;
        this.#availWrap ^= 1;
      }
      return () => {
        writeDescriptor(view, at, buffer, id);
        this.#fields.store(at + spec.PACKED_DESC_FLAGS, buffer.flags | next | marks);
      };
    });
    for (const write of writes.toReversed()) write();
  }
}

/** Writes a descriptor without its flags. */
function writeDescriptor(view: DataView, at: number, buffer: ChainBuffer, id: number): void {
  view.setBigUint64(at + spec.DESC_ADDR, BigInt(buffer.address), true);
  view.setUint32(at + spec.DESC_LEN, buffer.bytes, true);
  view.setUint16(at + spec.PACKED_DESC_ID, id, true);
}
