// The parts of v86 beyond its documented interface that this library uses. They are checked before use: v86's release build keeps these
// names, but does not promise them.

/** A port's handlers in v86's I/O map. */
interface PortEntry {
  read8(port: number): number;
  read16(port: number): number;
  read32(port: number): number;
  write8(value: number): void;
  write16(value: number): void;
  write32(value: number): void;
  device: unknown;
}

type Read = (port: number) => number;
type Write = (value: number) => void;

export interface V86Pci {
  /** The address register 0xCF8 as little-endian bytes, and the word that reads of 0xCFC return. */
  pci_addr: Uint8Array;
  pci_response32: Int32Array;
  pci_write8(address: number, written: number): void;
  pci_write16(address: number, written: number): void;
  pci_write32(address: number, written: number): void;
  /** Returns the configuration space that the guest sees, as 32-bit words. */
  register_device(device: {
    name: string;
    pci_id: number;
    pci_space: readonly number[];
    pci_bars: readonly { size: number }[];
  }): Int32Array;
  raise_irq(pciId: number): void;
  lower_irq(pciId: number): void;
}

export interface V86Cpu {
  io: {
    ports: PortEntry[];
    register_read(port: number, device: object, r8: Read, r16: Read, r32: Read): void;
    register_write(port: number, device: object, w8: Write, w16: Write, w32: Write): void;
    /** Sets the handlers of guest-physical memory, in whole blocks of 128 KiB. The handlers get addresses as int32. */
    mmap_register(
      address: number,
      bytes: number,
      r8: (address: number) => number,
      w8: (address: number, value: number) => void,
      r32: (address: number) => number,
      w32: (address: number, value: number) => void,
    ): void;
  };
  devices: { pci: V86Pci };
  mem8: Uint8Array;
  memory_size: Uint32Array;
  wasm_memory: WebAssembly.Memory;
  /** Not 0 while the guest is halted. */
  in_hlt: Uint8Array;
  /** Files that the firmware finds through QEMU's fw_cfg interface. */
  option_roms: { name: string; data: Uint8Array }[];
  device_raise_irq(irq: number): void;
  device_lower_irq(irq: number): void;
  jit_dirty_cache(start: number, end: number): void;
  run_hardware_timers(acpi: number, now: number): number;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
  reboot_internal(): void;
}

const FUNCTIONS = [
  ['io', 'register_read'],
  ['io', 'register_write'],
  ['io', 'mmap_register'],
  ['devices', 'pci', 'register_device'],
  ['devices', 'pci', 'raise_irq'],
  ['devices', 'pci', 'lower_irq'],
  ['devices', 'pci', 'pci_write8'],
  ['devices', 'pci', 'pci_write16'],
  ['devices', 'pci', 'pci_write32'],
  ['device_raise_irq'],
  ['device_lower_irq'],
  ['jit_dirty_cache'],
  ['run_hardware_timers'],
  ['get_state'],
  ['set_state'],
  ['reboot_internal'],
] as const;

const OBJECTS = [
  ['io', 'ports'],
  ['devices', 'pci', 'pci_addr'],
  ['devices', 'pci', 'pci_response32'],
  ['mem8'],
  ['memory_size'],
  ['in_hlt'],
  ['option_roms'],
  ['wasm_memory'],
] as const;

const REMEDY = 'which virtio-crypto needs: use v86 0.5.462, with which it was tested.';

function follow(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function isCpu(cpu: unknown): cpu is V86Cpu {
  return missingPart(cpu) === undefined;
}

function missingPart(cpu: unknown): string | undefined {
  for (const path of FUNCTIONS) if (typeof follow(cpu, path) !== 'function') return `cpu.${path.join('.')}`;
  for (const path of OBJECTS) if (typeof follow(cpu, path) !== 'object') return `cpu.${path.join('.')}`;
  return follow(cpu, ['wasm_memory']) instanceof WebAssembly.Memory ? undefined : 'cpu.wasm_memory';
}

/** Whether the emulator has built its machine already, so that no device can be added any more. */
export function hasDevices(emulator: unknown): boolean {
  return follow(emulator, ['v86', 'cpu', 'devices', 'pci']) !== undefined;
}

/**
 * Bytes that were typed into a serial line and that the guest has not read yet.
 * @param line 0 for COM1, 1 for COM2
 * @throws TypeError that names the missing part
 */
export function unreadSerialBytes(emulator: unknown, line: 0 | 1): number {
  const path = ['v86', 'cpu', 'devices', `uart${line}`, 'input'];
  const input = follow(emulator, path);
  if (Array.isArray(input)) return input.length;
  throw new TypeError(`This build of v86 has no ${path.slice(1).join('.')}, ${REMEDY}`);
}

/**
 * The CPU object of an emulator that sent `emulator-ready`.
 * @throws TypeError that names the missing part
 */
export function cpuOf(emulator: unknown): V86Cpu {
  const cpu = follow(emulator, ['v86', 'cpu']);
  if (!isCpu(cpu)) {
    throw new TypeError(`This build of v86 has no ${missingPart(cpu)}, ${REMEDY}`);
  }
  return cpu;
}
