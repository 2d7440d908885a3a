import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { V86 } from 'v86';
import type { CryptoDevice } from '../device/device.ts';
import type { CryptoDeviceOptions } from '../device/options.ts';
import { GuestConsole } from '../guest/console.ts';
import { KERNEL_COMMAND_LINE, READY_LINE } from '../guest/index.ts';
import { attachVirtioCrypto } from '../host/v86.ts';
import { rememberBootMemory } from './boot_memory.ts';
import { translatePageByPage } from './jit_config.ts';

/** Files that a machine boots from. */
export interface MachineFiles {
  kernel: string;
  initrd: string;
  bios: string;
  vgaBios: string;
}

export interface MachineOptions {
  files: MachineFiles;
  /** Guest RAM in MiB. */
  memoryMiB: number;
  /** Added to the kernel's command line. */
  append?: string;
  /** Options of the device: what it offers to the guest. */
  device?: CryptoDeviceOptions;
  /** A state that save() made: the machine goes on where that one was. */
  state?: ArrayBuffer;
}

/** A Linux guest on v86, headless, with a virtio crypto device and a console on its serial line. */
export interface Machine {
  readonly device: CryptoDevice;
  readonly console: GuestConsole;
  /** Types into the serial line. */
  send(text: string): void;
  /** Calls back for every byte that the guest writes on its serial line. */
  onByte(listener: (byte: number) => void): void;
  /** Switches the machine off and on again; the console is then at the start of a boot. */
  restart(): void;
  save(): Promise<ArrayBuffer>;
  /** Ends the machine; nothing of it keeps the process alive. */
  stop(): Promise<void>;
}

const BOOT_TIMEOUT_MS = 180_000;
/** A shell of the user's own initramfs prints no ready line: it is asked this until it answers. */
const PROBE = 'echo virtio-crypto-probe: $((6*7))\n';
const PROBE_ANSWER = /virtio-crypto-probe: 42/;
const PROBE_INTERVAL_MS = 2_000;

function fileBuffer(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** Builds the machine and starts it; waitForShell() tells when its guest is up. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { files } = options;
  const emulator = new V86({
    wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
    memory_size: options.memoryMiB * 1024 * 1024,
    bios: { buffer: fileBuffer(files.bios) },
    vga_bios: { buffer: fileBuffer(files.vgaBios) },
    bzimage: { buffer: fileBuffer(files.kernel) },
    initrd: { buffer: fileBuffer(files.initrd) },
    cmdline: [KERNEL_COMMAND_LINE, options.append ?? ''].join(' ').trim(),
    ...(options.state ? { initial_state: { buffer: options.state } } : {}),
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: true,
  });
  const attached = attachVirtioCrypto(emulator, options.device);
  rememberBootMemory(emulator);
  translatePageByPage(emulator);
  const listeners = new Set<(byte: number) => void>();
  emulator.add_listener('serial0-output-byte', (byte) => {
    for (const listener of listeners) listener(byte);
  });
  const send = (text: string) => emulator.serial0_send(text);
  const onByte = (listener: (byte: number) => void) => {
    listeners.add(listener);
  };
  const console = new GuestConsole({ send, onByte });
  const stop = async () => {
    attached.dispose();
    await emulator.destroy();
  };
  try {
    const device = await attached.ready;
    return {
      device,
      console,
      send,
      onByte,
      stop,
      save: () => emulator.save_state(),
      restart: () => emulator.restart(),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Waits until a shell listens on the guest's serial line.
 * @param probe whether to ask for it, for an initramfs that is not our own
 */
export async function waitForShell(machine: Machine, probe: boolean, signal?: AbortSignal): Promise<void> {
  const options = { timeoutMs: BOOT_TIMEOUT_MS, ...(signal ? { signal } : {}) };
  if (!probe) {
    await machine.console.waitFor(new RegExp(READY_LINE), options);
    return;
  }
  const timer = setInterval(() => machine.send(PROBE), PROBE_INTERVAL_MS);
  try {
    await machine.console.waitFor(PROBE_ANSWER, options);
  } finally {
    clearInterval(timer);
  }
}
