import type { V86 } from 'v86';
import { PCI_COMMAND } from '../../spec/virtio_pci.ts';
import { CryptoDevice } from '../device/device.ts';
import { type CryptoDeviceOptions, resolveOptions } from '../device/options.ts';
import type { AccessSize } from '../transport/access.ts';
import { VirtioPci } from '../transport/pci/pci.ts';
import { coalesceNotifications } from './v86_coalescing.ts';
import { cpuOf, hasDevices, type V86Cpu } from './v86_internals.ts';
import { connectConfigWindow } from './v86_pci_window.ts';
import { keepState } from './v86_state.ts';

/** What attachVirtioCrypto can be told. */
export interface V86Options extends CryptoDeviceOptions {
  /** PCI slot: 0x0D to 0x11 and 0x13 to 0x1D are free in v86. Default 0x0D. */
  slot?: number;
  /**
   * I/O port at which the BAR stands until the BIOS moves it: a multiple of 256 from 0x1000 to 0xBF00, free of v86's own.
   * Default 0xAC00. Two devices in one machine need two slots and two ports.
   */
  port?: number;
  /**
   * Whether a saved state of the emulator holds the keys of open sessions, so that the guest goes on where it was. Default
   * true: such a state holds the guest's memory, and with it the keys, anyway. Without keys, requests in those sessions fail.
   */
  saveKeys?: boolean;
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
   * Takes the device out of the running machine: its slot and its ports then read as all ones, its interrupt is gone, and
   * neither a reboot nor a saved state brings it back. Before the machine is built, it is not plugged in at all.
   */
  remove(): void;
}

const DEFAULT_SLOT = 0x0d;
const DEFAULT_PORT = 0xac00;
const FREE_SLOTS = [0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d];
const TAKEN_PORTS = [0xa600, 0xa700, 0xa800, 0xa900, 0xb000, 0xb400, 0xb600, 0xb700, 0xb800, 0xb900];

/** 4.1.4.5.1: the Interrupt Status bit of the PCI status register follows the ISR. Both stand in the word at offset 4. */
const PCI_STATUS_WORD = PCI_COMMAND / 4;
const INTERRUPT_STATUS = 1 << (16 + 3);

/** Guest RAM is interrupted by the VGA's memory: a buffer there is not RAM. */
const VIDEO_MEMORY = { start: 0xa0000, end: 0xc0000 };

/**
 * Plugs a virtio crypto device (PCI 1af4:1054) into a v86 machine. Call it right after `new V86(...)`, before the emulator
 * has loaded: the guest then finds the device when it scans the bus, a saved state restores it, and a reboot resets it.
 * Works in Node and in browsers. The engine runs inside v86's own WebAssembly memory, in pages that it adds there.
 *
 * @throws RangeError for an option that is out of range, naming it
 * @throws Error when the emulator has already built its machine
 */
export function attachVirtioCrypto(emulator: V86, options: V86Options = {}): AttachedVirtioCrypto {
  resolveOptions(options);
  const slot = options.slot ?? DEFAULT_SLOT;
  const port = options.port ?? DEFAULT_PORT;
  checkPlace(slot, port);
  if (options.saveKeys !== undefined && typeof options.saveKeys !== 'boolean') {
    throw new TypeError(`saveKeys is ${String(options.saveKeys)}: give true or false.`);
  }
  if (hasDevices(emulator)) {
    throw new Error('The emulator has already built its machine: call attachVirtioCrypto right after new V86(...).');
  }
  let registers: VirtioPci | undefined;
  let removed = false;
  const ready = new Promise<CryptoDevice>((resolve, reject) => {
    // emulator-ready is the one moment after the bus exists and before a saved state is restored or the CPU runs.
    emulator.add_listener('emulator-ready', () => {
      try {
        if (removed) throw new Error('The device was removed before the emulator had built its machine.');
        registers ??= plugIn(cpuOf(emulator), slot, port, options);
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

function checkPlace(slot: number, port: number): void {
  if (!FREE_SLOTS.includes(slot)) {
    throw new RangeError(`slot is ${slot}: give one that v86 leaves free, 13 to 17 or 19 to 29.`);
  }
  if (!Number.isInteger(port) || port % 256 !== 0 || port < 0x1000 || port > 0xbf00 || TAKEN_PORTS.includes(port)) {
    throw new RangeError(
      `port is ${port}: give a multiple of 256 from 0x1000 to 0xbf00 that v86 leaves free, 0xac00 say.`,
    );
  }
}

function plugIn(cpu: V86Cpu, slot: number, port: number, options: V86Options): VirtioPci {
  const ram = cpu.mem8.byteOffset;
  const ramBytes = cpu.memory_size[0] ?? 0;
  const device = new CryptoDevice({
    ...options,
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
  const pciId = slot << 3;
  const { pci } = cpu.devices;
  const setInterruptLine = (level: boolean) => {
    if (level) {
      space[PCI_STATUS_WORD] = (space[PCI_STATUS_WORD] ?? 0) | INTERRUPT_STATUS;
      pci.raise_irq(pciId);
    } else {
      space[PCI_STATUS_WORD] = (space[PCI_STATUS_WORD] ?? 0) & ~INTERRUPT_STATUS;
      pci.lower_irq(pciId);
    }
  };
  const registers = new VirtioPci(device, setInterruptLine, coalesceNotifications(cpu, device));
  connectPorts(cpu, port, registers);
  // After the ports: v86 takes hold of the BAR's handlers at this moment, to move them when the BAR moves.
  const space = pci.register_device({
    name: 'virtio-crypto',
    pci_id: pciId,
    pci_space: Array.from(registers.configHeader(port)),
    pci_bars: [{ size: VirtioPci.barBytes }],
  });
  connectConfigWindow(cpu, pciId, space, registers);
  keepState(cpu, slot, registers, options.saveKeys ?? true);
  return registers;
}

/** Routes the BAR's ports to the register model. The BAR is aligned to its size, so its low bits are the offset wherever it moves. */
function connectPorts(cpu: V86Cpu, port: number, registers: VirtioPci): void {
  const mask = VirtioPci.barBytes - 1;
  const read = (size: AccessSize) => (at: number) => registers.read(at & mask, size) | 0;
  const reads = [read(1), read(2), read(4)] as const;
  for (let offset = 0; offset < VirtioPci.barBytes; offset++) {
    cpu.io.register_read(port + offset, registers, ...reads);
    const write = (size: AccessSize) => (value: number) => registers.write(offset, size, value);
    cpu.io.register_write(port + offset, registers, write(1), write(2), write(4));
  }
}
