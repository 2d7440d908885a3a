/**
 * The device in v86, in Node.js or in a browser.
 * @module virtio-crypto-wasm/v86
 */
import type { BackendEvent } from '../backend/contract.ts';
import { refuse } from '../check.ts';
import { CryptoDevice } from '../device/device.ts';
import { type CryptoDeviceOptions, resolveOptions } from '../device/options.ts';
import type { Refusal } from '../device/refusals.ts';
import { cpuOf, hasDevices, type V86Cpu } from './internals.ts';
import { plugIntoMemory, resolveMmioPlace } from './mmio.ts';
import { plugIntoPci, resolvePciPlace } from './pci.ts';

/** What attachVirtioCrypto needs of a `V86` by its documented interface. v86's own declarations need those of the DOM. */
export interface V86Emulator {
  add_listener(event: 'emulator-ready', listener: () => void): void;
}

/** What attachVirtioCrypto can be told. */
export interface V86Options extends CryptoDeviceOptions {
  /**
   * How the guest reaches the device. Default pci. With mmio the guest finds it in the machine's ACPI tables: make the
   * emulator with `acpi: true` and a BIOS that reads tables as files, as SeaBIOS does. `acpiphp.disable=1` on Linux's
   * command line then keeps it from dropping v86's PCI devices.
   */
  transport?: 'pci' | 'mmio';
  /** PCI slot: 0x0D to 0x11 and 0x13 to 0x1D are free in v86. Default 0x0D. */
  slot?: number;
  /**
   * I/O port at which the BAR stands until the BIOS moves it: a multiple of 256 from 0x1000 to 0xBF00, free of v86's own.
   * Default 0xAC00. Two devices in one machine need two slots and two ports.
   */
  port?: number;
  /**
   * With mmio, guest-physical address of the registers: a multiple of 0x20000 from 0x80000000 to 0xDFFE0000. Default
   * 0xD0000000. Two devices in one machine need two addresses and two interrupts.
   */
  mmioAddress?: number;
  /** With mmio, the interrupt: 3, 5 or 7, unless a second serial port (3) or the sound card (5) uses it. Default 7. */
  irq?: number;
  /**
   * Whether a saved state of the emulator holds the keys of open sessions, so that the guest goes on where it was. Default
   * true: such a state holds the guest's memory, and with it the keys, anyway. Without keys, requests in those sessions fail.
   */
  saveKeys?: boolean;
  /** See CreateOptions.onBackendEvent. */
  onBackendEvent?: (event: BackendEvent) => void;
  /** See CreateOptions.onRefused. */
  onRefused?: (refusal: Refusal) => void;
}

/** A device that was plugged into an emulator. */
export interface AttachedVirtioCrypto {
  /** Resolves to the device once the emulator has built its machine; rejects if v86 lacks what is needed. */
  readonly ready: Promise<CryptoDevice>;
  /** The device, once it is there. */
  readonly device: CryptoDevice | undefined;
  /** Wipes the device's keys and makes it deaf. The emulator itself is left alone. */
  dispose(): void;
  /**
   * Takes the device out of the running machine: its slot and its ports, or its memory, then read as all ones, its interrupt
   * is gone, and neither a reboot nor a saved state brings it back. Before the machine is built, it is not plugged in at all.
   */
  remove(): void;
}

/** Guest RAM is interrupted by the VGA's memory: a buffer there is not RAM. */
const VIDEO_MEMORY = { start: 0xa0000, end: 0xc0000 };

/**
 * Plugs a virtio crypto device (PCI 1af4:1054, or over MMIO) into a v86 machine. Call it right after `new V86(...)`, before
 * the emulator has loaded: the guest then finds the device when it looks for its hardware, a saved state restores it, and a
 * reboot resets it. Works in Node and in browsers. The engine runs inside v86's own WebAssembly memory, in pages that it
 * adds there.
 *
 * @throws RangeError for an option that is out of range, and TypeError for one of another type, naming it
 * @throws Error when the emulator has already built its machine
 */
export function attachVirtioCrypto(emulator: V86Emulator, options: V86Options = {}): AttachedVirtioCrypto {
  resolveOptions(options);
  const plugIn = plugFor(options);
  if (options.saveKeys !== undefined && typeof options.saveKeys !== 'boolean') {
    throw new TypeError(`saveKeys is ${String(options.saveKeys)}: give true or false.`);
  }
  if (typeof emulator?.add_listener !== 'function') refuse('emulator', emulator, 'what new V86(...) answers');
  if (hasDevices(emulator)) {
    throw new Error('The emulator has already built its machine: call attachVirtioCrypto right after new V86(...).');
  }
  let registers: Plugged | undefined;
  let removed = false;
  const ready = new Promise<CryptoDevice>((resolve, reject) => {
    // emulator-ready is the one moment after the bus exists and before a saved state is restored or the CPU runs.
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
  // A caller that does not look at `ready` still sees a failure on its first use of it, not as an unhandled rejection.
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

/** What connects a device as the options say; they are checked now. */
function plugFor(options: V86Options): (cpu: V86Cpu) => Plugged {
  const { transport = 'pci', saveKeys = true } = options;
  // Those of the transport that is not used are checked, too.
  const inMemory = resolveMmioPlace(options.mmioAddress, options.irq);
  const onBus = resolvePciPlace(options.slot, options.port);
  if (transport === 'mmio') return (cpu) => plugIntoMemory(cpu, createDevice(cpu, options), inMemory, saveKeys);
  if (transport === 'pci') return (cpu) => plugIntoPci(cpu, createDevice(cpu, options), onBus, saveKeys);
  throw new RangeError(`transport is ${String(transport)}: give pci or mmio.`);
}

function createDevice(cpu: V86Cpu, options: V86Options): CryptoDevice {
  const ram = cpu.mem8.byteOffset;
  const ramBytes = cpu.memory_size[0] ?? 0;
  return new CryptoDevice({
    ...options,
    guestInThread: options.guestInThread ?? true,
    guest: {
      memory: cpu.wasm_memory,
      regions: [
        { guestAddress: 0, bytes: VIDEO_MEMORY.start, offset: ram },
        { guestAddress: VIDEO_MEMORY.end, bytes: ramBytes - VIDEO_MEMORY.end, offset: ram + VIDEO_MEMORY.end },
      ],
    },
    // The JIT's own export, so that the engine calls it without passing through JavaScript.
    onWrite: cpu.jit_dirty_cache,
  });
}
