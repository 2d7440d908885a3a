import * as spec from '../../spec/virtio.ts';
import type { RawBuffer, RawGuest, TestRing } from './test_ring.ts';

/** One descriptor of a list as a test describes it, before it has a place in the ring. */
export interface ListEntry {
  address: number | bigint;
  bytes: number;
  /** NEXT, WRITE, INDIRECT. */
  flags: number;
}

const MARKS = spec.PACKED_DESC_F_AVAIL | spec.PACKED_DESC_F_USED;

/** A packed virtqueue (2.8) that is written by hand, so that it can be written wrongly. */
export class RawPackedRing implements TestRing {
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly #guest: RawGuest;
  readonly #lists = new Map<number, readonly ListEntry[]>();
  /** Lists that were offered and not yet seen used, in ring order: those that follow each other and are the same are counted. */
  #offered: { head: number; length: number; times: number }[] = [];
  #completed: { id: number; len: number }[] = [];
  #flags: number[] = [];
  /** Where the next list goes, and where the next used descriptor is expected, each with its wrap counter (2.8.1). */
  place = 0;
  wrap = 1;
  usedPlace = 0;
  usedWrap = 1;

  /** Lays the three areas out from `base` on. */
  constructor(guest: RawGuest, base: number, size: number) {
    this.#guest = guest;
    this.size = size;
    this.desc = base;
    this.avail = base + size * spec.DESC_BYTES;
    this.used = this.avail + spec.EVENT_SUPPRESS_BYTES;
  }

  get deviceWrites(): { address: number; bytes: number }[] {
    return [
      { address: this.desc, bytes: this.size * spec.DESC_BYTES },
      { address: this.used, bytes: spec.EVENT_SUPPRESS_BYTES },
    ];
  }

  clear(): void {
    this.#offered = [];
    this.#completed = [];
    this.#flags = [];
    this.place = 0;
    this.wrap = 1;
    this.usedPlace = 0;
    this.usedWrap = 1;
    const view = this.#guest.view(this.desc, this.used + spec.EVENT_SUPPRESS_BYTES - this.desc);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
  }

  follow(other: RawPackedRing): void {
    this.#completed = [...other.#completed];
    this.#flags = [...other.#flags];
    this.#offered = other.#offered.map((each) => ({ ...each }));
    this.place = other.place;
    this.wrap = other.wrap;
    this.usedPlace = other.usedPlace;
    this.usedWrap = other.usedWrap;
  }

  /** Describes a list whose flags the test sets. */
  describeList(entries: readonly ListEntry[], head = 0): void {
    this.#lists.set(head, entries);
  }

  describeChain(buffers: readonly RawBuffer[], first = 0, table?: number): void {
    if (table !== undefined) {
      for (const [i, { address, bytes, write }] of buffers.entries()) {
        this.write(table + i * spec.DESC_BYTES, { address, bytes, flags: write ? spec.DESC_F_WRITE : 0 }, 0);
      }
      return;
    }
    const entries = buffers.map(({ address, bytes, write }, i) => {
      const next = i + 1 < buffers.length ? spec.DESC_F_NEXT : 0;
      return { address, bytes, flags: (write ? spec.DESC_F_WRITE : 0) | next };
    });
    this.describeList(entries, first);
  }

  describeIndirect(buffers: readonly RawBuffer[], table: number, index = 0, flags = 0): void {
    this.describeChain(buffers, 0, table);
    const bytes = buffers.length * spec.DESC_BYTES;
    this.describeList([{ address: table, bytes, flags: spec.DESC_F_INDIRECT | flags }], index);
  }

  /**
   * Writes the list `head` into the ring, its head last (2.8.17), with `head` as buffer id.
   * @param marks whether descriptors behind the first carry AVAIL and USED as well: DPDK leaves them out
   */
  offer(head: number, marks = true): void {
    const list = this.#lists.get(head);
    if (!list) throw new RangeError(`No list ${head} was described.`);
    const places = list.map((entry) => {
      const available = this.wrap ? spec.PACKED_DESC_F_AVAIL : spec.PACKED_DESC_F_USED;
      const at = this.desc + this.place * spec.DESC_BYTES;
      this.place = (this.place + 1) % this.size;
      if (this.place === 0) this.wrap ^= 1;
      return { entry, at, available };
    });
    for (const [i, { entry, at, available }] of [...places.entries()].toReversed()) {
      this.write(at, { ...entry, flags: entry.flags | (marks || i === 0 ? available : 0) }, head);
    }
    const last = this.#offered.at(-1);
    if (last?.head === head && last.length === list.length) last.times++;
    else this.#offered.push({ head, length: list.length, times: 1 });
  }

  /** Writes one descriptor (2.8.13): nothing is checked. */
  write(at: number, { address, bytes, flags }: ListEntry, id: number): void {
    const view = this.#guest.view(at, spec.DESC_BYTES);
    view.setBigUint64(spec.DESC_ADDR, BigInt(address), true);
    view.setUint32(spec.DESC_LEN, bytes, true);
    view.setUint16(spec.PACKED_DESC_ID, id, true);
    view.setUint16(spec.PACKED_DESC_FLAGS, flags, true);
  }

  /** The descriptor at a place of the ring as it stands now. */
  descriptor(place: number): { id: number; len: number; flags: number } {
    const view = this.#guest.view(this.desc + place * spec.DESC_BYTES, spec.DESC_BYTES);
    return {
      id: view.getUint16(spec.PACKED_DESC_ID, true),
      len: view.getUint32(spec.DESC_LEN, true),
      flags: view.getUint16(spec.PACKED_DESC_FLAGS, true),
    };
  }

  get usedIdx(): number {
    this.#poll();
    return this.#completed.length & 0xffff;
  }

  usedElement(index: number): { id: number; len: number } {
    this.#poll();
    return this.#completed[index] ?? { id: -1, len: -1 };
  }

  /** Whether the used descriptor says that the device wrote to the buffers (2.8.3). */
  usedWrites(index: number): boolean {
    this.#poll();
    return ((this.#flags[index] ?? 0) & spec.DESC_F_WRITE) !== 0;
  }

  /** Driver event suppression (2.8.14): when the device is to interrupt. */
  setDriverEvent(flags: number, place = 0, wrap = 0): void {
    const view = this.#guest.view(this.avail, spec.EVENT_SUPPRESS_BYTES);
    view.setUint16(spec.EVENT_SUPPRESS_OFFSET, place | (wrap << spec.EVENT_WRAP_BIT), true);
    view.setUint16(spec.EVENT_SUPPRESS_FLAGS, flags, true);
  }

  /** Device event suppression (2.8.14): when the driver is to notify. */
  get deviceEvent(): { flags: number; place: number; wrap: number } {
    const view = this.#guest.view(this.used, spec.EVENT_SUPPRESS_BYTES);
    const place = view.getUint16(spec.EVENT_SUPPRESS_OFFSET, true);
    return {
      flags: view.getUint16(spec.EVENT_SUPPRESS_FLAGS, true),
      place: place & 0x7fff,
      wrap: place >> spec.EVENT_WRAP_BIT,
    };
  }

  /** Takes what the device marked used (2.8.2). */
  #poll(): void {
    while (this.#offered.length > 0) {
      const { id, len, flags } = this.descriptor(this.usedPlace);
      if ((flags & MARKS) !== (this.usedWrap ? MARKS : 0)) return;
      this.#completed.push({ id, len });
      this.#flags.push(flags);
      // 2.8.6: a list takes as many places among the used descriptors as it had, whichever is used first.
      const index = Math.max(
        0,
        this.#offered.findIndex(({ head }) => head === id),
      );
      const list = this.#offered[index];
      if (list && --list.times === 0) this.#offered.splice(index, 1);
      this.usedPlace += list?.length ?? 0;
      if (this.usedPlace < this.size) continue;
      this.usedPlace -= this.size;
      this.usedWrap ^= 1;
    }
  }
}
