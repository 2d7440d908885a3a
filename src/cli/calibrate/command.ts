import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { Threshold, Thresholds } from '../../backend/placement/thresholds.ts';
import { DEPTHS } from '../../engine/depth.ts';
import { workersOption } from '../backend_flags.ts';
import { loadEngine, machineFacts } from '../bench/machine.ts';
import { takeInterruption } from '../interruption.ts';
import { commandOutput, type Output } from '../output.ts';
import { FAMILIES } from './families.ts';
import { calibrate, rowsOfFamilies } from './measure.ts';

interface CalibrateFlags {
  output: string;
  case?: string[];
  workers: number;
  quick?: true;
  json?: true;
}

/** Milliseconds of one row: all of them take 45 s, or with --quick 11 s. */
const ROW_MILLISECONDS = 150;
const EXIT_INTERRUPTED = 130;

/** `virtio-crypto calibrate`: measures where requests are best run on this machine, and writes it down for --thresholds. */
export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description('Measure from which sizes on requests run faster in node:crypto or in workers than in the engine.')
    .option('--output <file>', 'where the thresholds go', 'thresholds.json')
    .addOption(
      new Option('--case <name...>', 'what is measured (default: all); all else has its default thresholds').choices(
        FAMILIES.map((family) => family.case),
      ),
    )
    .addOption(workersOption())
    .option('--quick', 'a quarter of the time: about 15 s instead of a minute')
    .option('--json', 'print the thresholds as one JSON object and nothing else')
    .action(async (flags: CalibrateFlags) => {
      process.exitCode = await run(flags, commandOutput(flags.json ?? false));
    });
}

async function run(
  { output: path, case: names, workers, quick, json }: CalibrateFlags,
  output: Output,
): Promise<number> {
  // A minute's measurement must not be lost at its end.
  checkWritable(path);
  const families = FAMILIES.filter((family) => names?.includes(family.case) ?? true);
  const interruption = takeInterruption();
  const progress = new SingleBar({
    format: 'calibrate {bar} {value}/{total}  {name}',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
    hideCursor: true,
  });
  const { cpu, cores, node, openssl } = machineFacts(loadEngine());
  output.line(`${cpu}, ${cores} cores, ${workers} workers, Node ${node}, OpenSSL ${openssl}`);
  try {
    if (process.stderr.isTTY) progress.start(rowsOfFamilies(families).length, 0, { name: '' });
    const thresholds = await calibrate({
      families,
      workers,
      rowMilliseconds: ROW_MILLISECONDS / (quick ? 4 : 1),
      signal: interruption.signal,
      onRow: (done, name) => {
        if (progress.isActive) progress.update(done, { name });
      },
    });
    progress.stop();
    write(path, thresholds);
    output.line(tableOf(thresholds));
    output.ok(`Written: ${path}. Give it with --thresholds ${path}.`);
    if (json) process.stdout.write(`${JSON.stringify(thresholds)}\n`);
    return 0;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write('Interrupted: nothing was written.\n');
    return EXIT_INTERRUPTED;
  } finally {
    progress.stop();
    interruption.end();
  }
}

function write(path: string, thresholds: Thresholds): void {
  try {
    writeFileSync(path, `${JSON.stringify(thresholds, undefined, 2)}\n`);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Finds out whether a file can be written, and leaves no file behind that was not there. */
function checkWritable(path: string): void {
  try {
    if (existsSync(path)) closeSync(openSync(path, 'r+'));
    else {
      closeSync(openSync(path, 'wx'));
      rmSync(path);
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new Error(
    `--output ${path} cannot be written${code}: give a file in a folder that exists and that you may write to.`,
    { cause: error },
  );
}

function tableOf({ host, workers }: Thresholds): string {
  const names = [...new Set([...Object.keys(host), ...Object.keys(workers)])].sort() as (keyof typeof host)[];
  const table = new Table({
    head: ['bytes from which', 'node:crypto, few', 'many', 'crowd', 'workers, few', 'many', 'crowd'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const cells = (threshold: Threshold | undefined) => DEPTHS.map((depth) => String(threshold?.[depth] ?? '-'));
  for (const name of names) table.push([name, ...cells(host[name]), ...cells(workers[name])]);
  return table.toString();
}
