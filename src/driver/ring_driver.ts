import * as spec from '../../spec/crypto.ts';
import { STATELESS_MODES } from '../../spec/services.ts';
import * as virtio from '../../spec/virtio.ts';
import { AdminDriver } from './admin/admin_driver.ts';
import { checkDriverOptions } from './check.ts';
import { type DeviceConfig, readConfig } from './config.ts';
import type { DriverOptions } from './options.ts';
import { PackedQueue } from './packed_queue.ts';
import type { Chain, ChainBuffer, DriverQueue } from './queue.ts';
import type { GuestRam, RamAllocator } from './ram.ts';
import { SplitQueue } from './split_queue.ts';
import { awaitStatus, type DriverTransport, resetDevice } from './transport.ts';

/** A raw chain for submit(). */
export interface RawRequest {
  /** Number of the virtqueue: a data queue from 0 on, or controlQueue. */
  queue: number;
  /** Contents of the buffers that the device may read. */
  readable: readonly Uint8Array[];
  /** Lengths in bytes of the buffers that the device may write. */
  writable: readonly number[];
  /** Whether the chain is in an indirect table. Default: true if negotiated and there is more than one buffer. */
  indirect?: boolean;
  /** Whether the notification is held back, until notify() or a later request sends it. Default false. */
  hold?: boolean;
}

/** The device's result for a raw chain. */
export interface RawResult {
  /** Bytes that the device wrote: used.len (2.7.8, 2.8.4). */
  written: number;
  /** Copies of the writable buffers. submit() fills them with zeros before the device writes. */
  writable: Uint8Array[];
}

/** A request that the device holds. */
interface Pending {
  queue: number;
  writable: ChainBuffer[];
  /** Addresses of the guest memory that was taken for it. They are given back when the device is done. */
  memory: readonly number[];
  resolve(result: RawResult): void;
  reject(error: Error): void;
}

/** The features of the virtio core that the driver accepts by default. VIRTIO_F_IN_ORDER is an option. */
export const KNOWN_FEATURES = [
  virtio.F_VERSION_1,
  virtio.F_INDIRECT_DESC,
  virtio.F_EVENT_IDX,
  virtio.F_RING_PACKED,
  virtio.F_NOTIFICATION_DATA,
  virtio.F_RING_RESET,
  virtio.F_ADMIN_VQ,
  virtio.F_ACCESS_PLATFORM,
  virtio.F_SUSPEND,
].reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);

/** The features that allow stateless requests (5.9.3). */
const STATELESS_FEATURES = STATELESS_MODES.reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);

/** The driver's side of the virtio core (3.1): initialisation, virtqueues, and chains with any content. */
export class RingDriver {
  readonly transport: DriverTransport;
  /** The data queues, the control queue (5.9.2), and the administration queue if there is one. Empty before start(). */
  queues: DriverQueue[] = [];
  /** The negotiated feature bits. */
  features = 0n;
  readonly #ram: GuestRam;
  readonly #allocator: RamAllocator;
  readonly #options: DriverOptions;
  readonly #pending = new Map<string, Pending>();
  #suspended = false;
  #controlQueue = -1;
  #admin: AdminDriver | undefined;
  /** For each queue: memory of requests that were in flight when the queue broke. The device may write there until a reset. */
  readonly #lent = new Map<number, number[]>();

  /**
   * @param ram the guest's RAM
   * @param allocator gives the driver its rings and buffers
   * @throws TypeError or RangeError that names a wrong option
   */
  constructor(transport: DriverTransport, ram: GuestRam, allocator: RamAllocator, options: DriverOptions = {}) {
    checkDriverOptions(options);
    this.transport = transport;
    this.#ram = ram;
    this.#allocator = allocator;
    this.#options = options;
  }

  /**
   * Initialises the device (3.1.1), from reset to DRIVER_OK. Requests in flight are rejected.
   * @throws Error if the device does not finish its reset, refuses the features, needs a reset at its start, or changes its configuration whenever it is read
   * @throws RangeError if the memory for the rings is too small, or queueSize is not a power of two for a split ring
   */
  start(): void {
    const { transport } = this;
    resetDevice(transport);
    this.#abandon(new Error('The device was reset.'));
    transport.status = virtio.STATUS_ACKNOWLEDGE;
    transport.status = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER;
    this.features = transport.deviceFeatures & this.#wanted();
    transport.driverFeatures = this.features;
    const negotiated = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER | virtio.STATUS_FEATURES_OK;
    transport.status = negotiated;
    if (!(transport.status & virtio.STATUS_FEATURES_OK)) {
      transport.status = transport.status | virtio.STATUS_FAILED;
      throw new Error(`The device refuses the features 0x${this.features.toString(16)}.`);
    }
    const { maxDataQueues } = this.readConfig();
    for (let index = 0; index <= maxDataQueues; index++)
      this.queues.push(this.#setUpQueue(index, index < maxDataQueues));
    this.#controlQueue = maxDataQueues;
    this.#setUpAdminQueue();
    transport.status = negotiated | virtio.STATUS_DRIVER_OK;
    if (transport.status & virtio.STATUS_DEVICE_NEEDS_RESET) throw new Error('The device needs a reset at its start.');
  }

  /** Resets the device (2.4) and gives the rings' memory back. Requests in flight are rejected. */
  stop(): void {
    resetDevice(this.transport);
    this.#abandon(new Error('The driver was stopped.'));
  }

  /**
   * Suspends the device (3.4 of virtio 1.4). The device completes what it has begun. What it has not taken stays in the rings until
   * resume(); until then requests and notifications throw.
   * @throws Error if VIRTIO_F_SUSPEND was not negotiated, the device is not running, or it fails to suspend itself
   */
  suspend(): void {
    if (!this.has(virtio.F_SUSPEND)) throw new Error('VIRTIO_F_SUSPEND was not negotiated.');
    if (this.queues.length === 0) throw new Error('The driver has not started the device: start() it first.');
    const { transport } = this;
    this.#suspended = true;
    transport.status = transport.status | virtio.STATUS_SUSPEND;
    awaitStatus(transport, virtio.STATUS_SUSPEND, virtio.STATUS_DRIVER_OK, 'suspend itself');
    this.poll();
  }

  /**
   * Has a suspended device go on (3.4 of virtio 1.4).
   * @throws Error if the device is not suspended, or fails to resume
   */
  resume(): void {
    if (!this.#suspended) throw new Error('The device is not suspended: suspend() it first.');
    const { transport } = this;
    transport.status = transport.status | virtio.STATUS_DRIVER_OK;
    awaitStatus(transport, virtio.STATUS_DRIVER_OK, virtio.STATUS_SUSPEND, 'resume');
    this.#suspended = false;
  }

  /** Index of the control queue (5.9.2); -1 before start(). */
  get controlQueue(): number {
    return this.#controlQueue;
  }

  /**
   * Sends administration commands (virtio 1.4, 2.12).
   * @throws Error if VIRTIO_F_ADMIN_VQ was not negotiated
   */
  get admin(): AdminDriver {
    if (this.#admin) return this.#admin;
    throw new Error('VIRTIO_F_ADMIN_VQ was not negotiated: offer features.adminQueue on PCI, and start() the driver.');
  }

  /**
   * Reads the configuration space. Reads it again if it changed meanwhile (2.5.1).
   * @throws Error if it changed during each of 1000 reads
   */
  readConfig(): DeviceConfig {
    return readConfig(this.transport);
  }

  /** Call this when the device interrupts: it acknowledges the interrupt, and takes the completed chains. */
  interrupt(): void {
    this.transport.readIsr();
    this.poll();
  }

  /**
   * Takes the chains that the device has completed on any queue, and resolves their requests. If the device completed a chain in a way that
   * is not possible, the queue is broken: its requests in flight are rejected with a BrokenQueueError, and so are later requests until a
   * reset.
   */
  poll(): void {
    for (const queue of this.queues) {
      for (const { head, written } of queue.takeUsed()) this.#finish(`${queue.index}:${head}`, written);
      if (queue.broken) this.#lendAll(queue.index, queue.broken);
    }
  }

  /**
   * Sends a raw chain. Resolves when the device has completed it. If the device needs a reset before that, the promise stays open until
   * start() or stop(), which reject it.
   * @throws BrokenQueueError if the device breaks the queue, or has broken it before
   * @throws Error if the device is suspended
   * @throws RangeError if there is no such queue, the chain has no buffers, or the queue or the driver's memory is full
   */
  async submit(request: RawRequest): Promise<RawResult> {
    this.#checkRunning();
    const { broken } = this.#queue(request.queue);
    if (broken) throw broken;
    const bytes = this.#ram();
    const memory: number[] = [];
    const take = (length: number): ChainBuffer => {
      const address = this.#allocator.take(length);
      memory.push(address);
      return { address, bytes: length };
    };
    let sent: Promise<RawResult>;
    try {
      const readable = request.readable.map((data) => {
        const buffer = take(data.length);
        bytes.set(data, buffer.address);
        return buffer;
      });
      const writable = request.writable.map((length) => {
        const buffer = take(length);
        bytes.fill(0, buffer.address, buffer.address + length);
        return buffer;
      });
      const chain: Chain = {
        readable,
        writable,
        ...(request.indirect === undefined ? {} : { indirect: request.indirect }),
      };
      sent = this.#send(request.queue, chain, memory);
    } catch (error) {
      this.#giveAll(memory);
      throw error;
    }
    if (!request.hold) this.notify(request.queue);
    return sent;
  }

  /**
   * Sends a chain over the caller's own buffers, as submit() does. After a rejection with a BrokenQueueError the device may still write to
   * them, until the queue or the device is reset.
   * @param index number of the virtqueue
   * @param hold whether the notification is held back
   * @throws RangeError if there is no such queue, it is full, or the chain has no buffers: thrown at once
   * @throws Error if the device is suspended: thrown at once
   */
  submitChain(index: number, chain: Chain, hold = false): Promise<RawResult> {
    this.#checkRunning();
    const { broken } = this.#queue(index);
    if (broken) return Promise.reject(broken);
    const sent = this.#send(index, chain, []);
    if (!hold) this.notify(index);
    return sent;
  }

  /**
   * Notifies the device of the chains whose notification was held back, unless it has suppressed notifications (2.7.10, 2.8.10).
   * @throws RangeError if there is no such queue
   * @throws Error if the device is suspended
   */
  notify(index: number): void {
    this.#checkRunning();
    const queue = this.#queue(index);
    if (!queue.needsNotification()) return;
    if (this.has(virtio.F_NOTIFICATION_DATA)) this.transport.notify(index, queue.nextOffset);
    else this.transport.notify(index);
  }

  /**
   * Resets one queue and enables it again, empty (2.6.1). Its requests in flight are rejected.
   * @throws Error if VIRTIO_F_RING_RESET was not negotiated, or the device does not finish the reset
   * @throws RangeError if there is no such queue
   */
  resetQueue(index: number): void {
    if (!this.has(virtio.F_RING_RESET)) throw new Error('VIRTIO_F_RING_RESET was not negotiated.');
    const queue = this.#queue(index);
    this.transport.resetQueue(index);
    // 2.6.1.1.2: the driver reuses the queue's memory only when the device has finished the reset.
    queue.release();
    this.#lendAll(index, new Error(`Queue ${index} was reset.`));
    this.#giveBack(index);
    this.queues[index] = this.#setUpQueue(index, index < this.controlQueue);
  }

  /** Whether a feature was negotiated, by its bit number. */
  has(bit: number): boolean {
    return ((this.features >> BigInt(bit)) & 1n) === 1n;
  }

  #wanted(): bigint {
    const { features = KNOWN_FEATURES, inOrder = false, layout = 'legacy', stateless = true } = this.#options;
    const core = inOrder ? features | (1n << BigInt(virtio.F_IN_ORDER)) : features;
    if (layout === 'legacy') return core;
    return core | (1n << BigInt(spec.F_REVISION_1)) | (stateless ? STATELESS_FEATURES : 0n);
  }

  /** 3.4.1 of virtio 1.4: a driver offers no buffers to a suspended device, and does not notify it. */
  #checkRunning(): void {
    if (this.#suspended) throw new Error('The device is suspended: resume() it first.');
  }

  #queue(index: number): DriverQueue {
    const queue = this.queues[index];
    if (!queue)
      throw new RangeError(`There is no queue ${index}: the driver has ${this.queues.length}, start() it first.`);
    return queue;
  }

  #setUpQueue(index: number, isData: boolean): DriverQueue {
    const { transport } = this;
    const offered = transport.queueSizeMax(index);
    const size = Math.min(offered, isData ? (this.#options.queueSize ?? offered) : offered);
    const packed = this.has(virtio.F_RING_PACKED);
    // 2.7: only the size of a split ring must be a power of two.
    if (!packed && (size & (size - 1)) !== 0) {
      throw new RangeError(`driver.queueSize is ${size}: give a power of two, or take up VIRTIO_F_RING_PACKED.`);
    }
    const Ring = packed ? PackedQueue : SplitQueue;
    const queue = new Ring(index, size, this.#ram, this.#allocator, {
      indirect: this.has(virtio.F_INDIRECT_DESC),
      eventIdx: this.has(virtio.F_EVENT_IDX),
      inOrder: this.has(virtio.F_IN_ORDER),
    });
    transport.enableQueue(index, size, queue.desc, queue.avail, queue.used);
    return queue;
  }

  /** Sets up the first administration queue. 4.1.4.3.2 of virtio 1.4: a driver may use fewer than there are. */
  #setUpAdminQueue(): void {
    if (!this.has(virtio.F_ADMIN_VQ)) return;
    const { index, count } = this.transport.adminQueues ?? { index: 0, count: 0 };
    // The queues are a list without gaps, and this device has none between them.
    if (count === 0 || index !== this.queues.length) return;
    this.queues.push(this.#setUpQueue(index, false));
    this.#admin = new AdminDriver((readable, writable) => this.submit({ queue: index, readable, writable }));
  }

  #send(index: number, chain: Chain, memory: readonly number[]): Promise<RawResult> {
    const head = this.#queue(index).add(chain);
    return new Promise((resolve, reject) => {
      const writable = [...chain.writable];
      this.#pending.set(`${index}:${head}`, { queue: index, writable, memory, resolve, reject });
    });
  }

  #finish(key: string, written: number): void {
    const pending = this.#pending.get(key);
    if (!pending) return;
    this.#pending.delete(key);
    const bytes = this.#ram();
    const writable = pending.writable.map(({ address, bytes: length }) => bytes.slice(address, address + length));
    this.#giveAll(pending.memory);
    pending.resolve({ written, writable });
  }

  /** Rejects the requests of a queue that are in flight. Their memory stays taken: the device may write there until a reset. */
  #lendAll(queue: number, error: Error): void {
    const lent = this.#lent.get(queue) ?? [];
    this.#lent.set(queue, lent);
    for (const [key, pending] of this.#pending) {
      if (pending.queue !== queue) continue;
      this.#pending.delete(key);
      lent.push(...pending.memory);
      pending.reject(error);
    }
  }

  /** Gives back the memory of a queue's rejected requests: after a reset the device does not write there any more. */
  #giveBack(queue: number): void {
    this.#giveAll(this.#lent.get(queue) ?? []);
    this.#lent.delete(queue);
  }

  #giveAll(memory: readonly number[]): void {
    for (const address of memory) this.#allocator.give(address);
  }

  /** Rejects all requests and gives all memory back, after a reset of the device. */
  #abandon(error: Error): void {
    for (const queue of this.queues) {
      queue.release();
      this.#lendAll(queue.index, error);
      this.#giveBack(queue.index);
    }
    this.queues = [];
    this.#controlQueue = -1;
    this.#admin = undefined;
    this.#suspended = false;
  }
}
