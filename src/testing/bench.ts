import { CryptoDevice } from '../device/device.ts';
import type { CryptoDeviceOptions } from '../device/options.ts';
import { CryptoDriver, type DriverOptions } from '../driver/driver.ts';
import type { PciFunction } from '../driver/pci_bus.ts';
import { RamAllocator } from '../driver/ram.ts';
import type { WriteReport } from '../engine/load.ts';
import { VirtioPci } from '../transport/pci/pci.ts';

export interface BenchOptions extends CryptoDeviceOptions {
  /** Guest RAM in bytes, a multiple of 65536. Default 16 MiB. */
  memoryBytes?: number;
  /** The driver's choices. */
  driver?: DriverOptions;
  /** See CreateOptions.onWrite. */
  onWrite?: WriteReport;
  /** Whether the driver initialises the device at once. Default true. */
  start?: boolean;
}

/** A device and the reference driver, wired to one memory over PCI, without an emulator. */
export interface Bench {
  readonly device: CryptoDevice;
  readonly driver: CryptoDriver;
  /** The device's PCI registers. */
  readonly pci: VirtioPci;
  /** The PCI function as the driver reaches it. */
  readonly target: PciFunction;
  readonly memory: WebAssembly.Memory;
  /** Guest RAM, by guest-physical address. */
  ram(): Uint8Array;
  /** Memory that the driver takes its rings and buffers from. */
  readonly allocator: RamAllocator;
  dispose(): Promise<void>;
}

/** Guest-physical memory from here on belongs to the driver; below, tests may put what they like. */
const DRIVER_MEMORY = 0x10000;
const PAGE_BYTES = 65536;
/** The guest's RAM does not start where the memory does, so that an address taken for a pointer shows. */
const RAM_OFFSET = PAGE_BYTES;

/**
 * Makes a device and a driver for tests, benchmarks and lessons.
 * @throws RangeError for options out of range
 */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const memoryBytes = options.memoryBytes ?? 16 * 1024 * 1024;
  if (!Number.isInteger(memoryBytes) || memoryBytes % PAGE_BYTES !== 0 || memoryBytes < 1024 * 1024) {
    throw new RangeError(`memoryBytes is ${memoryBytes}: give a multiple of 65536 from 1 MiB.`);
  }
  const memory = new WebAssembly.Memory({ initial: (RAM_OFFSET + memoryBytes) / PAGE_BYTES });
  const device = new CryptoDevice({
    ...options,
    guest: { memory, regions: [{ guestAddress: 0, bytes: memoryBytes, offset: RAM_OFFSET }] },
  });
  let driver: CryptoDriver | undefined;
  let scheduled = false;
  const pci = new VirtioPci(device, (level) => {
    if (!level || scheduled) return;
    scheduled = true;
    // An interrupt is taken after the instruction that caused it, not inside it.
    queueMicrotask(() => {
      scheduled = false;
      driver?.interrupt();
    });
  });
  const configSpace = new DataView(pci.configHeader(0x1000).buffer);
  const target: PciFunction = {
    readConfig: (offset, size) => readLittleEndian(configSpace, offset, size),
    readBar: (_bar, offset, size) => pci.read(offset, size),
    writeBar: (_bar, offset, size, value) => pci.write(offset, size, value),
  };
  const ram = () => new Uint8Array(memory.buffer, RAM_OFFSET, memoryBytes);
  const allocator = new RamAllocator(DRIVER_MEMORY, memoryBytes);
  driver = new CryptoDriver(target, ram, allocator, options.driver);
  if (options.start ?? true) driver.start();
  return {
    device,
    driver,
    pci,
    target,
    memory,
    ram,
    allocator,
    dispose: async () => {
      if (driver.queues.length > 0) driver.stop();
      device.dispose();
    },
  };
}

function readLittleEndian(view: DataView, offset: number, size: 1 | 2 | 4): number {
  if (size === 1) return view.getUint8(offset);
  return size === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true);
}
