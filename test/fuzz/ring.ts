import * as virtio from '../../spec/virtio.ts';
import { type Machine, Violation } from './machine.ts';

/** A piece of a chain. */
export interface Piece {
  address: number;
  bytes: number;
  write: boolean;
}

interface Offered {
  id: number;
  /** Descriptors that it takes in the ring. */
  descriptors: number;
  /** Packed: where the list begins, and the wrap counter there. */
  place: number;
  wrap: number;
}

const MARKS = virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED;
/** Rings stand one behind the other; each has room for the largest of both kinds. */
const RING_BYTES = 0x400;
const TABLES = 3 * RING_BYTES;
const TABLE_BYTES = 0x100;
/** So many indirect chains may wait at once. */
const TABLES_A_RING = 4;

/** A guest's side of one virtqueue, of either kind. It offers what it is told to, and knows what has to come back. */
export class Ring {
  readonly size: number;
  readonly packed: boolean;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  readonly #machine: Machine;
  readonly #index: number;
  readonly #tables: number;
  #next = 0;
  #availIdx = 0;
  #wrap = 1;
  #completed = 0;
  /** Chains that had come back when the device was restored: it counts from 0 again then. */
  #restoredAt = 0;
  /** Descriptors of what was offered and has not come back. */
  #inFlight = 0;
  readonly #offered: Offered[] = [];
  /** Whether this queue was used as the specification says, so that what was offered has to come back. */
  orderly = true;

  constructor(machine: Machine, index: number, size: number, packed: boolean) {
    this.size = size;
    this.packed = packed;
    this.#machine = machine;
    this.#index = index;
    this.desc = index * RING_BYTES;
    this.avail = this.desc + size * virtio.DESC_BYTES;
    const availBytes = packed
      ? virtio.EVENT_SUPPRESS_BYTES
      : virtio.AVAIL_RING + size * virtio.AVAIL_ELEM_BYTES + virtio.RING_EVENT_BYTES;
    this.used = Math.ceil((this.avail + availBytes) / virtio.USED_ALIGN) * virtio.USED_ALIGN;
    this.#tables = TABLES + index * TABLES_A_RING * TABLE_BYTES;
  }

  /** Tells the device where the ring stands, and enables it. */
  enable(): void {
    const { device } = this.#machine;
    const queue = device.queues[this.#index];
    if (!queue) return;
    queue.size = this.size;
    queue.desc = BigInt(this.desc);
    queue.driver = BigInt(this.avail);
    queue.device = BigInt(this.used);
    device.enableQueue(this.#index);
    this.orderly = queue.enabled;
  }

  /** Makes a chain available, in a table of its own or not. A ring that is full takes no more. */
  offer(pieces: readonly Piece[], indirect: boolean): void {
    const room = indirect ? 1 : pieces.length;
    if (room === 0 || this.#inFlight + room > this.size) return;
    if (this.#offered.length - this.#completed >= TABLES_A_RING && indirect) return;
    this.#inFlight += room;
    if (indirect) {
      const table = this.#writeTable(pieces);
      this.#begin(1);
      this.#put(table, pieces.length * virtio.DESC_BYTES, virtio.DESC_F_INDIRECT, false);
    } else {
      this.#begin(pieces.length);
      for (let i = 0; i < pieces.length; i++) {
        const { address = 0, bytes = 0, write = false } = pieces[i] ?? {};
        this.#put(address, bytes, write ? virtio.DESC_F_WRITE : 0, i + 1 < pieces.length);
      }
    }
    if (!this.packed) this.#pushAvail(this.#offered.at(-1)?.id ?? 0);
  }

  /** Makes available whatever stands at descriptor `head`. */
  offerRaw(head: number): void {
    this.orderly = false;
    if (this.packed) return;
    this.#pushAvail(head);
  }

  /** Writes one descriptor of the ring, or of its table, as the caller likes. */
  writeRaw(index: number, inTable: boolean, address: bigint, bytes: number, flags: number, link: number): void {
    this.orderly = false;
    const at = (inTable ? this.#tables : this.desc) + index * virtio.DESC_BYTES;
    if (this.packed) this.#machine.writeDescriptor(at, address, bytes, link, flags);
    else this.#machine.writeDescriptor(at, address, bytes, flags, link);
  }

  /**
   * Chains that the device has completed since the ring was enabled have to be those that were offered, once each. Asymmetric requests take
   * their time, so others overtake them, unless there is VIRTIO_F_IN_ORDER.
   */
  expectCompleted(): void {
    const { device, selfModifying } = this.#machine;
    if (selfModifying) this.orderly = false;
    if (!this.orderly || device.fault || (device.status & virtio.STATUS_DRIVER_OK) === 0) return;
    const ran = this.#restoredAt + device.requests(this.#index);
    if (ran !== this.#offered.length) {
      throw new Violation(
        `${this.#offered.length} chains were offered on queue ${this.#index}, ${ran} were completed.`,
      );
    }
    const inOrder = ((device.driverFeatures >> BigInt(virtio.F_IN_ORDER)) & 1n) !== 0n;
    const left = this.#offered.slice(this.#completed);
    let { place = 0, wrap = 0 } = left[0] ?? {};
    for (; left.length > 0; this.#completed++) {
      const id = this.#usedId(place, wrap, this.#completed);
      const at = inOrder ? 0 : left.findIndex((offered) => offered.id === id);
      const [chain] = at < 0 ? [] : left.splice(at, 1);
      if (!chain || chain.id !== id) {
        throw new Violation(`Chain ${this.#completed} of queue ${this.#index} did not come back as it was offered.`);
      }
      place += chain.descriptors;
      if (place < this.size) continue;
      place -= this.size;
      wrap ^= 1;
    }
    this.#inFlight = 0;
  }

  /** Whether there may be chains that have not come back. */
  get waiting(): boolean {
    return !this.orderly || this.#completed < this.#offered.length;
  }

  /** The device was restored from a saved state. */
  restored(): void {
    this.#restoredAt = this.#completed;
  }

  /** The id in a used element: in a packed ring at `place`, if it is used there; in a split ring that of the `number`th chain. */
  #usedId(place: number, wrap: number, number: number): number | undefined {
    if (this.packed) {
      const at = this.desc + place * virtio.DESC_BYTES;
      const flags = this.#machine.read16(at + virtio.PACKED_DESC_FLAGS) & MARKS;
      return flags === (wrap ? MARKS : 0) ? this.#machine.read16(at + virtio.PACKED_DESC_ID) : undefined;
    }
    const slot = number & (this.size - 1);
    return this.#machine.read32(this.used + virtio.USED_RING + slot * virtio.USED_ELEM_BYTES);
  }

  /** Writes a chain into the table that is free next, and answers where that is. */
  #writeTable(pieces: readonly Piece[]): number {
    const table = this.#tables + (this.#offered.length % TABLES_A_RING) * TABLE_BYTES;
    for (let i = 0; i < pieces.length; i++) {
      const { address = 0, bytes = 0, write = false } = pieces[i] ?? {};
      const last = i + 1 === pieces.length;
      const flags = (write ? virtio.DESC_F_WRITE : 0) | (last || this.packed ? 0 : virtio.DESC_F_NEXT);
      const at = table + i * virtio.DESC_BYTES;
      if (this.packed) this.#machine.writeDescriptor(at, BigInt(address), bytes, 0, flags);
      else this.#machine.writeDescriptor(at, BigInt(address), bytes, flags, last ? 0 : i + 1);
    }
    return table;
  }

  /** A chain begins at the next descriptor. */
  #begin(descriptors: number): void {
    const id = this.packed ? this.#offered.length & 0xffff : this.#next;
    this.#offered.push({ id, descriptors, place: this.#next, wrap: this.#wrap });
  }

  /** Writes the next descriptor of the chain that was begun last. */
  #put(address: number, bytes: number, flags: number, more: boolean): void {
    const at = this.desc + this.#next * virtio.DESC_BYTES;
    const next = (this.#next + 1) % this.size;
    const linked = more ? flags | virtio.DESC_F_NEXT : flags;
    if (this.packed) {
      const mark = this.#wrap ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED;
      this.#machine.writeDescriptor(at, BigInt(address), bytes, this.#offered.at(-1)?.id ?? 0, linked | mark);
    } else {
      this.#machine.writeDescriptor(at, BigInt(address), bytes, linked, next);
    }
    this.#next = next;
    if (next === 0) this.#wrap ^= 1;
  }

  #pushAvail(head: number): void {
    const slot = this.#availIdx % this.size;
    this.#machine.write16(this.avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES, head);
    this.#availIdx = (this.#availIdx + 1) & 0xffff;
    this.#machine.write16(this.avail + virtio.AVAIL_IDX, this.#availIdx);
  }
}
