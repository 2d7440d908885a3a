// npm run differential: see --help.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { restartWithFlags, wantedFlags } from '../../src/cli/v8_flags.ts';
import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import { Differential, type Failure } from './fuzzer.ts';
import { isProgram, type Program, programOf } from './program.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const FAILURES = join(ROOT, 'build/differential-failures');
/** What is compared where nothing is said. */
const REQUESTS = 200_000;

interface Options {
  requests?: number;
  seconds?: number;
  seed: number;
  only?: string;
  replay?: string;
}

const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
};

const options = new Command('npm run differential --')
  .description(
    'Runs programs of random requests on many configurations of the device at once, and compares guest memory, used.len, order, faults and ' +
      'statistics with those of the reference: the same requests inline, on a split ring, one a notification.',
  )
  .option(
    '--requests <count>',
    `ends when so many were compared, of all configurations together (default: ${REQUESTS})`,
    number,
  )
  .option('--seconds <seconds>', 'ends after this time', number)
  .option('--seed <number>', 'of the first program; the next one has the next seed', number, 1)
  .option('--only <text>', 'configurations whose names have this in them')
  .option('--replay <file>', 'runs one program, as a failure left it, and nothing else')
  .addHelpText('after', `\nConfigurations:\n${CONFIGURATIONS.map(({ name }) => `  ${name}`).join('\n')}`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

// Both builds of the engine are to run.
await restartWithFlags(wantedFlags('differential'));
const configurations = CONFIGURATIONS.filter(({ name }) => name.includes(options.only ?? ''));
if (configurations.length === 0) refuse(`No configuration's name has ${options.only} in it: see --help.`);
if (options.replay === undefined) await fuzz(configurations);
else await replay(options.replay, configurations);

async function fuzz(chosen: readonly Configuration[]): Promise<void> {
  const { seed, seconds = Number.POSITIVE_INFINITY } = options;
  const target = options.requests ?? (options.seconds === undefined ? REQUESTS : Number.POSITIVE_INFINITY);
  const fuzzer = await Differential.make(chosen);
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const bar = progressBar(seconds);
  let failure: Failure | undefined;
  let next = seed;
  for (; !failure && fuzzer.requests < target && elapsed() < seconds; next++) {
    failure = await fuzzer.run(programOf(next));
    bar?.update(Math.floor(Math.min(1, Math.max(fuzzer.requests / target, elapsed() / seconds)) * 1000), {
      requests: fuzzer.requests,
    });
  }
  bar?.stop();
  const took = elapsed();
  if (failure) {
    console.error(`The program of seed ${next - 1} differs on ${failure.configuration}; it is made smaller now.`);
    report(next - 1, await fuzzer.minimise(failure));
  }
  for (const { name, host, workers } of fuzzer.elsewhere) {
    if (host + workers > 0) console.log(`${name}: ${host} in the host, ${workers} in workers`);
  }
  console.log(
    `${fuzzer.requests} requests of ${fuzzer.programs} programs on ${chosen.length} configurations in ${took.toFixed(1)} s: ` +
      `${failure ? 1 : 0} differ (seeds ${seed} to ${next - 1})`,
  );
  fuzzer.dispose();
  process.exitCode = failure ? 1 : 0;
}

/** Runs a program on all configurations, not only on the one that once differed. */
async function replay(file: string, chosen: readonly Configuration[]): Promise<void> {
  const fuzzer = await Differential.make(chosen);
  const failure = await fuzzer.run(readProgram(file));
  if (failure) print(failure);
  else console.log('Nothing differs.');
  fuzzer.dispose();
  process.exitCode = failure ? 1 : 0;
}

function readProgram(file: string): Program {
  try {
    const program: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isProgram(program)) return program;
  } catch (error) {
    refuse(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return refuse(`${file} holds no program: give a file from ${FAILURES}.`);
}

function report(seed: number, failure: Failure): void {
  mkdirSync(FAILURES, { recursive: true });
  const file = join(FAILURES, `${seed}.json`);
  writeFileSync(file, `${JSON.stringify(failure.program)}\n`);
  print(failure);
  console.error(`npm run differential -- --replay ${file}`);
}

function print({ configuration, description, differences }: Failure): void {
  console.error([...description, `${configuration}:`, ...differences.map((line) => `  ${line}`)].join('\n'));
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

/** On a terminal. */
function progressBar(seconds: number): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const end = Number.isFinite(seconds) ? ` of ${seconds} s` : '';
  const format = `differential {bar} {percentage} %${end}, {requests} requests`;
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true, hideCursor: true });
  bar.start(1000, 0, { requests: 0 });
  return bar;
}
