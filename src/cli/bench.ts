import { Command, InvalidArgumentError, Option } from 'commander';
import type { RequestCosts } from '../backend/contract.ts';
import { BACKENDS } from '../backend/contract.ts';
import type { Thresholds } from '../backend/placement/thresholds.ts';
import { modelOption, thresholdsOption, workersOption } from './backend_flags.ts';
import { measureAsymmetric } from './bench/asymmetric.ts';
import { asymmetricJson, asymmetricText } from './bench/asymmetric_report.ts';
import { BACKEND_CASES, BACKEND_DEPTHS, BACKEND_SIZES, backendImplementations } from './bench/backends.ts';
import { backendsText, browserText } from './bench/backends_report.ts';
import { runInBrowser } from './bench/browser/run.ts';
import {
  BLOCK_BYTES,
  CASE_NAMES,
  type CaseName,
  DEFAULT_BATCHES,
  DEFAULT_SIZES,
  defaultRows,
  isCaseName,
  PACKET_BATCH,
  PACKET_CASE,
  PACKET_SIZES,
  type Row,
  rowsOf,
} from './bench/cases.ts';
import { CHART_BACKENDS, loadCharts } from './bench/charts.ts';
import { engineOver } from './bench/engine.ts';
import { loadHashWasm } from './bench/hash_wasm.ts';
import type { Implementation, ImplementationName } from './bench/implementation.ts';
import { measureIpsec } from './bench/ipsec.ts';
import { ipsecJson, ipsecText, loadIpsecChart } from './bench/ipsec_report.ts';
import { loadLibsodium } from './bench/libsodium.ts';
import { loadEngine, machineFacts } from './bench/machine.ts';
import { MASKABLE, startMasked } from './bench/masked.ts';
import { loadNoble } from './bench/noble.ts';
import { nodeCrypto, nodeCryptoDigest } from './bench/node_crypto.ts';
import { measureOverhead } from './bench/overhead.ts';
import { RowProgress } from './bench/progress.ts';
import { jsonResults, overheadText, tableText } from './bench/report.ts';
import { RING_KINDS, type RingKind } from './bench/rings.ts';
import { runRows } from './bench/run.ts';
import { webCrypto } from './bench/webcrypto.ts';
import { measureIdle, measureWorkers } from './bench/workers_gain.ts';
import { takeInterruption } from './interruption.ts';
import { commandOutput } from './output.ts';

interface BenchFlags {
  case?: CaseName[];
  size?: number[];
  batch?: number[];
  ring: RingKind;
  quick?: true;
  json?: true;
  charts?: true;
  overhead?: true;
  backends?: true;
  asymmetric?: true;
  ipsec?: true;
  browser?: true;
  workers: number;
  thresholds?: Thresholds;
  model?: readonly RequestCosts[];
}

const SIZE_MAX = 1024 * 1024;
/** A data queue's default size. */
const BATCH_MAX = 1024;
/** Both sides of a batch stand in memory, in two processes. */
const BATCH_BYTES_MAX = 64 * 1024 * 1024;

/** What the whole default table takes, in milliseconds; a part of it takes its part. */
const TABLE_MILLISECONDS = 100_000;
const QUICK_MILLISECONDS = 25_000;
/** Charts have fewer rows, and are to be read for longer. */
const CHARTS_MILLISECONDS = 60_000;
const OVERHEAD_MILLISECONDS = 6_000;
const ASYMMETRIC_MILLISECONDS = 30_000;
const IPSEC_MILLISECONDS = 60_000;
/** A row of the backends: 90 of them. */
const BACKENDS_ROW_MILLISECONDS = 2_000;

/** Where the README looks for them. */
const CHARTS_FOLDER = 'docs/charts';

const EXIT_INTERRUPTED = 130;

/** `virtio-crypto bench`: requests through the rings, without a guest, beside other implementations of the same work. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('Measure requests through the rings without a guest, beside node:crypto and libraries of JavaScript.')
    .option('--case <name...>', `what is measured (default: all of ${CASE_NAMES.join(' ')})`, collectCase)
    .option('--size <bytes...>', `request sizes (default: ${DEFAULT_SIZES.join(' ')}, and a few more)`, collectSize)
    .option('--batch <n...>', `requests a notification (default: ${DEFAULT_BATCHES.join(' ')})`, collectBatch)
    .addOption(new Option('--ring <ring>', "the engine's virtqueues").choices(RING_KINDS).default('split'))
    .option('--quick', 'a quarter of the time: about 30 s instead of 110 s for all of it')
    .addOption(
      new Option('--charts', `draw ${PACKET_CASE} over packet sizes as SVG files in ${CHARTS_FOLDER}`).conflicts([
        'case',
        'size',
        'batch',
      ]),
    )
    .addOption(
      new Option('--overhead', 'measure what the rings cost, and nothing else').conflicts([
        'case',
        'size',
        'batch',
        'charts',
        'json',
      ]),
    )
    .addOption(
      new Option('--asymmetric', 'measure RSA and ECDSA, and nothing else').conflicts([
        'case',
        'size',
        'batch',
        'charts',
        'overhead',
        'backends',
        'browser',
      ]),
    )
    .addOption(
      new Option('--ipsec', 'measure packets of ESP, and nothing else; with --charts, draw them').conflicts([
        'case',
        'size',
        'batch',
        'overhead',
        'asymmetric',
        'backends',
        'browser',
      ]),
    )
    .addOption(
      new Option(
        '--backends',
        "measure the device's backends beside each other, with requests in flight all the time",
      ).conflicts(['charts', 'overhead']),
    )
    .addOption(
      new Option('--browser', 'the same in a page of Chromium, whose host is WebCrypto').conflicts([
        'charts',
        'overhead',
      ]),
    )
    .addOption(workersOption())
    .addOption(thresholdsOption())
    .addOption(modelOption().conflicts('browser'))
    .option('--json', 'print one JSON array of results and nothing else')
    .action((flags: BenchFlags) => bench(command, flags));
  return command;
}

function collectCase(text: string, before: CaseName[] = []): CaseName[] {
  if (!isCaseName(text)) throw new InvalidArgumentError(`Give some of ${CASE_NAMES.join(' ')}.`);
  return [...new Set([...before, text])];
}

function collectSize(text: string, before: number[] = []): number[] {
  const bytes = wholeNumber(text);
  if (bytes === undefined || bytes < BLOCK_BYTES || bytes > SIZE_MAX || bytes % BLOCK_BYTES !== 0) {
    throw new InvalidArgumentError(`Give multiples of ${BLOCK_BYTES} from ${BLOCK_BYTES} to ${SIZE_MAX}.`);
  }
  return [...new Set([...before, bytes])];
}

function collectBatch(text: string, before: number[] = []): number[] {
  const requests = wholeNumber(text);
  if (requests === undefined || requests < 1 || requests > BATCH_MAX) {
    throw new InvalidArgumentError(`Give whole numbers from 1 to ${BATCH_MAX}.`);
  }
  return [...new Set([...before, requests])];
}

function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

async function bench(command: Command, flags: BenchFlags): Promise<void> {
  const rows = chosenRows(flags);
  const largest = rows.reduce((most, row) => (row.bytes * row.batch > most.bytes * most.batch ? row : most));
  if (largest.bytes * largest.batch > BATCH_BYTES_MAX) {
    command.error(
      `error: --size ${largest.bytes} with --batch ${largest.batch} needs more memory than this benchmark takes. Give a size and a batch whose product is at most ${BATCH_BYTES_MAX}.`,
    );
  }

  const interruption = takeInterruption();
  const { signal } = interruption;
  try {
    if (flags.asymmetric) await printAsymmetric(flags, signal);
    else if (flags.ipsec) await printIpsec(flags, signal);
    else if (flags.overhead) await printOverhead(flags, signal);
    else if (flags.browser) await compareInBrowser(rows, flags, signal);
    else if (flags.backends) await compareBackends(rows, flags, signal);
    else await measure(rows, flags, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write('Interrupted.\n');
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    interruption.end();
  }
}

function chosenRows(flags: BenchFlags): Row[] {
  if (flags.backends || flags.browser) {
    const names = flags.case ?? BACKEND_CASES;
    return rowsOf(names, flags.size ?? BACKEND_SIZES, flags.batch ?? BACKEND_DEPTHS);
  }
  if (flags.charts) return rowsOf([PACKET_CASE], PACKET_SIZES, [PACKET_BATCH]);
  return flags.size || flags.batch
    ? rowsOf(flags.case ?? CASE_NAMES, flags.size, flags.batch)
    : defaultRows(flags.case);
}

async function printOverhead({ ring, quick }: BenchFlags, signal: AbortSignal): Promise<void> {
  const facts = machineFacts(loadEngine());
  const overhead = await measureOverhead(ring, OVERHEAD_MILLISECONDS / (quick ? 4 : 1), signal);
  process.stdout.write(overheadText(overhead, facts, ring));
}

async function printAsymmetric({ quick, json }: BenchFlags, signal: AbortSignal): Promise<void> {
  const results = await measureAsymmetric(ASYMMETRIC_MILLISECONDS / (quick ? 4 : 1), signal);
  process.stdout.write(json ? `${JSON.stringify(asymmetricJson(results))}\n` : asymmetricText(results));
}

async function printIpsec({ quick, json, charts }: BenchFlags, signal: AbortSignal): Promise<void> {
  const draw = charts ? await loadIpsecChart() : undefined;
  const results = await measureIpsec(IPSEC_MILLISECONDS / (quick ? 4 : 1), signal);
  if (draw) process.stderr.write(`Drawn: ${await draw(results, CHARTS_FOLDER)}\n`);
  process.stdout.write(json ? `${JSON.stringify(ipsecJson(results))}\n` : ipsecText(results));
}

async function compareBackends(rows: readonly Row[], flags: BenchFlags, signal: AbortSignal): Promise<void> {
  const progress = new RowProgress();
  try {
    progress.start(rows.length);
    const results = await runRows({
      rows,
      implementations: [...backendImplementations(BACKENDS, flags), nodeCrypto],
      expected: nodeCryptoDigest,
      rowMilliseconds: BACKENDS_ROW_MILLISECONDS / (flags.quick ? 4 : 1),
      signal,
      onRow: (row, index) => progress.show(row, index),
    });
    progress.stop();
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(jsonResults(results))}\n`);
      return;
    }
    const gains = await measureWorkers(flags.workers);
    const idle = await measureIdle(flags.workers);
    process.stdout.write(backendsText(results, gains, idle, commandOutput(false).colors));
  } finally {
    progress.stop();
  }
}

async function compareInBrowser(rows: readonly Row[], flags: BenchFlags, signal: AbortSignal): Promise<void> {
  const { workers, thresholds } = flags;
  const progress = new RowProgress();
  try {
    progress.start(rows.length);
    const { facts, results } = await runInBrowser({
      rows,
      device: { workers, ...(thresholds && { thresholds }) },
      rowMilliseconds: BACKENDS_ROW_MILLISECONDS / (flags.quick ? 4 : 1),
      signal,
      onRow: (row, index) => progress.show(row, index),
    });
    progress.stop();
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(jsonResults(results))}\n`
        : browserText(results, facts, commandOutput(false).colors),
    );
  } finally {
    progress.stop();
  }
}

async function measure(rows: readonly Row[], flags: BenchFlags, signal: AbortSignal): Promise<void> {
  const { ring } = flags;
  const facts = machineFacts(loadEngine());
  const draw = flags.charts ? await loadCharts() : undefined;
  const implementations: Implementation[] = [];
  const progress = new RowProgress();
  try {
    implementations.push(...(await startImplementations(ring)));
    if (draw) implementations.push(...backendImplementations(CHART_BACKENDS, flags));
    progress.start(rows.length);
    const results = await runRows({
      rows,
      implementations,
      expected: nodeCryptoDigest,
      rowMilliseconds: rowMilliseconds(rows, flags),
      signal,
      onRow: (row, index) => progress.show(row, index),
    });
    progress.stop();
    for (const path of (await draw?.(results, CHARTS_FOLDER)) ?? []) process.stderr.write(`Drawn: ${path}\n`);
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(jsonResults(results))}\n`
        : tableText(results, facts, ring, commandOutput(false).colors),
    );
    const { case: cases, size, batch, charts, json } = flags;
    if (!cases && !size && !batch && !charts && !json) await printAsymmetric(flags, signal);
  } finally {
    progress.stop();
    for (const implementation of implementations) implementation.dispose();
  }
}

function rowMilliseconds(rows: readonly Row[], { quick, charts }: BenchFlags): number {
  if (charts) return CHARTS_MILLISECONDS / rows.length / (quick ? 4 : 1);
  return (quick ? QUICK_MILLISECONDS : TABLE_MILLISECONDS) / defaultRows().length;
}

/** What is no dependency of the library: how it is loaded, and the packages that have it. */
const LIBRARIES: readonly {
  name: ImplementationName;
  packages: readonly string[];
  load(): Promise<Implementation | undefined>;
}[] = [
  { name: 'noble', packages: ['@noble/ciphers', '@noble/hashes'], load: loadNoble },
  { name: 'hash-wasm', packages: ['hash-wasm'], load: loadHashWasm },
  { name: 'libsodium', packages: ['libsodium-wrappers'], load: loadLibsodium },
];

/** The engine first, then whatever else this machine has. What is left out is said. */
async function startImplementations(ring: RingKind): Promise<Implementation[]> {
  const implementations = [engineOver(ring), nodeCrypto, webCrypto];
  for (const { name, packages, load } of LIBRARIES) {
    const library = await load();
    if (library) implementations.push(library);
    else {
      const install = `npm install --no-save ${packages.join(' ')}`;
      note(`${name} is left out: ${packages.join(' or ')} is not installed (${install}).`);
    }
  }
  // Last, since a process once started must be ended.
  if (MASKABLE) implementations.push(startMasked());
  else note(`node-masked is left out: OPENSSL_ia32cap means nothing on ${process.arch}.`);
  const { OPENSSL_ia32cap } = process.env;
  if (OPENSSL_ia32cap) note('OPENSSL_ia32cap is set: node is masked as well.');
  return implementations;
}

function note(message: string): void {
  process.stderr.write(`note: ${message}\n`);
}
