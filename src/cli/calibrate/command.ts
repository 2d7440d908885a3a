import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { RequestCosts } from '../../backend/contract.ts';
import type { Threshold, Thresholds } from '../../backend/placement/thresholds.ts';
import { DEPTHS } from '../../engine/depth.ts';
import { workersOption } from '../backend_flags.ts';
import { loadEngine, machineFacts } from '../bench/machine.ts';
import { takeInterruption } from '../interruption.ts';
import { commandOutput, type Output } from '../output.ts';
import { FAMILIES } from './families.ts';
import { type Calibration, calibrate, rowsOfFamilies } from './measure.ts';
import { ModelFileError, modelText, readModel } from './model_file.ts';

interface CalibrateFlags {
  output?: string;
  model?: string;
  show?: string;
  case?: string[];
  workers: number;
  quick?: true;
  json?: true;
}

/** Milliseconds of one row: all of them take 45 s, or with --quick 11 s. */
const ROW_MILLISECONDS = 150;
const EXIT_INTERRUPTED = 130;

const THRESHOLDS_FILE = 'thresholds.json';

/** `virtio-crypto calibrate`: measures where requests are best run on this machine, and writes it down for --model and --thresholds. */
export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description('Measure what requests cost in the engine, in node:crypto and in workers.')
    .option('--output <file>', `where the thresholds go (default: ${THRESHOLDS_FILE}, unless --model is given)`)
    .option('--model <file>', 'where the measured costs go, with which auto begins')
    .addOption(
      new Option('--show <file>', 'print the costs that --model wrote, and measure nothing').conflicts([
        'output',
        'model',
        'case',
        'quick',
        'json',
      ]),
    )
    .addOption(
      new Option('--case <name...>', 'what is measured (default: all); all else has its default thresholds').choices(
        FAMILIES.map((family) => family.case),
      ),
    )
    .addOption(workersOption())
    .option('--quick', 'a quarter of the time: about 15 s instead of a minute')
    .option('--json', 'print the thresholds and the costs as one JSON object and nothing else')
    .action(async (flags: CalibrateFlags) => {
      if (flags.show === undefined) process.exitCode = await run(flags, commandOutput(flags.json ?? false));
      else show(flags.show);
    });
}

async function run(
  { model, output: given, case: names, workers, quick, json }: CalibrateFlags,
  output: Output,
): Promise<number> {
  // A minute's measurement must not be lost at its end.
  const thresholds = given ?? (model === undefined ? THRESHOLDS_FILE : undefined);
  if (thresholds !== undefined) checkWritable('--output', thresholds);
  if (model !== undefined) checkWritable('--model', model);
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
    const measured = await calibrate({
      families,
      workers,
      rowMilliseconds: ROW_MILLISECONDS / (quick ? 4 : 1),
      signal: interruption.signal,
      onRow: (done, name) => {
        if (progress.isActive) progress.update(done, { name });
      },
    });
    progress.stop();
    writeResults(measured, { thresholds, model }, output);
    if (json) process.stdout.write(`${JSON.stringify(measured)}\n`);
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

function writeResults(
  { thresholds, costs }: Calibration,
  paths: { thresholds: string | undefined; model: string | undefined },
  output: Output,
): void {
  if (paths.thresholds !== undefined) {
    write('--output', paths.thresholds, `${JSON.stringify(thresholds, undefined, 2)}\n`);
    output.line(tableOf(thresholds));
    output.ok(`Written: ${paths.thresholds}. Give it with --thresholds ${paths.thresholds}.`);
  }
  if (paths.model !== undefined) {
    write('--model', paths.model, modelText(costs));
    output.line(costsTable(costs));
    output.ok(`Written: ${paths.model}. Give it with --model ${paths.model}.`);
  }
}

/** Prints the costs of a file, whatever machine they are of. */
function show(path: string): void {
  try {
    const { machine, costs } = readModel(path);
    const { cpu, cores, platform, node, openssl, mask } = machine;
    process.stdout.write(`${cpu}, ${cores} cores, ${platform}, Node ${node}, OpenSSL ${openssl}\n`);
    if (mask !== '') process.stdout.write(`OPENSSL_ia32cap=${mask}\n`);
    process.stdout.write(`${costsTable(costs)}\n`);
  } catch (error) {
    if (error instanceof ModelFileError) throw new Error(`--show ${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function write(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(option, path, error);
  }
}

/** Finds out whether a file can be written, and leaves no file behind that was not there. */
function checkWritable(option: string, path: string): void {
  try {
    if (existsSync(path)) closeSync(openSync(path, 'r+'));
    else {
      closeSync(openSync(path, 'wx'));
      rmSync(path);
    }
  } catch (error) {
    throw unwritable(option, path, error);
  }
}

function unwritable(option: string, path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new Error(
    `${option} ${path} cannot be written${code}: give a file in a folder that exists and that you may write to.`,
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

function costsTable(costs: readonly RequestCosts[]): string {
  const places = ['inline', 'host', 'workers'] as const;
  const table = new Table({
    head: ['µs a request', 'depth', 'bytes', ...places, 'begins in'],
    colAligns: ['left', 'left', 'right', ...places.map(() => 'right' as const), 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { algorithms, depth, bytes, microseconds, place } of costs) {
    const cells = places.map((name) => microseconds[name]?.toPrecision(3) ?? '-');
    table.push([algorithms, depth, String(bytes), ...cells, place]);
  }
  return table.toString();
}
