import { DEVICE_ID_CRYPTO } from '../../../spec/crypto.ts';
import { ISR_QUEUE } from '../../../spec/virtio_pci.ts';
import { CryptoDevice } from '../../device/device.ts';
import { CryptoDriver } from '../../driver/driver.ts';
import { findStructures } from '../../driver/pci_bus.ts';
import { PciTransport } from '../../driver/pci_transport.ts';
import type { ChainBuffer } from '../../driver/queue.ts';
import { RamAllocator } from '../../driver/ram.ts';
import { statusName } from '../../driver/requests.ts';
import { VirtioPci } from '../../transport/pci/pci.ts';
import { BenchError, type Implementation, type Runner, resultDigest } from './implementation.ts';
import { operationOf, sessionOf } from './requests.ts';
import { PackedBatch, type RingKind, SplitBatch } from './rings.ts';
import type { Workload } from './workload.ts';

const PAGE_BYTES = 65536;
/** Guest RAM starts there in the WebAssembly memory, as an emulator's would not start at 0 either. */
const RAM_OFFSET = PAGE_BYTES;
/** Guest-physical memory below is left alone. */
const DRIVER_MEMORY = PAGE_BYTES;
const DATA_QUEUE = 0;

/** The device of this library, through its rings and its PCI registers. */
export function engineOver(ring: RingKind): Implementation {
  return {
    name: 'engine',
    has: () => true,
    prepare: (workload) => EngineRunner.prepare(workload, ring),
    dispose: () => {},
  };
}

export const engine: Implementation = engineOver('split');

/** A device whose ring holds a workload's requests, and the least that a driver does to have them run. */
export class EngineRunner implements Runner {
  readonly #machine: Machine;
  readonly #ring: SplitBatch | PackedBatch;
  readonly #completions: readonly Completion[];
  readonly #bytes: number;

  /** @throws BenchError when the device refuses a session or does not complete the requests */
  static async prepare(workload: Workload, ring: RingKind = 'split'): Promise<EngineRunner> {
    const { bytes, batch } = workload;
    const machine = startMachine(ring, batch * (2 * bytes + 1024), Math.max(1024 * 1024, 4 * bytes));
    const { driver, allocator, ram } = machine;
    const parameters = sessionOf(workload);
    const creation = driver.createSession(parameters);
    driver.interrupt();
    const session = await creation;
    if (session.status !== 'ok') throw new BenchError(`engine: the device refuses a session: ${session.status}.`);

    const queue = driver.queues[DATA_QUEUE];
    if (!queue) throw new BenchError('engine: the device has no data queue.');
    const take = (length: number): ChainBuffer => ({ address: allocator.take(length), bytes: length });
    const completions: Completion[] = [];
    const heads = workload.requests.map((request) => {
      const { readable, writable } = operationOf(workload, request, session.id);
      const places = writable.map(take);
      const status = places.at(-1)?.address ?? 0;
      completions.push({ results: places.slice(0, -1), status });
      const sources = readable.map((content) => {
        const buffer = take(content.length);
        ram().set(content, buffer.address);
        return buffer;
      });
      // As Linux's driver does it: what is read, then result and status to write, in one indirect table.
      return queue.add({ readable: sources, writable: places });
    });
    // After this point the memory does not grow any more, so that views of it stay valid.
    const Batch = ring === 'packed' ? PackedBatch : SplitBatch;
    return new EngineRunner(machine, new Batch(machine.memory, RAM_OFFSET, queue, heads), completions, bytes);
  }

  private constructor(
    machine: Machine,
    ring: SplitBatch | PackedBatch,
    completions: readonly Completion[],
    bytes: number,
  ) {
    this.#machine = machine;
    this.#ring = ring;
    this.#completions = completions;
    this.#bytes = bytes;
    this.#notify();
  }

  digest(): string {
    const guest = this.#machine.ram();
    for (const { results, status } of this.#completions) {
      for (const { address, bytes } of results) guest.fill(0, address, address + bytes);
      guest[status] = 0xff;
    }
    this.#ring.republish();
    this.#notify();
    for (const { status } of this.#completions) {
      const name = statusName(guest[status] ?? 0xff);
      if (name !== 'ok') throw new BenchError(`engine: a request of ${this.#bytes} bytes ended with status ${name}.`);
    }
    const places = this.#completions.flatMap(({ results }) => results);
    return resultDigest(places.map(({ address, bytes }) => guest.subarray(address, address + bytes)));
  }

  run(times: number): number {
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      this.#ring.republish();
      this.#notify();
    }
    return performance.now() - start;
  }

  /** Notifies the device `times` times of a queue in which nothing is available; returns how long that took, in milliseconds. */
  runEmpty(times: number): number {
    const { pci, notifyOffset } = this.#machine;
    const start = performance.now();
    for (let i = 0; i < times; i++) pci.write(notifyOffset, 2, DATA_QUEUE);
    return performance.now() - start;
  }

  dispose(): void {
    this.#machine.device.dispose();
  }

  /** Notifies the device, takes the interrupt and sees that all is done. */
  #notify(): void {
    const { pci, device, notifyOffset, isrOffset } = this.#machine;
    pci.write(notifyOffset, 2, DATA_QUEUE);
    const interrupted = pci.read(isrOffset, 1) === ISR_QUEUE;
    if (!interrupted || !this.#ring.completed) {
      const reason = device.fault?.message ?? 'without a fault';
      throw new BenchError(`engine: the device did not complete its requests: ${reason}.`);
    }
  }
}

/** Where a request's results and its status stand in guest RAM. */
interface Completion {
  results: readonly ChainBuffer[];
  status: number;
}

interface Machine {
  memory: WebAssembly.Memory;
  /** Guest RAM, by guest-physical address. */
  ram(): Uint8Array;
  allocator: RamAllocator;
  device: CryptoDevice;
  pci: VirtioPci;
  driver: CryptoDriver;
  /** Registers in the device's BAR. */
  notifyOffset: number;
  isrOffset: number;
}

/** A device with a started driver on a memory that has room for `contentBytes` of requests beside the rings. */
function startMachine(ring: RingKind, contentBytes: number, maxRequestBytes: number): Machine {
  // Rings for the largest queue and a request's small buffers take the fixed parts.
  const ramBytes = Math.ceil((2 * PAGE_BYTES + 1024 * 1024 + contentBytes) / PAGE_BYTES) * PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: (RAM_OFFSET + ramBytes) / PAGE_BYTES });
  const device = new CryptoDevice({
    guest: { memory, regions: [{ guestAddress: 0, bytes: ramBytes, offset: RAM_OFFSET }] },
    maxRequestBytes,
    features: { packed: ring === 'packed' },
    // The whole batch is done inside its notification.
    limits: { bytesPerNotification: 1024 * 1024 * 1024 },
  });
  // The interrupt line leads nowhere: the timed loop takes the interrupt by itself.
  const pci = new VirtioPci(device, () => {});
  const ram = () => new Uint8Array(memory.buffer, RAM_OFFSET, ramBytes);
  const allocator = new RamAllocator(DRIVER_MEMORY, ramBytes);
  const driver = new CryptoDriver(new PciTransport(pci, DEVICE_ID_CRYPTO), ram, allocator);
  driver.start();
  const { notify, isr } = findStructures(pci, DEVICE_ID_CRYPTO);
  const notifyOffset = notify.offset + DATA_QUEUE * notify.multiplier;
  return { memory, ram, allocator, device, pci, driver, notifyOffset, isrOffset: isr.offset };
}
