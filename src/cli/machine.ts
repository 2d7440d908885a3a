import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildMachine, type Machine, type MachineOptions } from '../machine/machine.ts';

export type { Machine } from '../machine/machine.ts';
export { waitForShell } from '../machine/shell.ts';

/** Files that a machine boots from. */
export interface MachineFiles {
  kernel: string;
  initrd: string;
  bios: string;
  vgaBios: string;
}

export type FileMachineOptions = Omit<MachineOptions, 'images' | 'v86'> & {
  files: MachineFiles;
  /** Whether the machine can be rebooted. Without that, one that goes on from a saved state needs neither kernel nor initramfs. Default true. */
  reboots?: boolean;
};

function fileBuffer(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** Builds a machine from files and starts it; waitForShell() tells when its guest is up. */
export function startMachine({ files, reboots = true, ...options }: FileMachineOptions): Promise<Machine> {
  return buildMachine({
    ...options,
    v86: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
    images: {
      bios: fileBuffer(files.bios),
      vgaBios: fileBuffer(files.vgaBios),
      ...(reboots ? { kernel: fileBuffer(files.kernel), initrd: fileBuffer(files.initrd) } : {}),
    },
  });
}
