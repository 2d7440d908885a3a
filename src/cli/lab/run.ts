import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AXES, type Cell, type CellResult, cellsOf, SelectionError } from '../../lab/index.ts';
import { cellOptions } from '../../lab/matrix/lab.ts';
import { runInThreads } from './cell_pool.ts';
import { loadDriverFile } from './driver_file.ts';
import { lostResult } from './lost.ts';
import { measure } from './measure.ts';
import { addMatrixOptions, type MatrixFlags, withSelection } from './options.ts';

interface RunFlags extends MatrixFlags {
  scenario?: string[];
  fault?: string[];
  ring?: string[];
  features?: string[];
  transport?: string[];
  driver?: string[];
  driverFile?: string;
  jobs: number;
}

const JOBS_MAX = 64;
const TIMEOUT_SECONDS = 20;
const SCRIPT = new URL('./cell_worker.js', import.meta.url);
/** Why a cell never came back. */
const LOST = {
  late: (seconds: number) => `The driver did not give the processor back within ${seconds} s.`,
  ended: () => 'The driver threw an error outside of a request, which ended its thread.',
} as const;

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
    .option('--jobs <n>', 'threads', parseJobs, Math.min(availableParallelism(), JOBS_MAX));
  return addMatrixOptions(command, TIMEOUT_SECONDS).action((flags: RunFlags) =>
    withSelection(command, flags, () => run(flags)),
  );
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (/^[0-9]{1,3}$/.test(text) && jobs >= 1 && jobs <= JOBS_MAX) return jobs;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${JOBS_MAX}.`);
}

async function run(flags: RunFlags): Promise<number> {
  const { driverFile, jobs, timeout, report, output: path } = flags;
  if (driverFile !== undefined) await loadDriverFile(driverFile);
  const cells = cellsOf({
    scenarios: flags.scenario,
    faults: flags.fault,
    rings: flags.ring,
    features: flags.features,
    transports: flags.transport,
    drivers: driverFile === undefined ? ownDrivers(flags.driver) : ['own'],
    seed: flags.seed,
    shard: flags.shard,
  });
  return measure({
    ...{ cells: cells.length, report, path },
    work: ({ signal, onResult }) =>
      runInThreads<Cell, CellResult>(cells, {
        ...{ script: SCRIPT, data: { driverFile }, jobs, timeoutMs: timeout * 1000, signal },
        lost: (cell, how) => ({ cell, ...lostResult(timeout * 1000, LOST[how](timeout)) }),
        onResult: (result, index) =>
          onResult({ ...result, again: `run ${cellOptions(result.cell, driverFile)}` }, index),
      }),
  });
}

/** @throws SelectionError if a driver of the user's own is named without its file */
function ownDrivers(names: string[] | undefined): string[] | undefined {
  if (names?.includes('own')) {
    throw new SelectionError('--driver is own: name the file of your driver with --driver-file instead.');
  }
  return names?.flatMap((name) => (name === 'all' ? AXES.drivers.filter((one) => one !== 'own') : [name]));
}
