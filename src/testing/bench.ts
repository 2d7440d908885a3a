import { DEVICE_ID_CRYPTO } from '../../spec/crypto.ts';
import { F_RING_PACKED } from '../../spec/virtio.ts';
import type { BackendEvent } from '../backend/contract.ts';
import { checkFunction, checkObject, checkSwitch } from '../check.ts';
import { type Clock, hostClock } from '../clock.ts';
import type { Administered } from '../device/admin/contract.ts';
import type { CreateOptions } from '../device/contract.ts';
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

/** Options of a bench: those of the device, and those of its driver and its memory. */
export interface BenchOptions extends CryptoDeviceOptions {
  /** See CreateOptions.onBackendEvent. */
  onBackendEvent?: (event: BackendEvent) => void;
  /** The ring of every virtqueue, for device and driver (2.7, 2.8). Default 'split'. */
  ring?: 'split' | 'packed';
  /**
   * The layout of requests (5.9.7): 'legacy', as the drivers in the field have it, or 'revision1', with the stateless modes that the device
   * offers. Default 'legacy'.
   */
  layout?: 'legacy' | 'revision1';
  /** How the driver reaches the device: over PCI with an I/O BAR, over PCI with a memory BAR, or over MMIO. Default 'pci'. */
  transport?: 'pci' | 'pci-memory' | 'mmio';
  /** Whether a PCI device interrupts by MSI-X messages, with one vector for each queue. Default false: by INTx. */
  msix?: boolean;
  /** Guest RAM in bytes: a multiple of 65536, from 1 MiB to 3 GiB. Default 16 MiB. */
  memoryBytes?: number;
  /** Whether threads share the guest's memory. Workers then read requests in place. Default false. */
  sharedMemory?: boolean;
  /**
   * Makes the guest memory of the device from the bench's memory, for example a foreign one, which must not grow. Default: the bench's
   * memory itself.
   */
  guestMemory?: (memory: GuestMemory) => Guest;
  /** Options of the driver. They override `layout`, but not `ring`. */
  driver?: DriverOptions;
  /** See CreateOptions.onWrite. */
  onWrite?: WriteReport;
  /** See CreateOptions.onRefused. */
  onRefused?: (refusal: Refusal) => void;
  /** See CreateOptions.administered. */
  administered?: Administered;
  /** See CreateOptions.clock. Default: the host's clock, whose timers keep a Node process alive while requests wait. */
  clock?: Clock;
  /** Makes the device, for example one whose driver is watched: DriverChecker of virtio-crypto-wasm/lab. Default: createCryptoDevice(). */
  createDevice?: (options: CreateOptions) => CryptoDevice;
  /** Whether the driver initialises the device at once. Default true. */
  start?: boolean;
  /** Called when the device interrupts, instead of driver.interrupt(): for a driver of your own, with `start: false`. */
  onInterrupt?: () => void;
}

/** A device and the reference driver over one memory, without an emulator. */
export interface Bench {
  readonly device: CryptoDevice;
  readonly driver: CryptoDriver;
  /** The transport that connects driver and device. */
  readonly registers: VirtioPci<CryptoDevice> | VirtioMmio<CryptoDevice>;
  /** The memory that holds the guest's RAM and the engine's region. */
  readonly memory: WasmMemory;
  /** Returns a new view of the guest's RAM: the index of a byte is its guest-physical address. */
  ram(): Uint8Array;
  /** Gives the driver its rings and buffers, from guest-physical 0x10000 on. */
  readonly allocator: RamAllocator;
  /** Stops the driver and disposes of the device. Requests in flight are rejected. */
  dispose(): Promise<void>;
}

/** Guest-physical memory from this address on belongs to the driver. The memory below is free for tests. */
const DRIVER_MEMORY = 0x10000;
const PAGE_BYTES = 65536;
const MIB = 1024 * 1024;
const MEMORY_PAGES_MAX = 65536;
/** A WebAssembly memory has at most 4 GiB, and the engine needs a part of it. */
const MEMORY_BYTES_MAX = 3 * 1024 * MIB;
/** The guest's RAM does not start at offset 0 of the memory, so that a test notices when an address is mistaken for a pointer. */
const RAM_OFFSET = PAGE_BYTES;

/**
 * Makes a device and a driver for tests, benchmarks and lessons. Resolves when the backend is at work, or has failed to start, and the
 * driver has initialised the device, unless `start` is false.
 * @throws RangeError that names an option that is out of range
 * @throws TypeError that names an option of a wrong type
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
  let driver: CryptoDriver | undefined;
  const { onInterrupt = () => driver?.interrupt() } = options;
  checkFunction('onInterrupt', onInterrupt);
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
  const { createDevice = (made: CreateOptions) => new CryptoDevice(made) } = options;
  checkFunction('createDevice', createDevice);
  const device = createDevice({
    ...options,
    clock: options.clock ?? hostClock(true),
    features: { ...options.features, ...(ring === 'packed' ? { packed: true } : {}) },
    guest: guestMemory({ memory, regions: [{ guestAddress: 0, bytes: memoryBytes, offset: RAM_OFFSET }] }),
  });
  let scheduled = false;
  const interrupt = () => {
    if (scheduled) return;
    scheduled = true;
    // A processor takes an interrupt after the instruction that caused it, not inside it.
    queueMicrotask(() => {
      scheduled = false;
      onInterrupt();
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

/** The driver's transport over the registers. */
function driverTransport(registers: VirtioPci | VirtioMmio, msix: boolean): DriverTransport {
  if (registers instanceof VirtioMmio) return new MmioTransport(registers, DEVICE_ID_CRYPTO);
  return new PciTransport(registers, DEVICE_ID_CRYPTO, msix ? messageOf : undefined);
}

/** The message of a vector, as on an x86 machine: it goes to the local APIC of the first processor. */
function messageOf(vector: number): MsixMessage {
  return { address: 0xfee00000n, data: 0x40 + vector };
}
