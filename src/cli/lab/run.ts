import { closeSync, openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AXES, cellsOf, SelectionError } from '../../lab/index.ts';
import { cellOptions } from '../../lab/matrix/lab.ts';
import { takeInterruption } from '../interruption.ts';
import { commandOutput } from '../output.ts';
import { runInThreads } from './cell_pool.ts';
import { loadDriverFile } from './driver_file.ts';
import { showProgress } from './progress.ts';
import { htmlReport } from './report/html.ts';
import { jsonReport, junitReport, tapReport } from './report/machine.ts';
import { textReport } from './report/text.ts';
import type { ReportedResult, RunResults } from './results.ts';

const REPORTS = { html: htmlReport, junit: junitReport, tap: tapReport, json: jsonReport } as const;
type ReportName = keyof typeof REPORTS;

interface RunFlags {
  scenario?: string[];
  fault?: string[];
  ring?: string[];
  features?: string[];
  transport?: string[];
  driver?: string[];
  driverFile?: string;
  seed?: number;
  shard?: string;
  jobs: number;
  timeout: number;
  report?: ReportName;
  output?: string;
}

const JOBS_MAX = 64;
const TIMEOUT_MAX = 3600;
const TIMEOUT_SECONDS = 20;
const EXIT_INTERRUPTED = 130;

/** The option that stands for an axis of the matrix, for messages. */
const OPTIONS: Readonly<Record<string, string>> = {
  scenarios: '--scenario',
  faults: '--fault',
  rings: '--ring',
  features: '--features',
  transports: '--transport',
  drivers: '--driver',
  seed: '--seed',
  shard: '--shard',
};

/** `virtio-crypto lab run`: runs the matrix, or a part of it. */
export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Run the matrix, or a part of it. Exit status 0: no violation, nothing hung, and every cell as a correct driver.',
    )
    .option('--scenario <names...>', 'scenarios (default: all)')
    .option('--fault <names...>', 'faults, and none (default: all)')
    .option('--ring <names...>', `of ${AXES.rings.join(' ')} (default: both)`)
    .option('--features <names...>', `of ${AXES.features.join(' ')}, all (default: default)`)
    .option('--transport <names...>', `of ${AXES.transports.join(' ')}, all (default: pci)`)
    .option('--driver <names...>', 'of reference trusting (default: reference)')
    .addOption(new Option('--driver-file <file>', 'a module that exports a driver of your own').conflicts('driver'))
    .option('--seed <n>', 'contents, orders and the struck request come of it (default: 1)', parseNumber)
    .option('--shard <i/n>', 'the ith of n parts of the matrix')
    .option('--jobs <n>', 'threads', parseJobs, Math.min(availableParallelism(), JOBS_MAX))
    .option(
      '--timeout <seconds>',
      'a cell that takes longer is ended, and reported as hung',
      parseTimeout,
      TIMEOUT_SECONDS,
    )
    .addOption(new Option('--report <kind>', 'write a report').choices(Object.keys(REPORTS)))
    .option('--output <file>', 'where the report goes (default: standard output)')
    .action(async (flags: RunFlags) => {
      if (flags.output !== undefined && flags.report === undefined) {
        command.error('error: --output is given without --report: say which kind of report, such as --report html.');
      }
      try {
        process.exitCode = await run(flags);
      } catch (error) {
        if (!(error instanceof SelectionError)) throw error;
        const [, axis = '', rest = ''] = /^(\S+)(.*)$/s.exec(error.message) ?? [];
        command.error(`error: ${OPTIONS[axis] ?? axis}${rest}`);
      }
    });
  return command;
}

function parseNumber(text: string): number {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 0 to 4294967295.');
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (/^[0-9]{1,3}$/.test(text) && jobs >= 1 && jobs <= JOBS_MAX) return jobs;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${JOBS_MAX}.`);
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && seconds >= 1 && seconds <= TIMEOUT_MAX) return seconds;
  throw new InvalidArgumentError(`Give whole seconds from 1 to ${TIMEOUT_MAX}.`);
}

/** Returns the exit status: 0 all passed, 1 some did not, 130 interrupted. */
async function run(flags: RunFlags): Promise<number> {
  const { driverFile, jobs, timeout, report, output: path } = flags;
  if (driverFile !== undefined) await loadDriverFile(driverFile);
  const cells = cellsOf({
    scenarios: flags.scenario,
    faults: flags.fault,
    rings: flags.ring,
    features: flags.features,
    transports: flags.transport,
    drivers: driverFile === undefined ? ownDriver(flags.driver) : ['own'],
    seed: flags.seed,
    shard: flags.shard,
  });
  // A file that cannot be written is found out before the work, not after it.
  const file = path === undefined ? undefined : openReport(path);
  const interruption = takeInterruption();
  const progress = showProgress(cells.length);
  const began = performance.now();
  const results = new Map<number, ReportedResult>();
  try {
    await runInThreads(cells, {
      ...{ jobs, timeoutMs: timeout * 1000, driverFile, signal: interruption.signal },
      onResult: (result, index) => {
        results.set(index, { ...result, again: cellOptions(result.cell, driverFile) });
        progress.done(result.passed);
      },
    });
    progress.end();
    const run: RunResults = {
      results: cells.flatMap((_, index) => results.get(index) ?? []),
      cells: cells.length,
      seconds: (performance.now() - began) / 1000,
    };
    const toStandardOutput = report !== undefined && path === undefined;
    const words = commandOutput(toStandardOutput);
    if (report !== undefined) {
      const text = REPORTS[report](run);
      if (file === undefined) process.stdout.write(text);
      else writeSync(file, text);
    }
    textReport(run, words);
    if (interruption.signal.aborted) words.line('Interrupted.');
    if (interruption.signal.aborted) return EXIT_INTERRUPTED;
    return run.results.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    progress.end();
    interruption.end();
    if (file !== undefined) closeSync(file);
  }
}

/** @throws SelectionError if a driver of the user's own is named without its file */
function ownDriver(names: string[] | undefined): string[] | undefined {
  if (names?.includes('own')) {
    throw new SelectionError('--driver is own: name the file of your driver with --driver-file instead.');
  }
  return names?.flatMap((name) => (name === 'all' ? AXES.drivers.filter((one) => one !== 'own') : [name]));
}

function openReport(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new SelectionError(
      `--output is ${path}, which cannot be written${code}: give a file in a folder that exists.`,
    );
  }
}
