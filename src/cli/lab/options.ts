import { type Command, InvalidArgumentError, Option } from 'commander';
import { SelectionError } from '../../lab/index.ts';
import { REPORTS, type ReportName } from './measure.ts';

/** Options of every command that runs cells. */
export interface MatrixFlags {
  seed?: number;
  shard?: string;
  timeout: number;
  report?: ReportName;
  output?: string;
}

const TIMEOUT_MAX = 3600;

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

/** @param timeout seconds that a cell may take by default */
export function addMatrixOptions(command: Command, timeout: number): Command {
  return command
    .option('--seed <n>', 'contents, orders and the struck request come of it (default: 1)', parseSeed)
    .option('--shard <i/n>', 'the ith of n parts of the matrix')
    .option('--timeout <seconds>', 'a cell that takes longer is ended, and reported as hung', parseTimeout, timeout)
    .addOption(new Option('--report <kind>', 'write a report').choices(Object.keys(REPORTS)))
    .option('--output <file>', 'where the report goes (default: standard output)');
}

function parseSeed(text: string): number {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 0 to 4294967295.');
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && seconds >= 1 && seconds <= TIMEOUT_MAX) return seconds;
  throw new InvalidArgumentError(`Give whole seconds from 1 to ${TIMEOUT_MAX}.`);
}

/** Runs a command's work. A selection that no matrix can be made of is a wrong command line. */
export async function withSelection(command: Command, flags: MatrixFlags, work: () => Promise<number>): Promise<void> {
  if (flags.output !== undefined && flags.report === undefined) {
    command.error('error: --output is given without --report: say which kind of report, such as --report html.');
  }
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof SelectionError)) throw error;
    const [, axis = '', rest = ''] = /^(\S+)(.*)$/s.exec(error.message) ?? [];
    command.error(`error: ${OPTIONS[axis] ?? axis}${rest}`);
  }
}
