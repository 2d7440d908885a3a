import { V86 } from 'v86';
import { refuse } from '../check.ts';
import type { CryptoDevice } from '../device/device.ts';
import { GuestConsole } from '../guest/console.ts';
import { ACPI_COMMAND_LINE, KERNEL_COMMAND_LINE } from '../guest/init.ts';
import { attachVirtioCrypto, type V86Options } from '../v86/attach.ts';
import { cpuOf } from '../v86/internals.ts';
import { rememberBootMemory } from './boot_memory.ts';
import { tuneJit } from './jit_config.ts';
import { SerialInput } from './serial_input.ts';

const MIB = 1024 * 1024;
/** v86 0.5.462 puts an initramfs there. Where the guest's RAM is too small, it throws from a callback of its own, so that no caller catches the error. */
const INITRD_AT_MIB = 64;

/** What a machine boots from. A machine that goes on from a saved state needs no kernel, but cannot be rebooted then. */
export interface MachineImages {
  bios: ArrayBuffer;
  vgaBios: ArrayBuffer;
  kernel?: ArrayBuffer;
  initrd?: ArrayBuffer;
}

/** Where v86's own WebAssembly comes from: the path or URL of v86.wasm, or a function that instantiates it. */
export type V86Binary = string | ((imports: WebAssembly.Imports) => Promise<WebAssembly.Exports>);

export interface MachineOptions {
  images: MachineImages;
  v86: V86Binary;
  /** Guest RAM in MiB: 65 and the initramfs at least. */
  memoryMiB: number;
  /** Added to the kernel's command line. */
  append?: string;
  /** Options of the device: what it offers to the guest, and where it stands. */
  device?: V86Options;
  /** A state that save() made: the machine goes on where that one was. */
  state?: ArrayBuffer;
  /** How long a command in the guest may take where its caller does not say; a slow machine needs more than the default, a minute. */
  commandTimeoutMs?: number;
  /** Called instead of a reboot, for a machine that has no kernel to boot. */
  onReboot?: () => void;
}

/** A Linux guest on v86, headless, with a virtio crypto device and a console on each of two serial lines. */
export interface Machine {
  readonly device: CryptoDevice;
  /** Code at the keyboard of the first serial line. */
  readonly console: GuestConsole;
  /** Code at the keyboard of the second serial line, where it does not disturb a user of the first. Our own guest has a shell on it. */
  readonly sideConsole: GuestConsole;
  /** Types into the first serial line: bytes, or a text in UTF-8. What the guest does not take at once waits here. */
  send(input: string | Uint8Array): void;
  /** Calls back for every byte that the guest writes on its first serial line. */
  onByte(listener: (byte: number) => void): void;
  /** Instructions that the guest's processor has run: a counter of 32 bits, which wraps. */
  instructionCounter(): number;
  /** Stops the guest's processor, and lets it go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Switches the machine off and on again; the console is then at the start of a boot. */
  restart(): void;
  save(): Promise<ArrayBuffer>;
  /** Ends the machine; nothing of it keeps the process alive. */
  stop(): Promise<void>;
}

/**
 * Builds the machine and starts it; waitForShell() tells when its guest is up. Works in Node and in browsers.
 * @throws TypeError for a RAM without room for the initramfs
 */
export async function buildMachine(options: MachineOptions): Promise<Machine> {
  const { bios, vgaBios, kernel, initrd } = options.images;
  const least = INITRD_AT_MIB + Math.ceil((initrd?.byteLength ?? 0) / MIB) + 1;
  if (initrd && options.memoryMiB < least) {
    refuse('memory', `${options.memoryMiB} MiB`, `${least} or more: v86 puts the initramfs at ${INITRD_AT_MIB} MiB`);
  }
  const acpi = options.device?.transport === 'mmio';
  const emulator = new V86({
    ...(typeof options.v86 === 'string' ? { wasm_path: options.v86 } : { wasm_fn: options.v86 }),
    memory_size: options.memoryMiB * MIB,
    bios: { buffer: bios },
    vga_bios: { buffer: vgaBios },
    ...(kernel ? { bzimage: { buffer: kernel } } : {}),
    ...(initrd ? { initrd: { buffer: initrd } } : {}),
    cmdline: [KERNEL_COMMAND_LINE, acpi ? ACPI_COMMAND_LINE : '', options.append ?? ''].filter(Boolean).join(' '),
    acpi,
    ...(options.state ? { initial_state: { buffer: options.state } } : {}),
    uart1: true,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: true,
  });
  // Before the device: a reboot then resets the device first, and writes to RAM afterwards. Without a kernel nothing is there to remember.
  if (kernel) rememberBootMemory(emulator);
  const attached = attachVirtioCrypto(emulator, options.device);
  if (options.onReboot) insteadOfReboot(emulator, options.onReboot);
  tuneJit(emulator);
  const [input, sideInput] = [new SerialInput(emulator, 0), new SerialInput(emulator, 1)];
  const send = (typed: string | Uint8Array) => input.send(typed);
  const onByte = (listener: (byte: number) => void) => emulator.add_listener('serial0-output-byte', listener);
  const waiting = options.commandTimeoutMs === undefined ? {} : { timeoutMs: options.commandTimeoutMs };
  const console = new GuestConsole({ send, onByte }, waiting);
  const sideLine = {
    send: (text: string) => sideInput.send(text),
    onByte: (listener: (byte: number) => void) => emulator.add_listener('serial1-output-byte', listener),
  };
  const sideConsole = new GuestConsole(sideLine, waiting);
  const stop = async () => {
    console.close();
    sideConsole.close();
    input.stop();
    sideInput.stop();
    attached.dispose();
    await emulator.destroy();
  };
  try {
    const device = await attached.ready;
    return {
      device,
      console,
      sideConsole,
      send,
      onByte,
      stop,
      instructionCounter: () => emulator.get_instruction_counter(),
      pause: () => emulator.stop(),
      resume: () => emulator.run(),
      save: () => emulator.save_state(),
      restart: () => emulator.restart(),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function insteadOfReboot(emulator: V86, onReboot: () => void): void {
  emulator.add_listener('emulator-ready', () => {
    cpuOf(emulator).reboot_internal = onReboot;
  });
}
