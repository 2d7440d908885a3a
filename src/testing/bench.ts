import { DEVICE_ID_CRYPTO } from '../../spec/crypto.ts';
import { F_RING_PACKED } from '../../spec/virtio.ts';
import type { BackendEvent } from '../backend/contract.ts';
import { checkFunction, checkObject, checkSwitch } from '../check.ts';
import { type Clock, hostClock } from '../clock.ts';
import { CryptoDevice } from '../device/device.ts';
import type { CryptoDeviceOptions } from '../device/options.ts';
import type { Refusal } from '../device/refusals.ts';
import { checkDriverOptions } from '../driver/check.ts';
import { CryptoDriver } from '../driver/driver.ts';
import { MmioTransport } from '../driver/mmio_transport.ts';
import type { DriverOptions } from '../driver/options.ts';
import { type MsixMessage, PciTransport } from '../driver/pci_transport.ts';
import { RamAllocator } from '../driver/ram.ts';
import { KNOWN_FEATURES } from '../driver/ring_driver.ts';
import type { DriverTransport } from '../driver/transport.ts';
import type { WriteReport } from '../engine/instantiate.ts';
import type { Guest, GuestMemory } from '../engine/memory.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import { VirtioMmio } from '../transport/mmio/mmio.ts';
import { VirtioPci } from '../transport/pci/pci.ts';

export interface BenchOptions extends CryptoDeviceOptions {
  /** Told of what happened to the backend and cost no request. */
  onBackendEvent?: (event: BackendEvent) => void;
  /** The ring of every virtqueue: what device and driver agree on. Default split. */
  ring?: 'split' | 'packed';
  /** The layout of requests (5.9.7): that of the drivers in the field, or that of REVISION_1 with stateless modes. Default legacy. */
  layout?: 'legacy' | 'revision1';
  /** How the driver reaches the device: over PCI with an I/O BAR or a memory BAR, or over MMIO. Default pci. */
  transport?: 'pci' | 'pci-memory' | 'mmio';
  /** Whether a PCI device interrupts by MSI-X messages, one vector a queue. Default false: by INTx. */
  msix?: boolean;
  /** Guest RAM in bytes, a multiple of 65536. Default 16 MiB. */
  memoryBytes?: number;
  /** Whether threads share the guest's memory: workers then serve requests where they stand. Default false. */
  sharedMemory?: boolean;
  /**
   * Makes of the bench's memory what the device is given: one that is foreign, say. Default: the memory itself. One that is foreign must
   * not grow.
   */
  guestMemory?: (memory: GuestMemory) => Guest;
  /** The driver's choices. */
  driver?: DriverOptions;
  /** See CreateOptions.onWrite. */
  onWrite?: WriteReport;
  /** See CreateOptions.onRefused. */
  onRefused?: (refusal: Refusal) => void;
  /** See CreateOptions.clock. Default: the host's, and a Node process lives on while requests wait. */
  clock?: Clock;
  /** Whether the driver initialises the device at once. Default true. */
  start?: boolean;
}

/** A device and the reference driver, wired to one memory without an emulator. */
export interface Bench {
  readonly device: CryptoDevice;
  readonly driver: CryptoDriver;
  /** The device's registers, as the transport shows them. */
  readonly registers: VirtioPci<CryptoDevice> | VirtioMmio<CryptoDevice>;
  readonly memory: WasmMemory;
  /** Guest RAM, by guest-physical address. */
  ram(): Uint8Array;
  /** Memory that the driver takes its rings and buffers from. */
  readonly allocator: RamAllocator;
  dispose(): Promise<void>;
}

/** Guest-physical memory from here on belongs to the driver; below, tests may put what they like. */
const DRIVER_MEMORY = 0x10000;
const PAGE_BYTES = 65536;
const MIB = 1024 * 1024;
const MEMORY_PAGES_MAX = 65536;
/** A memory of WebAssembly has 4 GiB, and the engine takes some of it. */
const MEMORY_BYTES_MAX = 3 * 1024 * MIB;
/** The guest's RAM does not start where the memory does, so that an address taken for a pointer shows. */
const RAM_OFFSET = PAGE_BYTES;

/**
 * Makes a device and a driver for tests, benchmarks and lessons.
 * @throws RangeError for options out of range, and TypeError for those of another type, naming them
 */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  checkObject('options', options);
  if (options.driver !== undefined) checkDriverOptions(options.driver);
  const memoryBytes = options.memoryBytes ?? 16 * MIB;
  if (!Number.isInteger(memoryBytes) || memoryBytes % PAGE_BYTES !== 0 || memoryBytes < MIB) {
    throw new RangeError(`memoryBytes is ${memoryBytes}: give a multiple of 65536 from 1 MiB.`);
  }
  if (memoryBytes > MEMORY_BYTES_MAX) throw new RangeError(`memoryBytes is ${memoryBytes}: give 3 GiB at most.`);
  const { ring = 'split', transport = 'pci' } = options;
  if (ring !== 'split' && ring !== 'packed') throw new RangeError(`ring is ${String(ring)}: give split or packed.`);
  if (transport !== 'pci' && transport !== 'pci-memory' && transport !== 'mmio') {
    throw new RangeError(`transport is ${String(transport)}: give pci, pci-memory or mmio.`);
  }
  const { msix = false } = options;
  checkSwitch('msix', msix);
  checkSwitch('start', options.start);
  checkSwitch('sharedMemory', options.sharedMemory);
  const { guestMemory = (given: GuestMemory) => given } = options;
  checkFunction('guestMemory', guestMemory);
  if (msix && transport === 'mmio') throw new RangeError('msix is true: MMIO has one interrupt, give a PCI transport.');
  const { layout = 'legacy' } = options;
  if (layout !== 'legacy' && layout !== 'revision1') {
    throw new RangeError(`layout is ${String(layout)}: give legacy or revision1.`);
  }
  if (layout === 'revision1' && options.features?.revision1 === false) {
    throw new RangeError('layout is revision1, and features.revision1 is false: give layout legacy, or offer it.');
  }
  if (ring === 'packed' && options.features?.packed === false) {
    throw new RangeError('ring is packed, and features.packed is false: give ring split, or offer it.');
  }
  const initial = (RAM_OFFSET + memoryBytes) / PAGE_BYTES;
  const memory = new WebAssembly.Memory(
    options.sharedMemory ? { initial, maximum: MEMORY_PAGES_MAX, shared: true } : { initial },
  );
  const device = new CryptoDevice({
    ...options,
    clock: options.clock ?? hostClock(true),
    features: { ...options.features, ...(ring === 'packed' ? { packed: true } : {}) },
    guest: guestMemory({ memory, regions: [{ guestAddress: 0, bytes: memoryBytes, offset: RAM_OFFSET }] }),
  });
  let driver: CryptoDriver | undefined;
  let scheduled = false;
  const interrupt = () => {
    if (scheduled) return;
    scheduled = true;
    // An interrupt is taken after the instruction that caused it, not inside it.
    queueMicrotask(() => {
      scheduled = false;
      driver?.interrupt();
    });
  };
  const setInterruptLine = (level: boolean) => {
    if (level) interrupt();
  };
  const registers =
    transport === 'mmio'
      ? new VirtioMmio(device, setInterruptLine)
      : new VirtioPci(device, setInterruptLine, {
          bar: transport === 'pci' ? 'io' : 'memory',
          ...(msix ? { msix: { deliver: interrupt } } : {}),
        });
  const ram = () => new Uint8Array(memory.buffer, RAM_OFFSET, memoryBytes);
  const allocator = new RamAllocator(DRIVER_MEMORY, memoryBytes);
  driver = new CryptoDriver(driverTransport(registers, msix), ram, allocator, {
    layout,
    ...options.driver,
    features: withRing(options.driver?.features ?? KNOWN_FEATURES, ring),
  });
  await device.backendReady;
  if (options.start ?? true) driver.start();
  return {
    device,
    driver,
    registers,
    memory,
    ram,
    allocator,
    dispose: async () => {
      if (driver.queues.length > 0) driver.stop();
      device.dispose();
    },
  };
}

/** The driver's features with the bit that chooses the ring. */
function withRing(features: bigint, ring: 'split' | 'packed'): bigint {
  const packed = 1n << BigInt(F_RING_PACKED);
  return ring === 'packed' ? features | packed : features & ~packed;
}

/** The registers as the driver reaches them. */
function driverTransport(registers: VirtioPci | VirtioMmio, msix: boolean): DriverTransport {
  if (registers instanceof VirtioMmio) return new MmioTransport(registers, DEVICE_ID_CRYPTO);
  return new PciTransport(registers, DEVICE_ID_CRYPTO, msix ? messageOf : undefined);
}

/** The message of a vector, as an x86 machine has it: to the local APIC of its first processor. */
function messageOf(vector: number): MsixMessage {
  return { address: 0xfee00000n, data: 0x40 + vector };
}
