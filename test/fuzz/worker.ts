// One fuzzer in a thread of its own. It leaves its input where the main thread finds it, should it never come back.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { instrumentEngines } from './coverage.ts';
import { Fuzzer } from './fuzzer.ts';
import { INPUT_BYTES_MAX } from './mutate.ts';
import type { FromWorker, Job } from './protocol.ts';

const { engine, seed, cases, until, corpus, shared } = workerData as Job;
const REPORT_CASES = 4096;
const counter = new Uint32Array(shared, 0, 2);
const current = new Uint8Array(shared, 8, INPUT_BYTES_MAX);

const engines = instrumentEngines(new Uint8Array(readFileSync(engine)));
const fuzzer = new Fuzzer(engines, seed);
const send = (message: FromWorker) => parentPort?.postMessage(message);

function run(input: Uint8Array): boolean {
  current.set(input);
  counter[1] = input.length;
  Atomics.add(counter, 0, 1);
  const failure = fuzzer.run(input);
  if (failure) send({ kind: 'failure', ...failure });
  return failure === undefined;
}

let kept = 0;
function report(): void {
  send({ kind: 'progress', cases: fuzzer.cases, ...fuzzer.reached, found: fuzzer.corpus.slice(kept) });
  kept = fuzzer.corpus.length;
}

let good = corpus.every(run);
report();
while (good && fuzzer.cases < cases && Date.now() < until) {
  for (let left = Math.min(REPORT_CASES, cases - fuzzer.cases); good && left > 0; left--) good = run(fuzzer.propose());
  report();
}
send({ kind: 'end' });
