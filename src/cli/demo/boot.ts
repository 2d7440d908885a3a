import { randomBytes } from 'node:crypto';
import { GuestConsoleError } from '../../guest/console.ts';
import { type FileMachineOptions, type Machine, startMachine, waitForShell } from '../machine.ts';
import type { Output } from '../output.ts';
import { VERSION } from '../version.ts';
import { bootView } from './boot_view.ts';
import type { BootedGuest } from './booted_guest.ts';
import { showSerial } from './interactive.ts';

export interface BootOptions {
  /** Seconds that the boot, and each command in the guest after it, may take at most. Default: as long as the guest is alive. */
  timeout?: number;
  /** Shows the kernel's log. */
  verbose?: true;
  /** Whether the initramfs is the user's own: its shell must be probed for, and the length of its boot is not known. */
  ownGuest: boolean;
  machine: FileMachineOptions;
  /** Where the booted guest is kept, and is gone on from. Left out: it boots. */
  kept?: BootedGuest;
}

/** A command in the guest takes seconds; a machine that is busy may need many times as long. */
const COMMAND_TIMEOUT_MS = 600_000;
/** Undoes `quiet loglevel=3`: the kernel takes the last word. */
const VERBOSE_KERNEL = 'loglevel=7';

/**
 * Starts the machine and waits for its shell: goes on from the booted guest if one is kept, else boots and keeps it.
 * @throws GuestConsoleError that says what the guest does instead, and which option helps
 */
export async function bootMachine(options: BootOptions, output: Output, signal: AbortSignal): Promise<Machine> {
  const { kept } = options;
  const state = await kept?.find();
  signal.throwIfAborted();
  const restored = kept && state && (await goOn(options, kept, state, output, signal));
  if (restored) return restored;
  const machine = await boot(options, output, signal);
  if (kept) await keep(kept, machine, output);
  return machine;
}

/** How long the shell of a guest that goes on may take to reply. It takes milliseconds; a machine that is busy may need many times as long. */
const GO_ON_MS = 60_000;

/** Goes on from a state. Undefined: the guest does not reply, and the state is forgotten. */
async function goOn(
  { machine: machineOptions, timeout }: BootOptions,
  kept: BootedGuest,
  state: ArrayBuffer,
  output: Output,
  signal: AbortSignal,
): Promise<Machine | undefined> {
  output.line(
    `virtio-crypto-wasm ${VERSION}: Linux on v86, ${machineOptions.memoryMiB} MiB, goes on from where it had booted`,
  );
  const start = performance.now();
  const machine = await startMachine({
    ...machineOptions,
    state,
    commandTimeoutMs: timeout === undefined ? COMMAND_TIMEOUT_MS : timeout * 1000,
  });
  try {
    // The shell printed its prompt before the state was saved, so it has to print one again.
    machine.send('\n');
    const { output: release } = await machine.console.run('uname -r', { timeoutMs: GO_ON_MS, signal });
    // Two guests that go on from one state would else have the same random numbers.
    await machine.console.run(`echo ${randomBytes(32).toString('hex')} > /dev/urandom`, { signal });
    output.ok(`Linux ${release.trim()} is up (${seconds(start)} s; --boot boots it anew)`);
    return machine;
  } catch (error) {
    await machine.stop();
    signal.throwIfAborted();
    if (!(error instanceof GuestConsoleError)) throw error;
    await kept.forget();
    output.line('The kept guest does not go on: it is booted anew.');
    return undefined;
  }
}

/** Keeps the booted guest. Where that is impossible, the next start boots as well, and nothing else is lost. */
async function keep(kept: BootedGuest, machine: Machine, output: Output): Promise<void> {
  try {
    await machine.console.run('echo 3 > /proc/sys/vm/drop_caches');
    await kept.keep(machine);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.line(output.colors.yellow(`The booted guest could not be kept for the next start: ${reason}`));
  }
}

const seconds = (start: number): string => ((performance.now() - start) / 1000).toFixed(1);

async function boot(options: BootOptions, output: Output, signal: AbortSignal): Promise<Machine> {
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
  output.ok(`Linux ${release.trim()} is up (${seconds(start)} s)`);
  return machine;
}

function remedy({ timeout, verbose }: BootOptions): string {
  const limit =
    timeout === undefined
      ? ''
      : `--timeout ${timeout} is the limit: give more, or leave it out to wait for as long as the guest is alive. `;
  return `${limit}${verbose ? '--append hands options to the kernel.' : "--verbose shows the kernel's log."}`;
}
