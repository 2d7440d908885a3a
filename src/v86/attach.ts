/**
 * The device in v86, in Node.js or in a browser.
 * @module virtio-crypto-wasm/v86
 */
import type { BackendEvent } from '../backend/contract.ts';
import { checkFunction, refuse } from '../check.ts';
import type { CreateOptions } from '../device/contract.ts';
import { CryptoDevice } from '../device/device.ts';
import { type CryptoDeviceOptions, resolveOptions } from '../device/options.ts';
import type { Refusal } from '../device/refusals.ts';
import { cpuOf, hasDevices, type V86Cpu } from './internals.ts';
import { plugIntoMemory, resolveMmioPlace } from './mmio.ts';
import { plugIntoPci, resolvePciPlace } from './pci.ts';

/** The documented part of a `V86` that attachVirtioCrypto needs. v86's own declarations would need those of the DOM. */
export interface V86Emulator {
  add_listener(event: 'emulator-ready', listener: () => void): void;
}

/** Options of attachVirtioCrypto(): those of the device, and its place in the machine. */
export interface V86Options extends CryptoDeviceOptions {
  /**
   * How the guest reaches the device. With 'mmio' the guest finds it in the machine's ACPI tables: create the emulator with `acpi: true`
   * and a BIOS that reads tables as files, as SeaBIOS does. On Linux's command line, `acpiphp.disable=1` then prevents Linux from dropping
   * v86's PCI devices. Default 'pci'.
   */
  transport?: 'pci' | 'mmio';
  /** PCI slot: 0x0D to 0x11 and 0x13 to 0x1D are free in v86. Default 0x0D. */
  slot?: number;
  /**
   * I/O port of the BAR until the BIOS moves it: a multiple of 256 from 0x1000 to 0xBF00 that v86 does not use itself. Two devices in one
   * machine need two slots and two ports. Default 0xAC00.
   */
  port?: number;
  /**
   * With 'mmio', the guest-physical address of the registers: a multiple of 0x20000 from 0x80000000 to 0xDFFE0000. Two devices in one
   * machine need two addresses and two interrupts. Default 0xD0000000.
   */
  mmioAddress?: number;
  /** With 'mmio', the interrupt: 7; 5 if there is no sound card; 3 if there is no second serial port. Default 7. */
  irq?: number;
  /**
   * Whether a saved state of the emulator contains the keys of open sessions, so that the guest can go on. Without keys, requests in those
   * sessions fail after a restore. Default true, because a saved state contains the guest's memory, and with it the keys, in any case.
   */
  saveKeys?: boolean;
  /** Makes the device, for example one whose driver is watched: DriverChecker of virtio-crypto-wasm/lab. Default: createCryptoDevice(). */
  createDevice?: (options: CreateOptions) => CryptoDevice;
  /** See CreateOptions.onBackendEvent. */
  onBackendEvent?: (event: BackendEvent) => void;
  /** See CreateOptions.onRefused. */
  onRefused?: (refusal: Refusal) => void;
}

/** A device that is attached to an emulator. */
export interface AttachedVirtioCrypto {
  /**
   * Resolves to the device when the emulator has built its machine. Rejects with a TypeError if this build of v86 lacks a part that is
   * needed, with a RangeError if v86's memory cannot grow, and with an Error if remove() was called before.
   */
  readonly ready: Promise<CryptoDevice>;
  /** The device; undefined until the emulator has built its machine. */
  readonly device: CryptoDevice | undefined;
  /** Disposes of the device: its keys are wiped, and it ignores the guest from now on. The emulator goes on. */
  dispose(): void;
  /**
   * Takes the device out of the running machine. Its slot and ports, or its memory, read as all ones from now on, and its interrupt
   * becomes inactive. Neither a reboot nor a restored state brings it back. Before the machine is built, remove() prevents the attachment.
   */
  remove(): void;
}

/** The VGA's memory, guest-physical [start, end), is not RAM: the device accepts no buffer there. */
const VIDEO_MEMORY = { start: 0xa0000, end: 0xc0000 };

/**
 * Attaches a virtio crypto device (PCI 1af4:1054, or over MMIO) to a v86 machine. Call it right after `new V86(...)`, before the emulator
 * has loaded: the guest then finds the device with its other hardware. A saved state contains the device, and a reboot resets it. Works in
 * Node.js and in browsers. The engine runs inside v86's own WebAssembly memory, in pages that it adds.
 *
 * @throws RangeError that names an option that is out of range
 * @throws TypeError that names an option or parameter of a wrong type
 * @throws ThresholdsError for invalid thresholds
 * @throws CostsError for invalid costs
 * @throws Error if the emulator has already built its machine
 */
export function attachVirtioCrypto(emulator: V86Emulator, options: V86Options = {}): AttachedVirtioCrypto {
  resolveOptions(options);
  const plugIn = plugFor(options);
  if (options.saveKeys !== undefined && typeof options.saveKeys !== 'boolean') {
    throw new TypeError(`saveKeys is ${String(options.saveKeys)}: give true or false.`);
  }
  if (options.createDevice !== undefined) checkFunction('createDevice', options.createDevice);
  if (typeof emulator?.add_listener !== 'function') refuse('emulator', emulator, 'what new V86(...) answers');
  if (hasDevices(emulator)) {
    throw new Error('The emulator has already built its machine: call attachVirtioCrypto right after new V86(...).');
  }
  let registers: Plugged | undefined;
  let removed = false;
  const ready = new Promise<CryptoDevice>((resolve, reject) => {
    // At emulator-ready the bus exists, no saved state has been restored, and the CPU does not run yet.
    emulator.add_listener('emulator-ready', () => {
      try {
        if (removed) throw new Error('The device was removed before the emulator had built its machine.');
        registers ??= plugIn(cpuOf(emulator));
        resolve(registers.device);
      } catch (error) {
        reject(error);
      }
    });
  });
  // Without this, a failure would be an unhandled rejection for callers that do not use `ready`.
  ready.catch(() => {});
  return {
    ready,
    get device() {
      return registers?.device;
    },
    dispose: () => registers?.device.dispose(),
    remove: () => {
      removed = true;
      registers?.remove();
    },
  };
}

/** The registers of a device that is part of a machine. */
interface Plugged {
  readonly device: CryptoDevice;
  remove(): void;
}

/** Checks the options. Returns the function that connects a device to a machine as they say. */
function plugFor(options: V86Options): (cpu: V86Cpu) => Plugged {
  const { transport = 'pci', saveKeys = true } = options;
  // The options of the unused transport are checked, too.
  const inMemory = resolveMmioPlace(options.mmioAddress, options.irq);
  const onBus = resolvePciPlace(options.slot, options.port);
  if (transport === 'mmio') return (cpu) => plugIntoMemory(cpu, createDevice(cpu, options), inMemory, saveKeys);
  if (transport === 'pci') return (cpu) => plugIntoPci(cpu, createDevice(cpu, options), onBus, saveKeys);
  throw new RangeError(`transport is ${String(transport)}: give pci or mmio.`);
}

function createDevice(cpu: V86Cpu, options: V86Options): CryptoDevice {
  const ram = cpu.mem8.byteOffset;
  const ramBytes = cpu.memory_size[0] ?? 0;
  const { createDevice: create = (made: CreateOptions) => new CryptoDevice(made) } = options;
  return create({
    ...options,
    guestInThread: options.guestInThread ?? true,
    guest: {
      memory: cpu.wasm_memory,
      regions: [
        { guestAddress: 0, bytes: VIDEO_MEMORY.start, offset: ram },
        { guestAddress: VIDEO_MEMORY.end, bytes: ramBytes - VIDEO_MEMORY.end, offset: ram + VIDEO_MEMORY.end },
      ],
    },
    // This is the export of v86's JIT, so the engine calls it without passing through JavaScript.
    onWrite: cpu.jit_dirty_cache,
  });
}
