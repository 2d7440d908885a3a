// What workers gain, what they cost, and that they cost nothing while there is nothing to do.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CaseName, rowsOf } from './cases.ts';
import { prepareDevice } from './device.ts';
import { FlightRunner } from './flight.ts';
import { median } from './measure.ts';
import { workloadOf } from './workload.ts';

const CASES: readonly CaseName[] = ['aes-128-gcm-encrypt', 'aes-128-cbc+hmac-sha-256'];
const BYTES = 16384;
const DEPTH = 16;
const WARM_UP = 1000;
const ROUNDS = 11;
const TIMES = 100;

/** What requests cost, and gain, where workers have them. */
export interface WorkerCosts {
  /** How many times as many requests a second as with everything in the engine: the median of the rounds' ratios. */
  gain: number;
  /** Processor time of the whole process, in microseconds a request. */
  all: number;
  /** That of the emulator's thread; undefined where the system does not say. */
  emulator: number | undefined;
}

/** A case, run in the engine and by workers. */
export interface WorkersResult {
  case: CaseName;
  workers: number;
  /** Processor time with everything in the engine, in microseconds a request. */
  inline: number;
  copied: WorkerCosts;
  /** The same in a guest memory that threads share, where workers serve requests in place. */
  inPlace: WorkerCosts;
}

/** Measures what workers gain and what they cost: processor time is what other processes change least. */
export async function measureWorkers(workers: number): Promise<WorkersResult[]> {
  const results: WorkersResult[] = [];
  for (const row of rowsOf(CASES, [BYTES], [DEPTH])) {
    const workload = workloadOf(row);
    const inline = await FlightRunner.prepare(workload, { backend: 'inline' });
    const copied = await FlightRunner.prepare(workload, { backend: 'workers', workers });
    const inPlace = await FlightRunner.prepare(workload, { backend: 'workers', workers, sharedMemory: true });
    const runners = [inline, copied, inPlace];
    try {
      // New workers' code is compiled by threads of its own, which would count.
      for (const runner of runners) await runner.run(WARM_UP);
      const [alone = [], ...others] = await takeTurns(runners, row.batch);
      const [ofCopied, ofPlace] = others.map((rounds) => costs(alone, rounds));
      if (!ofCopied || !ofPlace) continue;
      const spent = median(alone.map(({ all }) => all));
      results.push({ case: row.case.name, workers, inline: spent, copied: ofCopied, inPlace: ofPlace });
    } finally {
      for (const runner of runners) runner.dispose();
    }
  }
  return results;
}

interface Round {
  milliseconds: number;
  all: number;
  emulator: number;
}

async function takeTurns(runners: readonly FlightRunner[], batch: number): Promise<Round[][]> {
  const rounds = runners.map((): Round[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, runner] of runners.entries()) {
      const thread = threadMicroseconds();
      const before = process.cpuUsage();
      const milliseconds = await runner.run(TIMES);
      const { user, system } = process.cpuUsage(before);
      const requests = TIMES * batch;
      const emulator = (threadMicroseconds() - thread) / requests;
      rounds[index]?.push({ milliseconds, all: (user + system) / requests, emulator });
    }
  }
  return rounds;
}

function costs(alone: readonly Round[], rounds: readonly Round[]): WorkerCosts {
  const gains = rounds.map(({ milliseconds }, round) => (alone[round]?.milliseconds ?? Number.NaN) / milliseconds);
  const emulator = median(rounds.map((round) => round.emulator));
  return {
    gain: median(gains),
    all: median(rounds.map(({ all }) => all)),
    emulator: Number.isNaN(emulator) ? undefined : emulator,
  };
}

/** Processor time of the thread that runs JavaScript; NaN where the system does not say. */
function threadMicroseconds(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return Number.NaN;
  }
}

/** Processor time, in microseconds, of an idle second of a device whose workers have started and done something. */
export async function measureIdle(workers: number): Promise<number> {
  const [row] = rowsOf(['aes-128-gcm-encrypt'], [1024], [4]);
  if (!row) return 0;
  const prepared = await prepareDevice(workloadOf(row), { ring: 'split', backend: 'workers', workers });
  const { device, pci, notifyOffset } = prepared.machine;
  pci.write(notifyOffset, 2, 0);
  device.settle();
  await sleep(1000);
  const before = process.cpuUsage();
  await sleep(1000);
  const { user, system } = process.cpuUsage(before);
  device.dispose();
  return user + system;
}

/** The figures for people. */
export function workersText({ case: name, workers, inline, copied, inPlace }: WorkersResult): string {
  return [
    `${name}, ${BYTES} bytes, ${DEPTH} in flight: inline ${inline.toFixed(1)} µs of processor time a request;`,
    `  ${workers} workers ${costsText(copied)};`,
    `  in a guest memory that threads share ${costsText(inPlace)}.`,
  ].join('\n');
}

function costsText({ gain, all, emulator }: WorkerCosts): string {
  const own = emulator === undefined ? '' : `, ${emulator.toFixed(1)} of them the emulator's thread's`;
  return `${gain.toFixed(2)} x inline, ${all.toFixed(1)} µs${own}`;
}
