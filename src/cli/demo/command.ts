import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { defaultCacheDir } from '../../guest/cache.ts';
import { CRYPTSETUP_COMMAND, CRYPTSETUP_RUNS } from '../../guest/cryptsetup.ts';
import { loadDriver, waitForSelftest } from '../../guest/selftest.ts';
import { DriverChecker, RULES, type Violation } from '../../lab/index.ts';
import { addBackendOptions, type BackendFlags, backendOptions } from '../backend_flags.ts';
import { takeInterruption } from '../interruption.ts';
import type { Machine } from '../machine.ts';
import { commandOutput, type Output } from '../output.ts';
import { reportViolations } from '../violations.ts';
import { type BesideRow, besideTable, measureBeside } from './beside.ts';
import { bootMachine } from './boot.ts';
import { BootedGuest } from './booted_guest.ts';
import { compare } from './compare.ts';
import { type NamedFiles, resolveFiles } from './image.ts';
import { runInteractive } from './interactive.ts';
import { reportComparisons, reportSignature } from './report.ts';
import { compareSignature } from './signature.ts';
import { cryptsetupTable, measureSpeed, type Speed, speedTable } from './speed.ts';
import { measureTlsRows, type TlsRow, tlsTable } from './tls.ts';

interface DemoOptions extends NamedFiles, BackendFlags {
  interactive?: true;
  beside?: true;
  /** False with --no-speed. */
  speed: boolean;
  append?: string;
  memory: number;
  timeout?: number;
  verbose?: true;
  boot?: true;
  check?: true;
  cacheDir?: string;
  json?: true;
}

/** What `demo --json` prints. */
interface DemoResult extends Speed {
  selftest: 'passed' | 'failed';
  comparisons: { passed: number; failed: number };
  /** With --check: the statements that the driver broke. */
  violations?: Violation[];
  /** With --beside; `speed` and `cryptsetup` are then empty. */
  beside?: BesideRow[];
  /** Empty where nothing was measured, and in a guest without OpenSSL. */
  tls: TlsRow[];
}

/** What --check says of a driver without a mistake. */
const BROKE_NONE = `The driver broke none of the ${Object.keys(RULES).length} statements about drivers that can be observed`;

/** With less than that there is no room to unpack the initramfs of our own guest. */
const MEMORY_MIB = { low: 80, high: 2047, fallback: 256 };

/** In seconds: a day is enough for everybody, and fits a timer. */
const TIMEOUT_MAX = 86_400;

function parseTimeout(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > TIMEOUT_MAX) {
    throw new InvalidArgumentError(`Give whole seconds from 1 to ${TIMEOUT_MAX}.`);
  }
  return value;
}

function parseMemory(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < MEMORY_MIB.low || value > MEMORY_MIB.high) {
    throw new InvalidArgumentError(`Give whole MiB from ${MEMORY_MIB.low} to ${MEMORY_MIB.high}.`);
  }
  return value;
}

export function demoCommand(): Command {
  const command = new Command('demo')
    .description(
      "Boots Debian's kernel on v86, lets its own virtio_crypto driver encrypt through the device, compares with node:crypto and measures.",
    )
    .option('-i, --interactive', 'a shell in the guest instead of the checks')
    .option(
      '--beside',
      'instead of the tables of speed: what a guest that computes while it encrypts keeps of its own speed',
    )
    .option('--check', "hold the guest's driver to the specification, and list the statements that it breaks")
    .option('--no-speed', 'the self-test and the comparisons alone, without the tables of speed')
    .option('--tls', 'a guest with OpenSSL over the device, and a table of it: downloads a compiler once')
    .option('--kernel <bzImage>', 'a 32-bit kernel of your own, with virtio_pci, virtio_crypto and algif_skcipher')
    .option('--initrd <file>', 'its initramfs: a shell on ttyS0, the modules, kcapi-enc, perl')
    .option('--bios <file>', 'SeaBIOS image')
    .option('--vga-bios <file>', 'VGA BIOS image')
    .option('--append <text>', "added to the kernel's command line")
    .option('--memory <MiB>', "the guest's RAM", parseMemory, MEMORY_MIB.fallback)
    .option(
      '--timeout <seconds>',
      'the most that the boot, and each command after it, may take (default: as long as the guest is alive)',
      parseTimeout,
    )
    .option('--verbose', "boot, and show the kernel's log meanwhile")
    .option('--boot', 'boot the guest, although one that has booted is kept in the cache')
    .option('--cache-dir <folder>', `where the built guest is kept (default: ${defaultCacheDir()})`)
    .option('--json', 'print one JSON object on standard output, and nothing else there');
  return addBackendOptions(command).action(async (options: DemoOptions, command: Command) => {
    if (options.json && options.interactive) {
      command.error('error: --json cannot go with --interactive: a shell prints what it likes.');
    }
    if (options.beside && options.interactive) {
      command.error('error: --beside cannot go with --interactive: one measures, the other waits for what you type.');
    }
    if (options.check && options.interactive) {
      command.error('error: --check cannot go with --interactive: its list comes after the checks.');
    }
    const output = commandOutput(options.json ?? false);
    process.exitCode = await runDemo(options, output);
  });
}

/** Runs the demo and returns the exit status: 0 passed, 1 failed, 130 interrupted. */
async function runDemo(options: DemoOptions, output: Output): Promise<number> {
  // With --interactive a terminal in raw mode hands Ctrl-C to the guest, and no signal comes of it.
  const interruption = takeInterruption();
  const { signal } = interruption;
  let machine: Machine | undefined;
  const checker = options.check ? new DriverChecker() : undefined;
  try {
    const files = await resolveFiles(options, output, signal);
    const { timeout, verbose, append = '', memory } = options;
    const isKept = options.kernel === undefined && !verbose && !options.boot;
    const cache = options.cacheDir === undefined ? defaultCacheDir() : resolve(options.cacheDir);
    machine = await bootMachine(
      {
        ...(timeout === undefined ? {} : { timeout }),
        ...(verbose ? { verbose } : {}),
        ownGuest: options.initrd !== undefined,
        ...(isKept ? { kept: await BootedGuest.of(cache, { files, memoryMiB: memory, append }) } : {}),
        machine: {
          files,
          memoryMiB: memory,
          device: { ...backendOptions(options), ...(checker && { createDevice: checker.createDevice }) },
          ...(append === '' ? {} : { append }),
        },
      },
      output,
      signal,
    );
    if (options.interactive) {
      await loadDriver(machine.console);
      await runInteractive(machine, output, signal);
      return 0;
    }
    const checked = await untilAborted(runChecks(machine, options, output), signal);
    const violations = checker?.finish();
    if (violations) reportViolations(violations, BROKE_NONE, output);
    const result: DemoResult = { ...checked, ...(violations && { violations }) };
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.selftest === 'passed' && result.comparisons.failed === 0 && !violations?.length ? 0 : 1;
  } catch (error) {
    if (signal.aborted) {
      output.line('Interrupted.');
      return 130;
    }
    throw error;
  } finally {
    await machine?.stop();
    interruption.end();
  }
}

async function runChecks(
  machine: Machine,
  { beside, speed, kernel }: Pick<DemoOptions, 'beside' | 'speed' | 'kernel'>,
  output: Output,
): Promise<DemoResult> {
  await loadDriver(machine.console);
  const selftest = await waitForSelftest(machine.console);
  if (selftest === 'passed') {
    output.ok(`The kernel's self-test of virtio_crypto_aes_cbc passed (${machine.device.requests(0)} requests)`);
  } else {
    output.failed("The kernel's self-test of virtio_crypto_aes_cbc did not pass; its log says:");
    output.line((await machine.console.run('dmesg | grep -i -e virtio -e alg: | tail -5')).output);
    return { selftest, comparisons: { passed: 0, failed: 0 }, speed: [], cryptsetup: [], tls: [] };
  }
  const results = await compare(machine.console);
  reportComparisons(results, output);
  const passed = results.filter(({ agrees }) => agrees).length;
  const comparisons = { passed, failed: results.length - passed };
  const signature = await compareSignature(machine);
  reportSignature(signature, output);
  // A kernel of one's own may have no keyring.
  if (signature === 'equal') comparisons.passed++;
  else if (signature === 'different' || kernel === undefined) comparisons.failed++;
  if (beside) {
    output.line('Measuring a process that computes in the guest, alone and beside one that encrypts, about 2 minutes');
    const rows = await measureBeside(machine.console, output);
    output.line(besideTable(rows));
    return { selftest, comparisons, speed: [], cryptsetup: [], tls: [], beside: rows };
  }
  if (!speed) return { selftest, comparisons, speed: [], cryptsetup: [], tls: [] };
  const figures = await reportSpeed(machine, output);
  return { selftest, comparisons, ...figures, tls: await reportTls(machine, output) };
}

async function reportSpeed(machine: Machine, output: Output): Promise<Speed> {
  output.line('Measuring AES-128-CBC in the guest: software (cbc(aes-generic)) beside the device, about 75 s');
  const result = await measureSpeed(machine.console, output);
  output.line(speedTable(result.speed, output.colors));
  if (result.cryptsetup.length > 0) {
    output.line(`${CRYPTSETUP_COMMAND}: requests of 64 KiB, one in flight, upper quartiles of ${CRYPTSETUP_RUNS} runs`);
    output.line(cryptsetupTable(result.cryptsetup, output.colors));
  }
  return result;
}

async function reportTls(machine: Machine, output: Output): Promise<TlsRow[]> {
  const rows = await measureTlsRows(machine.console, output);
  if (rows.length > 0) output.line(tlsTable(rows, output.colors));
  return rows;
}

/** Settles as `work` does, or rejects as soon as the signal is aborted. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
