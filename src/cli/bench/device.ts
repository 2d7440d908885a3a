import { DEVICE_ID_CRYPTO } from '../../../spec/crypto.ts';
import type { BackendOptions } from '../../backend/options.ts';
import { hostClock } from '../../clock.ts';
import type { CreateOptions } from '../../device/contract.ts';
import { CryptoDevice } from '../../device/device.ts';
import { CryptoDriver } from '../../driver/driver.ts';
import type { OperationChain } from '../../driver/operations.ts';
import { findStructures } from '../../driver/pci_bus.ts';
import { PciTransport } from '../../driver/pci_transport.ts';
import type { ChainBuffer, DriverQueue } from '../../driver/queue.ts';
import { RamAllocator } from '../../driver/ram.ts';
import { statusName } from '../../driver/status.ts';
import { VirtioPci } from '../../transport/pci/pci.ts';
import { BenchError, resultDigest } from './implementation.ts';
import { operationOf, sessionOf } from './requests.ts';
import type { RingKind } from './rings.ts';
import type { Workload } from './workload.ts';

const PAGE_BYTES = 65536;
/** Guest RAM starts there in the WebAssembly memory, as an emulator's would not start at 0 either. */
export const RAM_OFFSET = PAGE_BYTES;
/** Guest-physical memory below is left alone. */
const DRIVER_MEMORY = PAGE_BYTES;
export const DATA_QUEUE = 0;

/** A device, and a workload's requests in its guest's memory: available, but for the notification. */
export interface Prepared {
  machine: Machine;
  queue: DriverQueue;
  /** The requests' chains. */
  heads: readonly number[];
  completions: readonly Completion[];
}

/**
 * Makes a device whose ring holds a workload's requests. After this the memory does not grow any more, so that views of it stay valid.
 * @throws BenchError when the device refuses a session
 */
export async function prepareDevice(workload: Workload, options: MachineOptions): Promise<Prepared> {
  const { bytes, batch } = workload;
  const machine = startMachine(options, batch * (2 * bytes + 1024), Math.max(1024 * 1024, 4 * bytes));
  const { driver } = machine;
  await machine.device.backendReady;
  const parameters = sessionOf(workload);
  const creation = driver.createSession(parameters);
  driver.interrupt();
  const session = await creation;
  if (session.status !== 'ok') throw new BenchError(`engine: the device refuses a session: ${session.status}.`);

  return prepareChains(
    machine,
    workload.requests.map((request) => operationOf(workload, request, session.id)),
  );
}

/** Requests in a machine's memory, with a chain each: available, but for the notification. */
export function prepareChains(machine: Machine, operations: readonly OperationChain[]): Prepared {
  const { driver, allocator, ram } = machine;
  const queue = driver.queues[DATA_QUEUE];
  if (!queue) throw new BenchError('engine: the device has no data queue.');
  const take = (length: number): ChainBuffer => ({ address: allocator.take(length), bytes: length });
  const completions: Completion[] = [];
  const heads = operations.map(({ readable, writable }) => {
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
  return { machine, queue, heads, completions };
}

/** Makes sure that what is read later was written later. */
export function clearResults({ machine, completions }: Prepared): void {
  const guest = machine.ram();
  for (const { results, status } of completions) {
    for (const { address, bytes } of results) guest.fill(0, address, address + bytes);
    guest[status] = 0xff;
  }
}

/** resultDigest() of what stands in the guest's memory. Throws BenchError for a request that failed. */
export async function digestOfResults({ machine, completions }: Prepared, bytes: number): Promise<string> {
  const guest = machine.ram();
  for (const { status } of completions) {
    const name = statusName(guest[status] ?? 0xff);
    if (name !== 'ok') throw new BenchError(`engine: a request of ${bytes} bytes ended with status ${name}.`);
  }
  const places = completions.flatMap(({ results }) => results);
  return resultDigest(places.map(({ address, bytes }) => guest.subarray(address, address + bytes)));
}

/** Where a request's results and its status stand in guest RAM. */
export interface Completion {
  results: readonly ChainBuffer[];
  status: number;
}

export interface Machine {
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
  /** Called when the interrupt line rises. */
  interrupted: () => void;
}

/** What a device is made with. */
export interface MachineOptions extends BackendOptions {
  ring: RingKind;
  /** Whether threads share the guest's memory. Default false. */
  sharedMemory?: boolean;
  /** Makes the device. Default: createCryptoDevice(). */
  createDevice?: (options: CreateOptions) => CryptoDevice;
}

/** A device with a started driver on a memory that has room for `contentBytes` of requests beside the rings. */
export function startMachine(
  { ring, sharedMemory = false, createDevice = (options) => new CryptoDevice(options), ...backend }: MachineOptions,
  contentBytes: number,
  maxRequestBytes: number,
): Machine {
  // Rings for the largest queue and a request's small buffers take the fixed parts.
  const ramBytes = Math.ceil((2 * PAGE_BYTES + 1024 * 1024 + contentBytes) / PAGE_BYTES) * PAGE_BYTES;
  const initial = (RAM_OFFSET + ramBytes) / PAGE_BYTES;
  const memory = new WebAssembly.Memory(sharedMemory ? { initial, maximum: 65536, shared: true } : { initial });
  const device = createDevice({
    guest: { memory, regions: [{ guestAddress: 0, bytes: ramBytes, offset: RAM_OFFSET }] },
    maxRequestBytes,
    ...backend,
    // Nothing else keeps this process alive while it waits for workers.
    clock: hostClock(true),
    features: { packed: ring === 'packed' },
    // The whole batch is done inside its notification.
    limits: { bytesPerNotification: 1024 * 1024 * 1024 },
  });
  // The timed loop takes the interrupt by itself.
  const pci = new VirtioPci(device, (level) => {
    if (level) machine.interrupted();
  });
  const ram = () => new Uint8Array(memory.buffer, RAM_OFFSET, ramBytes);
  const allocator = new RamAllocator(DRIVER_MEMORY, ramBytes);
  const driver = new CryptoDriver(new PciTransport(pci, DEVICE_ID_CRYPTO), ram, allocator);
  driver.start();
  const { notify, isr } = findStructures(pci, DEVICE_ID_CRYPTO);
  const notifyOffset = notify.offset + DATA_QUEUE * notify.multiplier;
  const machine: Machine = {
    memory,
    ram,
    allocator,
    device,
    pci,
    driver,
    notifyOffset,
    isrOffset: isr.offset,
    interrupted: () => {},
  };
  return machine;
}
