import type { V86 } from 'v86';
import { expect } from 'vitest';
import type { MmioWindow } from '../../src/driver/mmio_transport.ts';
import type { V86Cpu } from '../../src/host/v86_internals.ts';

const BLOCK_BITS = 17;
const IDE_SLOT = 0x1e;
export const CONFIG_ADDRESS = 0xcf8;
export const CONFIG_DATA = 0xcfc;

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
