import * as virtio from '../../spec/virtio.ts';

/** The saved registers of a queue. Addresses are decimal text, because JSON has no 64-bit numbers. */
export interface SavedQueueRegisters {
  size: number;
  desc: string;
  driver: string;
  device: string;
  enabled: boolean;
}

export type Ring = 'split' | 'packed';
export type QueueKind = 'data' | 'control' | 'admin';

/** The registers that hold addresses: descriptor table, driver area (avail), device area (used). */
export type AddressRegister = 'desc' | 'driver' | 'device';

/** The registers of one virtqueue (4.1.4.3), as the driver has written them. */
export class QueueRegisters {
  readonly #capacity: number;
  /** The largest number of entries that the driver may choose. */
  maxSize: number;
  size: number;
  /** Guest-physical address of the descriptor table, of the driver area (avail) and of the device area (used). */
  desc = 0n;
  driver = 0n;
  device = 0n;
  enabled = false;
  /** The ring that was negotiated. */
  ring: Ring = 'split';
  /** What the queue is for (5.9.2; virtio 1.4, 2.13). */
  readonly kind: QueueKind;

  /** @param capacity largest number of entries. A split ring has at most the next lower power of two */
  constructor(capacity: number, kind: QueueKind = 'data') {
    this.#capacity = capacity;
    this.kind = kind;
    this.maxSize = kind === 'admin' ? 0 : powerOfTwoUpTo(capacity);
    this.size = this.maxSize;
  }

  /**
   * Sets the ring. 4.1.4.3.1: unless VIRTIO_F_RING_PACKED was negotiated, the size that a driver finds is a power of two. An administration
   * queue has the size 0, because it is not available, unless VIRTIO_F_ADMIN_VQ was negotiated.
   */
  useRing(ring: Ring, administration: boolean): void {
    const before = this.maxSize;
    this.ring = ring;
    this.maxSize = ring === 'packed' ? this.#capacity : powerOfTwoUpTo(this.#capacity);
    if (this.kind === 'admin' && !administration) this.maxSize = 0;
    if (this.size === before) this.size = this.maxSize;
  }

  /** Writes half of an address, because transports have two registers of 32 bits for it. */
  writeAddress(name: AddressRegister, high: boolean, word: number): void {
    const half = BigInt(word >>> 0);
    this[name] = high ? (this[name] & 0xffffffffn) | (half << 32n) : (this[name] & ~0xffffffffn) | half;
  }

  /** Resets the registers. 4.1.4.3.1: after a reset the size is the largest size, and the queue is disabled. */
  reset(): void {
    this.size = this.maxSize;
    this.desc = 0n;
    this.driver = 0n;
    this.device = 0n;
    this.enabled = false;
  }

  /** The guest-physical addresses and lengths of the queue's three parts (2.7, 2.8). */
  parts(): { address: bigint; bytes: number }[] {
    const [driverBytes, deviceBytes] =
      this.ring === 'packed'
        ? [virtio.EVENT_SUPPRESS_BYTES, virtio.EVENT_SUPPRESS_BYTES]
        : [availBytes(this.size), usedBytes(this.size)];
    return [
      { address: this.desc, bytes: this.size * virtio.DESC_BYTES },
      { address: this.driver, bytes: driverBytes },
      { address: this.device, bytes: deviceBytes },
    ];
  }

  save(): SavedQueueRegisters {
    const { size, enabled } = this;
    return { size, enabled, desc: `${this.desc}`, driver: `${this.driver}`, device: `${this.device}` };
  }

  restore(saved: SavedQueueRegisters): void {
    this.size = saved.size;
    this.enabled = saved.enabled;
    this.desc = BigInt(saved.desc);
    this.driver = BigInt(saved.driver);
    this.device = BigInt(saved.device);
  }
}

/** The largest power of two that is at most `size`. `size` is at least 1. */
export function powerOfTwoUpTo(size: number): number {
  return 2 ** Math.floor(Math.log2(size));
}

/** How many virtqueues there are, and how many entries they have at most. */
export interface QueueSizes {
  dataQueues: number;
  queueSize: number;
  controlQueueSize: number;
  /** Whether there is an administration queue. */
  administration: boolean;
}

/** Entries of the administration queue: drivers send commands one by one, because later ones depend on earlier ones. */
const ADMIN_QUEUE_SIZE = 64;

/** The registers of all virtqueues: dataq1 to dataqN, then controlq (5.9.2), then the administration queue (virtio 1.4, 2.13). */
export function queueRegisters(sizes: QueueSizes): QueueRegisters[] {
  const queues = Array.from({ length: sizes.dataQueues }, () => new QueueRegisters(sizes.queueSize));
  queues.push(new QueueRegisters(sizes.controlQueueSize, 'control'));
  if (sizes.administration) queues.push(new QueueRegisters(ADMIN_QUEUE_SIZE, 'admin'));
  return queues;
}

/** Bytes of guest memory that a ring of this size takes at most. A split ring (2.7) is larger than a packed ring. */
function ringBytes(size: number): number {
  return size * virtio.DESC_BYTES + availBytes(size) + usedBytes(size);
}

function availBytes(size: number): number {
  return virtio.AVAIL_RING + size * virtio.AVAIL_ELEM_BYTES + virtio.RING_EVENT_BYTES;
}

function usedBytes(size: number): number {
  return virtio.USED_RING + size * virtio.USED_ELEM_BYTES + virtio.RING_EVENT_BYTES;
}

/** Bytes of guest memory that the rings of all queues take. */
export function queuesMemoryBytes({ dataQueues, queueSize, controlQueueSize, administration }: QueueSizes): number {
  const others = ringBytes(controlQueueSize) + (administration ? ringBytes(ADMIN_QUEUE_SIZE) : 0);
  return dataQueues * ringBytes(queueSize) + others;
}

/** The largest power of two as the size of the data queues for which all rings fit in `bytes` bytes; 0 if there is none. */
export function queueSizeWithin(queues: QueueSizes, bytes: number): number {
  let queueSize: number = virtio.QUEUE_SIZE_MAX;
  while (queueSize >= 1 && queuesMemoryBytes({ ...queues, queueSize }) > bytes) queueSize /= 2;
  return queueSize < 1 ? 0 : queueSize;
}
