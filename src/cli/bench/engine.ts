import { DEVICE_ID_CRYPTO, STATUS_BYTES } from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import { ISR_QUEUE } from '../../../spec/virtio_pci.ts';
import { CryptoDevice } from '../../device/device.ts';
import { CryptoDriver } from '../../driver/driver.ts';
import { findStructures } from '../../driver/pci_bus.ts';
import { PciTransport } from '../../driver/pci_transport.ts';
import type { DriverQueue } from '../../driver/queue.ts';
import { RamAllocator } from '../../driver/ram.ts';
import { CIPHER_ALGORITHMS, cipherRequest, statusName } from '../../driver/requests.ts';
import { VirtioPci } from '../../transport/pci/pci.ts';
import type { Workload } from './cases.ts';
import { BenchError, type Implementation, type Runner, resultDigest } from './implementation.ts';

/** The device of this library, through its rings and its PCI registers. */
export const engine: Implementation = { name: 'engine', prepare: prepareEngine, dispose: () => {} };

const PAGE_BYTES = 65536;
/** Guest RAM starts there in the WebAssembly memory, as an emulator's would not start at 0 either. */
const RAM_OFFSET = PAGE_BYTES;
/** Guest-physical memory below is left alone. */
const DRIVER_MEMORY = PAGE_BYTES;
const DATA_QUEUE = 0;

/** Where a request's result and status stand in guest RAM. */
interface Completion {
  destination: number;
  status: number;
}

async function prepareEngine(workload: Workload): Promise<Runner> {
  const { bytes, batch, key, case: item } = workload;
  // Rings for the largest queue and a request's small buffers take the fixed parts, source and destination the rest.
  const ramBytes = Math.ceil((2 * PAGE_BYTES + 1024 * 1024 + batch * (2 * bytes + 1024)) / PAGE_BYTES) * PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: (RAM_OFFSET + ramBytes) / PAGE_BYTES });
  const device = new CryptoDevice({
    guest: { memory, regions: [{ guestAddress: 0, bytes: ramBytes, offset: RAM_OFFSET }] },
    maxRequestBytes: Math.max(1024 * 1024, 4 * bytes),
    // The whole batch is done inside its notification.
    limits: { bytesPerNotification: 1024 * 1024 * 1024 },
  });
  // The interrupt line leads nowhere: the timed loop takes the interrupt by itself.
  const pci = new VirtioPci(device, () => {});
  const ram = () => new Uint8Array(memory.buffer, RAM_OFFSET, ramBytes);
  const allocator = new RamAllocator(DRIVER_MEMORY, ramBytes);
  const driver = new CryptoDriver(new PciTransport(pci, DEVICE_ID_CRYPTO), ram, allocator);
  driver.start();

  const creation = driver.createCipherSession('aes-cbc', item.direction, key);
  driver.interrupt();
  const session = await creation;
  if (session.status !== 'ok') throw new BenchError(`engine: the device refuses a session: ${session.status}.`);

  const queue = driver.queues[DATA_QUEUE];
  if (!queue) throw new BenchError('engine: the device has no data queue.');
  const heads: number[] = [];
  const completions: Completion[] = [];
  const place = (content: Uint8Array) => {
    const address = allocator.take(content.length);
    ram().set(content, address);
    return { address, bytes: content.length };
  };
  const lengths = { iv: workload.requests[0]?.iv.length ?? 0, source: bytes, destination: bytes };
  const header = cipherRequest(session.id, CIPHER_ALGORITHMS['aes-cbc'], item.direction, lengths);
  for (const { iv, source } of workload.requests) {
    const destination = allocator.take(bytes);
    const status = allocator.take(STATUS_BYTES);
    // The chain of Linux's driver: header, IV and source to read, result and status to write, in one indirect table.
    const chain = {
      readable: [place(header), place(iv), place(source)],
      writable: [
        { address: destination, bytes },
        { address: status, bytes: STATUS_BYTES },
      ],
    };
    heads.push(queue.add(chain));
    completions.push({ destination, status });
  }

  const doorbell = findStructures(pci, DEVICE_ID_CRYPTO);
  const ring = new RepublishedRing(device, pci, queue, heads, {
    // After this point the memory does not grow any more, so that views of it stay valid.
    words: new Uint16Array(memory.buffer),
    ramOffset: RAM_OFFSET,
    notifyOffset: doorbell.notify.offset + DATA_QUEUE * doorbell.notify.multiplier,
    isrOffset: doorbell.isr.offset,
  });
  ring.ring();

  return {
    digest: () => {
      const guest = ram();
      for (const { destination, status } of completions) {
        guest.fill(0, destination, destination + bytes);
        guest.fill(0xff, status, status + STATUS_BYTES);
      }
      ring.republish();
      ring.ring();
      for (const { status } of completions) {
        const name = statusName(guest[status] ?? 0xff);
        if (name !== 'ok') throw new BenchError(`engine: a request of ${bytes} bytes ended with status ${name}.`);
      }
      return resultDigest(completions.map(({ destination }) => guest.subarray(destination, destination + bytes)));
    },
    run: (times) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) {
        ring.republish();
        ring.ring();
      }
      return performance.now() - start;
    },
    dispose: () => device.dispose(),
  };
}

interface RingAccess {
  /** The WebAssembly memory. */
  words: Uint16Array;
  ramOffset: number;
  /** Registers in the device's BAR. */
  notifyOffset: number;
  isrOffset: number;
}

/** The least that a driver does for a batch: chains that were built once are made available again and again, in a split ring. */
class RepublishedRing {
  readonly #device: CryptoDevice;
  readonly #pci: VirtioPci;
  readonly #heads: Uint16Array;
  readonly #words: Uint16Array;
  readonly #notifyOffset: number;
  readonly #isrOffset: number;
  readonly #mask: number;
  /** Indices in #words. */
  readonly #availIdx: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIdx: number;
  /** The avail index: the chains were made available once, when they were built. */
  #next: number;

  constructor(device: CryptoDevice, pci: VirtioPci, queue: DriverQueue, heads: readonly number[], access: RingAccess) {
    this.#device = device;
    this.#pci = pci;
    this.#heads = Uint16Array.from(heads);
    this.#words = access.words;
    this.#notifyOffset = access.notifyOffset;
    this.#isrOffset = access.isrOffset;
    this.#mask = queue.size - 1;
    const wordAt = (address: number) => (access.ramOffset + address) / 2;
    this.#availIdx = wordAt(queue.avail + virtio.AVAIL_IDX);
    this.#availRing = wordAt(queue.avail + virtio.AVAIL_RING);
    this.#usedEvent = wordAt(queue.avail + virtio.AVAIL_RING + queue.size * virtio.AVAIL_ELEM_BYTES);
    this.#usedIdx = wordAt(queue.used + virtio.USED_IDX);
    this.#next = heads.length;
  }

  /** Makes the chains available again, and asks for one interrupt, at the batch's first completion (2.7.7). */
  republish(): void {
    const words = this.#words;
    const heads = this.#heads;
    const next = this.#next;
    for (let i = 0; i < heads.length; i++) words[this.#availRing + ((next + i) & this.#mask)] = heads[i] ?? 0;
    words[this.#usedEvent] = next;
    this.#next = (next + heads.length) & 0xffff;
    words[this.#availIdx] = this.#next;
  }

  /** Notifies the device, takes the interrupt and sees that all is done. */
  ring(): void {
    this.#pci.write(this.#notifyOffset, 2, DATA_QUEUE);
    const interrupted = this.#pci.read(this.#isrOffset, 1) === ISR_QUEUE;
    if (!interrupted || this.#words[this.#usedIdx] !== this.#next) {
      const reason = this.#device.fault?.message ?? 'without a fault';
      throw new BenchError(`engine: the device did not complete its requests: ${reason}.`);
    }
  }
}
