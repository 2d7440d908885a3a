// The work of npm run fuzz, whose options scripts/fuzz.mjs reads before it builds this.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { instrumentEngines } from './coverage.ts';
import { Fuzzer } from './fuzzer.ts';
import { INPUT_BYTES_MAX } from './mutate.ts';
import type { FromWorker, Job } from './protocol.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const ENGINE = join(ROOT, 'build/engine.coverage.wasm');
/** One input a line, in base64. */
const CORPUS = join(ROOT, 'test/fuzz/corpus.txt');
const FAILURES = join(ROOT, 'build/fuzz-failures');
const PROGRESS = join(ROOT, 'build/fuzz-progress.json');
/** A case that takes longer has hung: the slowest that end take a millisecond. */
const HANG_MS = 20_000;
const LOOK_MS = 1000;

export interface Options {
  minutes: number;
  cases: number;
  workers: number;
  seed: number;
  resume: boolean;
  keep: boolean;
  replay?: string;
}

/** Runs what the options ask for; the exit status says whether all went well. */
export async function main(options: Options): Promise<void> {
  if (options.replay !== undefined) replay(options.replay);
  else await fuzz(options);
}

function replay(file: string): void {
  const engines = instrumentEngines(new Uint8Array(readFileSync(ENGINE)));
  const failure = new Fuzzer(engines, 1).run(new Uint8Array(readFileSync(file)));
  console.log(failure ? failure.message : 'No failure.');
  process.exitCode = failure ? 1 : 0;
}

async function fuzz(options: Options): Promise<void> {
  const corpus = readFileSync(CORPUS, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Uint8Array(Buffer.from(line, 'base64')));
  const before = options.resume ? readProgress() : 0;
  const target = Math.max(0, options.cases - before);
  const started = Date.now();
  const workers = Array.from({ length: options.workers }, (_, index) =>
    startWorker({
      engine: ENGINE,
      seed: options.seed + index + before,
      cases: Math.ceil(target / options.workers),
      until: started + options.minutes * 60_000,
      corpus,
      shared: new SharedArrayBuffer(8 + INPUT_BYTES_MAX),
    }),
  );
  const ended = await Promise.all(workers.map(({ ended }) => ended));
  const cases = workers.reduce((sum, worker) => sum + worker.cases, 0);
  const seconds = (Date.now() - started) / 1000;
  const places = Math.max(...workers.map((worker) => worker.places));
  const states = Math.max(...workers.map((worker) => worker.states));
  if (options.resume) writeFileSync(PROGRESS, JSON.stringify({ cases: before + cases }));
  if (options.keep) keep(workers.flatMap(({ found }) => found));
  console.log(
    `${cases} cases in ${seconds.toFixed(1)} s, ${Math.round(cases / seconds)} a second on ${options.workers} threads` +
      `${options.resume ? `, ${before + cases} in all` : ''}; ${places} places of the engine and ${states} states reached` +
      ` (seed ${options.seed})`,
  );
  process.exitCode = ended.every(Boolean) ? 0 : 1;
}

function readProgress(): number {
  try {
    const saved: unknown = JSON.parse(readFileSync(PROGRESS, 'utf8'));
    return typeof saved === 'object' && saved !== null && 'cases' in saved ? Number(saved.cases) : 0;
  } catch {
    return 0;
  }
}

interface Running {
  cases: number;
  places: number;
  states: number;
  found: Uint8Array[];
  /** Whether all cases went well. */
  ended: Promise<boolean>;
}

function startWorker(job: Job): Running {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
  const counter = new Uint32Array(job.shared, 0, 2);
  const { promise, resolve } = deferred();
  const running: Running = { cases: 0, places: 0, states: 0, found: [], ended: promise };
  let good = true;
  let last = { count: 0, at: Date.now() };
  const watch = setInterval(() => {
    const count = Atomics.load(counter, 0);
    if (count !== last.count) last = { count, at: Date.now() };
    else if (Date.now() - last.at > HANG_MS && count > 0) {
      report(
        new Uint8Array(job.shared.slice(8, 8 + (counter[1] ?? 0))),
        `The device did not end within ${HANG_MS} ms.`,
      );
      good = false;
      void worker.terminate();
    }
  }, LOOK_MS);
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') {
      const { cases, places, states } = message;
      Object.assign(running, { cases, places, states });
      running.found.push(...message.found);
    } else if (message.kind === 'failure') {
      report(message.input, message.message);
      good = false;
    }
  });
  worker.on('error', (error) => {
    console.error(error);
    good = false;
  });
  worker.on('exit', () => {
    clearInterval(watch);
    resolve(good);
  });
  return running;
}

function deferred(): { promise: Promise<boolean>; resolve: (good: boolean) => void } {
  let resolve: (good: boolean) => void = () => {};
  const promise = new Promise<boolean>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function report(input: Uint8Array, message: string): void {
  mkdirSync(FAILURES, { recursive: true });
  const file = join(FAILURES, `${Date.now()}-${input.length}.bin`);
  writeFileSync(file, input);
  console.error(`${message}\nnpm run fuzz -- --replay ${file}`);
}

/** Writes the corpus anew: those inputs alone, shortest first, that together reach what all of them do. */
function keep(inputs: readonly Uint8Array[]): void {
  const engines = instrumentEngines(new Uint8Array(readFileSync(ENGINE)));
  const fuzzer = new Fuzzer(engines, 1);
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) fuzzer.run(input);
  writeFileSync(CORPUS, fuzzer.corpus.map((input) => `${Buffer.from(input).toString('base64')}\n`).join(''));
}
