// npm run differential, once scripts/differential.mjs has read its options.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { restartWithFlags, wantedFlags } from '../../src/cli/v8_flags.ts';
import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import { Differential, type Failure } from './fuzzer.ts';
import { isProgram, type Program, programOf } from './program.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const FAILURES = join(ROOT, 'build/differential-failures');
/** What scripts/differential.mjs reads from the command line. */
export interface Options {
  /** Ends when so many requests were compared; Infinity: never for this reason. */
  requests: number;
  /** Ends after this time, in seconds. */
  seconds?: number;
  /** The seed of the first program. */
  seed: number;
  /** Text in the names of the configurations that run. */
  only?: string;
  /** The file of one program. */
  replay?: string;
}

/** Runs the command, and sets the exit status. */
export async function main(options: Options): Promise<void> {
  // Both builds of the engine are to run.
  await restartWithFlags(wantedFlags('differential'));
  const { only = '', replay: file } = options;
  const configurations = CONFIGURATIONS.filter(({ name }) => name.includes(only));
  if (configurations.length === 0) {
    const names = CONFIGURATIONS.map(({ name }) => `  ${name}`).join('\n');
    refuse(`No configuration's name has ${only} in it. There are\n${names}`);
  }
  if (file === undefined) await fuzz(options, configurations);
  else await replay(file, configurations);
}

async function fuzz(
  { seed, requests: target, seconds = Number.POSITIVE_INFINITY }: Options,
  chosen: readonly Configuration[],
): Promise<void> {
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
