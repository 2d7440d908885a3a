import { GuestConsoleError } from '../../guest/console.ts';
import { type FileMachineOptions, type Machine, startMachine, waitForShell } from '../machine.ts';
import type { Output } from '../output.ts';
import { VERSION } from '../version.ts';
import { bootView } from './boot_view.ts';
import { showSerial } from './interactive.ts';

export interface BootOptions {
  /** Seconds that the boot, and each command in the guest after it, may take at most. Default: as long as the guest is alive. */
  timeout?: number;
  /** Shows the kernel's log. */
  verbose?: true;
  /** Whether the initramfs is the user's own: its shell must be probed for, and the length of its boot is not known. */
  ownGuest: boolean;
  machine: FileMachineOptions;
}

/** A command in the guest takes seconds; a machine that is busy may need many times as long. */
const COMMAND_TIMEOUT_MS = 600_000;
/** Undoes `quiet loglevel=3`: the kernel takes the last word. */
const VERBOSE_KERNEL = 'loglevel=7';

/**
 * Boots the machine and waits for its shell.
 * @throws GuestConsoleError that says what the guest does instead, and which option helps
 */
export async function bootMachine(options: BootOptions, output: Output, signal: AbortSignal): Promise<Machine> {
  const { timeout, verbose, ownGuest, machine: machineOptions } = options;
  output.line(`virtio-crypto-wasm ${VERSION}: booting Linux on v86, ${machineOptions.memoryMiB} MiB`);
  const start = performance.now();
  const append = [machineOptions.append, verbose ? VERBOSE_KERNEL : undefined].filter((text) => text !== undefined);
  const machine = await startMachine({
    ...machineOptions,
    ...(append.length > 0 ? { append: append.join(' ') } : {}),
    commandTimeoutMs: timeout === undefined ? COMMAND_TIMEOUT_MS : timeout * 1000,
  });
  const endSerial = verbose ? showSerial(machine, output) : undefined;
  const view = bootView(output, { ownGuest, verbose: verbose ?? false });
  try {
    await waitForShell(machine, {
      probe: ownGuest,
      signal,
      ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
      onProgress: view.progress,
      onSilence: view.silence,
    });
  } catch (error) {
    await machine.stop();
    if (error instanceof GuestConsoleError) throw new Error(`${error.message}\n${remedy(options)}`, { cause: error });
    throw error;
  } finally {
    view.end();
    endSerial?.();
  }
  const { output: release } = await machine.console.run('uname -r');
  output.ok(`Linux ${release.trim()} is up (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return machine;
}

function remedy({ timeout, verbose }: BootOptions): string {
  const limit =
    timeout === undefined
      ? ''
      : `--timeout ${timeout} is the limit: give more, or leave it out to wait for as long as the guest is alive. `;
  return `${limit}${verbose ? '--append hands options to the kernel.' : "--verbose shows the kernel's log."}`;
}
