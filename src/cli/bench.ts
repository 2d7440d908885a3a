import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { BLOCK_BYTES, DEFAULT_BATCHES, DEFAULT_SIZES, rowsOf } from './bench/cases.ts';
import { engine } from './bench/engine.ts';
import type { Implementation } from './bench/implementation.ts';
import { machineFacts } from './bench/machine.ts';
import { MASKABLE, startMasked } from './bench/masked.ts';
import { loadNoble } from './bench/noble.ts';
import { nodeCrypto } from './bench/node_crypto.ts';
import { jsonResults, tableText } from './bench/report.ts';
import { runRows } from './bench/run.ts';
import { commandOutput } from './output.ts';

interface BenchFlags {
  size?: number[];
  batch?: number[];
  quick?: true;
  json?: true;
}

const SIZE_MAX = 1024 * 1024;
/** A data queue's default size. */
const BATCH_MAX = 1024;
/** Both sides of a batch stand in memory, in two processes. */
const BATCH_BYTES_MAX = 64 * 1024 * 1024;

/** What the whole default table takes, in milliseconds; a part of it takes its part. */
const TABLE_MILLISECONDS = 60_000;
const QUICK_MILLISECONDS = 15_000;

const EXIT_INTERRUPTED = 130;

/** `virtio-crypto bench`: requests through the rings, without a guest, beside other implementations of the same work. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('Measure requests through the rings without a guest, beside node:crypto and @noble/ciphers.')
    .option('--size <bytes...>', `request sizes (default: ${DEFAULT_SIZES.join(' ')})`, collectSize)
    .option('--batch <n...>', `requests a notification (default: ${DEFAULT_BATCHES.join(' ')})`, collectBatch)
    .option('--quick', 'a quarter of the time: about 15 s instead of 60 s for the whole table')
    .option('--json', 'print one JSON array of results and nothing else')
    .action((flags: BenchFlags) => bench(command, flags));
  return command;
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
  const sizes = flags.size ?? DEFAULT_SIZES;
  const batches = flags.batch ?? DEFAULT_BATCHES;
  const largest = { bytes: Math.max(...sizes), batch: Math.max(...batches) };
  if (largest.bytes * largest.batch > BATCH_BYTES_MAX) {
    command.error(
      `error: --size ${largest.bytes} with --batch ${largest.batch} needs more memory than this benchmark takes. Give a size and a batch whose product is at most ${BATCH_BYTES_MAX}.`,
    );
  }

  const interruption = new AbortController();
  const { signal } = interruption;
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const implementations: Implementation[] = [];
  const rows = rowsOf(sizes, batches);
  const defaultRows = rowsOf(DEFAULT_SIZES, DEFAULT_BATCHES).length;
  const progress = new SingleBar({
    format: 'bench {bar} {value}/{total}  {row}',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
    hideCursor: true,
  });
  try {
    implementations.push(...(await startImplementations()));
    if (process.stderr.isTTY) progress.start(rows.length, 0, { row: '' });
    const results = await runRows({
      rows,
      implementations,
      rowMilliseconds: (flags.quick ? QUICK_MILLISECONDS : TABLE_MILLISECONDS) / defaultRows,
      signal,
      onRow: (row, index) => {
        if (progress.isActive)
          progress.update(index, { row: `${row.case.name}, ${row.bytes} bytes, batch ${row.batch}` });
      },
    });
    progress.stop();
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(jsonResults(results))}\n`
        : tableText(results, machineFacts(), commandOutput(false).colors),
    );
  } catch (error) {
    progress.stop();
    if (!signal.aborted) throw error;
    process.stderr.write('Interrupted.\n');
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    for (const implementation of implementations) implementation.dispose();
  }
}

/** The engine first, then whatever else this machine has. What is left out is said. */
async function startImplementations(): Promise<Implementation[]> {
  const implementations = [engine, nodeCrypto];
  const noble = await loadNoble();
  if (noble) implementations.push(noble);
  else note('noble is left out: @noble/ciphers is not installed (npm install --no-save @noble/ciphers).');
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
