import * as virtio from '../../spec/virtio.ts';
import type { CryptoDevice } from '../../src/device/device.ts';

/** Tables are read no further than this: RAM has room for no more entries. */
const TABLE_ENTRIES_MAX = 1024;
const PACKED = 1n << BigInt(virtio.F_RING_PACKED);

/** Stretches of a memory, kept in one place since they are listed anew for each notification. */
class Stretches {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  count = 0;

  clear(): void {
    this.count = 0;
  }

  add(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  /** Whether any of these from `from` on touches any of the others. */
  touch(others: Stretches, from = 0): boolean {
    for (let i = from; i < this.count; i++) {
      const start = this.starts[i] ?? 0;
      const end = this.ends[i] ?? 0;
      for (let j = 0; j < others.count; j++) {
        if (start < (others.ends[j] ?? 0) && (others.starts[j] ?? 0) < end) return true;
      }
    }
    return false;
  }
}

/** A guest's RAM, and its device. Places are those in the memory that the RAM stands in; numbers are little-endian. */
export interface GuestOfDevice {
  readonly device: Pick<CryptoDevice, 'queues' | 'driverFeatures'>;
  place(address: number, bytes: number): number | undefined;
  read16(at: number): number;
  read32(at: number): number;
}

/**
 * What a device may write, by the rings alone: rings' own parts, and each writable buffer that any descriptor of a ring, or of
 * a table that one of them refers to, names. That is more than the device has been offered, and never less.
 */
export class Writable {
  readonly stretches = new Stretches();
  /** Whether anything of it is where the device reads rings or tables, or parts of rings stand over each other. */
  inRings = false;
  readonly #machine: GuestOfDevice;
  readonly #tables = new Stretches();

  constructor(machine: GuestOfDevice) {
    this.#machine = machine;
  }

  /** Lists it as memory stands now. */
  update(): void {
    const { stretches } = this;
    const { device } = this.#machine;
    stretches.clear();
    this.#tables.clear();
    this.inRings = false;
    const packed = (device.driverFeatures & PACKED) !== 0n;
    const { queues } = device;
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i];
      if (!queue?.enabled) continue;
      const { size } = queue;
      const suppress = virtio.EVENT_SUPPRESS_BYTES;
      const usedBytes = packed ? suppress : virtio.USED_RING + size * virtio.USED_ELEM_BYTES + virtio.RING_EVENT_BYTES;
      const availBytes = packed
        ? suppress
        : virtio.AVAIL_RING + size * virtio.AVAIL_ELEM_BYTES + virtio.RING_EVENT_BYTES;
      this.#addPart(Number(queue.desc), size * virtio.DESC_BYTES, packed);
      this.#addPart(Number(queue.driver), availBytes, false);
      this.#addPart(Number(queue.device), usedBytes, true);
    }
    const own = stretches.count;
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i];
      if (queue?.enabled) this.#readTable(Number(queue.desc), queue.size, packed, true);
    }
    if (stretches.touch(this.#tables, own)) this.inRings = true;
  }

  /** One part of a ring. All of them are kept apart from buffers, and from each other. */
  #addPart(address: number, bytes: number, written: boolean): void {
    const start = this.#machine.place(address, bytes);
    if (start === undefined) return;
    const { stretches } = this;
    const tables = this.#tables;
    for (let i = 0; i < tables.count; i++) {
      if (start < (tables.ends[i] ?? 0) && (tables.starts[i] ?? 0) < start + bytes) this.inRings = true;
    }
    tables.add(start, start + bytes);
    if (written) stretches.add(start, start + bytes);
  }

  #readTable(at: number, entries: number, packed: boolean, inRing: boolean): void {
    const machine = this.#machine;
    const flagsAt = packed ? virtio.PACKED_DESC_FLAGS : virtio.DESC_FLAGS;
    for (let i = 0; i < entries; i++) {
      const descriptor = at + i * virtio.DESC_BYTES;
      const flags = machine.read16(descriptor + flagsAt);
      if ((flags & (virtio.DESC_F_WRITE | virtio.DESC_F_INDIRECT)) === 0) continue;
      const bytes = machine.read32(descriptor + virtio.DESC_LEN);
      if (bytes === 0 || machine.read32(descriptor + 4) !== 0) continue;
      const address = machine.read32(descriptor);
      const start = machine.place(address, bytes);
      if (start === undefined) continue;
      if (flags & virtio.DESC_F_WRITE) this.stretches.add(start, start + bytes);
      if (inRing && flags & virtio.DESC_F_INDIRECT) {
        this.#tables.add(start, start + bytes);
        this.#readTable(address, Math.min(TABLE_ENTRIES_MAX, bytes >> 4), packed, false);
      }
    }
  }
}
