import type { V86 } from 'v86';
import { cpuOf } from '../v86/internals.ts';

const PAGE_BYTES = 4096;

/**
 * Lets a machine that was given a kernel image be rebooted. v86 puts the image into RAM once, where the running guest
 * then overwrites it; the boot loader of a later boot would jump into what is left. So the pages that are not empty
 * before the first instruction are kept, and written back before each reboot.
 */
export function rememberBootMemory(emulator: V86): void {
  emulator.add_listener('emulator-ready', () => {
    const cpu = cpuOf(emulator);
    const pages = pagesInUse(ramOf(cpu));
    const reboot = cpu.reboot_internal.bind(cpu);
    cpu.reboot_internal = () => {
      const ram = ramOf(cpu);
      for (const [address, bytes] of pages) {
        ram.set(bytes, address);
        cpu.jit_dirty_cache(address, address + bytes.length);
      }
      reboot();
    };
  });
}

/** The guest's RAM as plain bytes: v86's own view looks every access up anew. */
function ramOf(cpu: ReturnType<typeof cpuOf>): Uint8Array {
  return new Uint8Array(cpu.wasm_memory.buffer, cpu.mem8.byteOffset, cpu.mem8.length);
}

/** Copies of the runs of pages that hold anything, with their addresses. */
function pagesInUse(ram: Uint8Array): [address: number, bytes: Uint8Array][] {
  // Words of 32 bits: reading one of 64 bits makes an object.
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.byteLength / 4);
  const inUse = (address: number) => {
    for (let i = address / 4; i < (address + PAGE_BYTES) / 4; i++) if (words[i] !== 0) return true;
    return false;
  };
  const runs: [number, Uint8Array][] = [];
  let start: number | undefined;
  for (let address = 0; address <= ram.length; address += PAGE_BYTES) {
    const used = address < ram.length && inUse(address);
    if (used) start ??= address;
    else if (start !== undefined) {
      runs.push([start, ram.slice(start, address)]);
      start = undefined;
    }
  }
  return runs;
}
