import { createRequire } from 'node:module';
import { type V86Options as EmulatorOptions, V86 } from 'v86';
import { expect, onTestFinished } from 'vitest';
import { DEVICE_ID_CRYPTO } from '../../spec/crypto.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import type { MmioWindow } from '../../src/driver/mmio_transport.ts';
import { PciTransport } from '../../src/driver/pci_transport.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { type AttachedVirtioCrypto, attachVirtioCrypto, type V86Options } from '../../src/v86/attach.ts';
import { cpuOf, type V86Cpu } from '../../src/v86/internals.ts';

const BLOCK_BITS = 17;
const IDE_SLOT = 0x1e;
export const CONFIG_ADDRESS = 0xcf8;
export const CONFIG_DATA = 0xcfc;
export const RAM_BYTES = 16 * 1024 * 1024;
/** Where attachVirtioCrypto puts a device that is not told where. */
const DEFAULT_PLACE = { slot: 0x0d, port: 0xac00 };

/** An emulator that does not run by itself. It is destroyed after the test. */
export function newEmulator(options: Partial<EmulatorOptions> = {}): V86 {
  const emulator = new V86({
    wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
    memory_size: RAM_BYTES,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: false,
    ...options,
  });
  onTestFinished(() => emulator.destroy());
  return emulator;
}

export interface TestMachine {
  emulator: V86;
  attached: AttachedVirtioCrypto;
  cpu: V86Cpu;
}

/** A machine of v86 that has been built and does not run: the test does what its guest would. */
export async function builtMachine(options: V86Options = {}): Promise<TestMachine> {
  const emulator = newEmulator();
  const attached = attachVirtioCrypto(emulator, options);
  await attached.ready;
  const cpu = cpuOf(emulator);
  clearIdeBars(cpu);
  return { emulator, attached, cpu };
}

/** Reads a port, as a guest does. */
export function inPort(cpu: V86Cpu, port: number, size: 8 | 16 | 32): number {
  const entry = cpu.io.ports[port] ?? expect.unreachable();
  return entry[`read${size}`].call(entry.device, port);
}

/** A word of the configuration space of a device on the PCI bus. */
export function configWord(cpu: V86Cpu, offset: number, slot = DEFAULT_PLACE.slot): number {
  out32(cpu, CONFIG_ADDRESS, 0x80000000 | (slot << 11) | offset);
  return inPort(cpu, CONFIG_DATA, 32);
}

/** The reference driver as the guest of a machine that does not run: through its ports, in its RAM from `from` on. */
export function driverOf(cpu: V86Cpu, { slot, port } = DEFAULT_PLACE, from = 0x100000): CryptoDriver {
  const header = new DataView(new ArrayBuffer(256));
  for (let offset = 0; offset < 256; offset += 4) header.setInt32(offset, configWord(cpu, offset, slot), true);
  const bits = { 1: 8, 2: 16, 4: 32 } as const;
  const transport = new PciTransport(
    {
      readConfig: (offset, size) => {
        if (size === 1) return header.getUint8(offset);
        return size === 2 ? header.getUint16(offset, true) : header.getUint32(offset, true);
      },
      // v86 itself enabled what the driver would.
      writeConfig: () => {},
      readBar: (_bar, offset, size) => inPort(cpu, port + offset, bits[size]) >>> 0,
      writeBar: (_bar, offset, size, value) => {
        const entry = cpu.io.ports[port + offset] ?? expect.unreachable();
        entry[`write${bits[size]}`].call(entry.device, value);
      },
    },
    DEVICE_ID_CRYPTO,
  );
  return new CryptoDriver(transport, () => ramOf(cpu), new RamAllocator(from, RAM_BYTES));
}

/** The guest's RAM: look again when the WebAssembly memory has grown. */
export function ramOf(cpu: V86Cpu): Uint8Array {
  return new Uint8Array(cpu.wasm_memory.buffer, cpu.mem8.byteOffset, RAM_BYTES);
}

/** Calls back at each interrupt of a device on the PCI bus, once v86 has heard of it. */
export function onInterrupt(cpu: V86Cpu, handler: (slot: number) => void): void {
  const { pci } = cpu.devices;
  const raise = pci.raise_irq.bind(pci);
  pci.raise_irq = (id) => {
    raise(id);
    handler(id >> 3);
  };
}

/** Writes a port of four bytes, as a guest does. */
export function out32(cpu: V86Cpu, port: number, value: number): void {
  const entry = cpu.io.ports[port] ?? expect.unreachable();
  entry.write32.call(entry.device, value);
}

/** What a BIOS does: v86 restores no state in which the IDE controller shows its first four BARs, which it does not have. */
export function clearIdeBars(cpu: V86Cpu): void {
  for (let offset = 0x10; offset < 0x20; offset += 4) {
    out32(cpu, CONFIG_ADDRESS, 0x80000000 | (IDE_SLOT << 11) | offset);
    out32(cpu, CONFIG_DATA, 0);
  }
}

type Handlers = Record<
  'memory_map_read8' | 'memory_map_read32' | 'memory_map_write8' | 'memory_map_write32',
  unknown[]
>;

function isMap(cpu: unknown): cpu is Handlers {
  return typeof cpu === 'object' && cpu !== null && Array.isArray(Reflect.get(cpu, 'memory_map_read8'));
}

/** What v86 does for a guest's accesses to a window of memory: handlers by blocks, addresses as int32, no 16-bit ones. */
export function mmioHandlers(emulator: V86, base: number): MmioWindow {
  const cpu = Reflect.get(Reflect.get(emulator, 'v86'), 'cpu');
  if (!isMap(cpu)) return expect.unreachable();
  const call = (name: keyof Handlers, address: number, ...value: number[]): number => {
    const handler = cpu[name][address >>> BLOCK_BITS];
    return typeof handler === 'function' ? handler(address | 0, ...value) : expect.unreachable();
  };
  return {
    read: (offset, size) => {
      if (size === 4) return call('memory_map_read32', base + offset) >>> 0;
      let value = 0;
      for (let i = size - 1; i >= 0; i--) value = value * 256 + call('memory_map_read8', base + offset + i);
      return value;
    },
    write: (offset, size, value) => {
      if (size === 4) call('memory_map_write32', base + offset, value | 0);
      else for (let i = 0; i < size; i++) call('memory_map_write8', base + offset + i, (value >> (8 * i)) & 0xff);
    },
  };
}
