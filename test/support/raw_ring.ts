import * as spec from '../../spec/virtio.ts';
import type { RawBuffer, RawGuest, TestRing } from './test_ring.ts';

/** One descriptor as a test writes it: nothing is checked. */
export interface RawDescriptor {
  address: number | bigint;
  bytes: number;
  flags?: number;
  next?: number;
}

/** A split virtqueue (2.7) that is written by hand, so that it can be written wrongly. */
export class RawRing implements TestRing {
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly #guest: RawGuest;
  availIdx = 0;

  /** Lays the three areas out from `base` on. */
  constructor(guest: RawGuest, base: number, size: number) {
    this.#guest = guest;
    this.size = size;
    this.desc = base;
    this.avail = base + size * spec.DESC_BYTES;
    const availEnd = this.avail + spec.AVAIL_RING + size * spec.AVAIL_ELEM_BYTES + spec.RING_EVENT_BYTES;
    this.used = Math.ceil(availEnd / spec.USED_ALIGN) * spec.USED_ALIGN;
  }

  /** Bytes of the used ring with its avail_event. */
  get usedBytes(): number {
    return spec.USED_RING + this.size * spec.USED_ELEM_BYTES + spec.RING_EVENT_BYTES;
  }

  get deviceWrites(): { address: number; bytes: number }[] {
    return [{ address: this.used, bytes: this.usedBytes }];
  }

  get end(): number {
    return this.used + this.usedBytes;
  }

  /** Zeroes all three areas, as a driver does before it enables a queue. */
  clear(): void {
    this.availIdx = 0;
    const view = this.#guest.view(this.desc, this.end - this.desc);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
  }

  follow(other: RawRing): void {
    this.availIdx = other.availIdx;
  }

  /** Writes one entry of the descriptor table, or of the table at `table`. */
  describe(index: number, { address, bytes, flags = 0, next = 0 }: RawDescriptor, table = this.desc): void {
    const view = this.#guest.view(table + index * spec.DESC_BYTES, spec.DESC_BYTES);
    view.setBigUint64(spec.DESC_ADDR, BigInt(address), true);
    view.setUint32(spec.DESC_LEN, bytes, true);
    view.setUint16(spec.DESC_FLAGS, flags, true);
    view.setUint16(spec.DESC_NEXT, next, true);
  }

  /** Writes a chain over the entries from `first` on, of the descriptor table or of the table at `table`. */
  describeChain(buffers: readonly RawBuffer[], first = 0, table = this.desc): void {
    for (const [i, { address, bytes, write }] of buffers.entries()) {
      const last = i === buffers.length - 1;
      const flags = (write ? spec.DESC_F_WRITE : 0) | (last ? 0 : spec.DESC_F_NEXT);
      this.describe(first + i, { address, bytes, flags, next: last ? 0 : first + i + 1 }, table);
    }
  }

  /** Writes a chain into a table of its own at `table`, and entry `index` that refers to it. */
  describeIndirect(buffers: readonly RawBuffer[], table: number, index = 0, flags = 0): void {
    this.describeChain(buffers, 0, table);
    this.describe(index, {
      address: table,
      bytes: buffers.length * spec.DESC_BYTES,
      flags: spec.DESC_F_INDIRECT | flags,
    });
  }

  /** Makes the chain at `head` available. */
  offer(head: number): void {
    const slot = this.availIdx & (this.size - 1);
    this.#guest.view(this.avail + spec.AVAIL_RING + slot * spec.AVAIL_ELEM_BYTES, 2).setUint16(0, head, true);
    this.setAvailIdx(this.availIdx + 1);
  }

  setAvailIdx(value: number): void {
    this.availIdx = value & 0xffff;
    this.#guest.view(this.avail + spec.AVAIL_IDX, 2).setUint16(0, this.availIdx, true);
  }

  setAvailFlags(value: number): void {
    this.#guest.view(this.avail + spec.AVAIL_FLAGS, 2).setUint16(0, value, true);
  }

  /** used_event stands behind the available ring (2.7.6). */
  setUsedEvent(value: number): void {
    this.#guest
      .view(this.avail + spec.AVAIL_RING + this.size * spec.AVAIL_ELEM_BYTES, 2)
      .setUint16(0, value & 0xffff, true);
  }

  /** avail_event stands behind the used ring (2.7.8). */
  get availEventAt(): number {
    return this.used + spec.USED_RING + this.size * spec.USED_ELEM_BYTES;
  }

  get availEvent(): number {
    return this.#guest.view(this.availEventAt, 2).getUint16(0, true);
  }

  get usedFlags(): number {
    return this.#guest.view(this.used + spec.USED_FLAGS, 2).getUint16(0, true);
  }

  get usedIdx(): number {
    return this.#guest.view(this.used + spec.USED_IDX, 2).getUint16(0, true);
  }

  /** The used element with this free-running index. */
  usedElement(index: number): { id: number; len: number } {
    const slot = index & (this.size - 1);
    const view = this.#guest.view(this.used + spec.USED_RING + slot * spec.USED_ELEM_BYTES, spec.USED_ELEM_BYTES);
    return { id: view.getUint32(spec.USED_ELEM_ID, true), len: view.getUint32(spec.USED_ELEM_LEN, true) };
  }
}
