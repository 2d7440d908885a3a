// The device's backends beside each other, with requests in flight all the time, and what is asked of them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { BACKENDS, type BackendName, type Thresholds } from '../../backend/backend.ts';
import type { Output } from '../output.ts';
import { type CaseName, type Row, rowsOf } from './cases.ts';
import { prepareDevice } from './device.ts';
import { backendOver, FlightRunner } from './flight.ts';
import type { Implementation, ImplementationName } from './implementation.ts';
import type { RowResult } from './run.ts';
import { workloadOf } from './workload.ts';

export const BACKEND_CASES: readonly CaseName[] = [
  'aes-128-cbc-encrypt',
  'aes-128-ctr',
  'aes-128-gcm-encrypt',
  'sha-256',
  'aes-128-cbc+hmac-sha-256',
];
export const BACKEND_SIZES: readonly number[] = [64, 1024, 4096, 16384, 65536, 1048576];
export const BACKEND_DEPTHS: readonly number[] = [1, 8, 64];
/** How the gain of workers is measured. */
const WORKERS_CASES: readonly CaseName[] = ['aes-128-gcm-encrypt', 'aes-128-cbc+hmac-sha-256'];
const WORKERS_BYTES = 16384;
const WORKERS_DEPTH = 16;

const SINGLES = ['inline', 'host', 'workers'] as const;

/** How the device is made for it. */
export interface BackendBenchOptions {
  workers: number;
  thresholds?: Thresholds;
}

export function backendImplementations(
  names: readonly BackendName[],
  { workers, thresholds }: BackendBenchOptions,
): Implementation[] {
  const options = { workers, ...(thresholds && { thresholds }) };
  return names.map((backend) => backendOver(backend, { backend, ...options }));
}

/** What requests cost each thread of the process. */
export interface ThreadCosts {
  case: CaseName;
  /** Processor time of the emulator's thread, in microseconds a request; undefined where the system does not say. */
  emulator: number | undefined;
  /** Processor time of the whole process. */
  all: number;
  /** The same with everything in the engine. */
  inline: number;
}

/** Measures processor time, which other processes do not change much. */
export async function measureThreads(workers: number): Promise<ThreadCosts[]> {
  const costs: ThreadCosts[] = [];
  for (const row of rowsOf(WORKERS_CASES, [WORKERS_BYTES], [WORKERS_DEPTH])) {
    const inline = await spent(row, 'inline', workers);
    const apart = await spent(row, 'workers', workers);
    costs.push({ case: row.case.name, emulator: apart.emulator, all: apart.all, inline: inline.all });
  }
  return costs;
}

const SPENT_TIMES = 250;

async function spent(row: Row, backend: 'inline' | 'workers', workers: number) {
  const runner = await FlightRunner.prepare(workloadOf(row), { backend, workers });
  try {
    await runner.run(SPENT_TIMES);
    const thread = threadMicroseconds();
    const before = process.cpuUsage();
    await runner.run(SPENT_TIMES);
    const { user, system } = process.cpuUsage(before);
    const requests = SPENT_TIMES * row.batch;
    const now = threadMicroseconds();
    return {
      emulator: thread === undefined || now === undefined ? undefined : (now - thread) / requests,
      all: (user + system) / requests,
    };
  } finally {
    runner.dispose();
  }
}

/** Processor time of the thread that runs JavaScript, where the system says. */
function threadMicroseconds(): number | undefined {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return undefined;
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

/** How fast a backend was, inline being 1: the median of the rounds' ratios. */
function speed({ speeds }: RowResult, name: ImplementationName): number {
  const slower = speeds[name]?.engineRatio;
  return slower ? 1 / slower : Number.NaN;
}

/** The tables for people. */
export function backendsText(
  rows: readonly RowResult[],
  threads: readonly ThreadCosts[],
  idle: number,
  paint: Output['colors'],
): string {
  const table = new Table({
    head: ['case', 'bytes', 'in flight', ...BACKENDS, 'node', 'auto/best', 'auto/node'],
    colAligns: ['left', ...Array.from({ length: 9 }, () => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  const shares: number[] = [];
  for (const row of rows) {
    const best = Math.max(...SINGLES.map((name) => speed(row, name)));
    const share = speed(row, 'auto') / best;
    shares.push(share);
    const paintShare = share >= AUTO_SHARE ? paint.green : paint.yellow;
    table.push([
      row.case.name,
      String(row.bytes),
      String(row.batch),
      ...[...BACKENDS, 'node' as const].map((name) => figure(row.speeds[name]?.MBps)),
      paintShare(share.toFixed(2)),
      (speed(row, 'auto') / speed(row, 'node')).toFixed(2),
    ]);
  }
  const good = shares.filter((share) => share >= AUTO_SHARE).length;
  return [
    table.toString(),
    '',
    `auto has at least ${AUTO_SHARE} of the best single backend in ${good} of ${shares.length} rows; the least is ${figure(Math.min(...shares))}.`,
    ...threads.map(threadText),
    `An idle second of a device with workers takes ${(idle / 1000).toFixed(1)} ms of processor time, Node's own included.`,
    FOOTNOTE,
    '',
  ].join('\n');
}

const AUTO_SHARE = 0.9;

function threadText({ case: name, emulator, all, inline }: ThreadCosts): string {
  const own = emulator === undefined ? '' : `, ${emulator.toFixed(1)} of them the emulator's thread's`;
  return `${name}, ${WORKERS_BYTES} bytes, ${WORKERS_DEPTH} in flight: ${inline.toFixed(1)} µs of processor time a request inline, ${all.toFixed(1)} with workers${own}.`;
}

const FOOTNOTE = `MB/s (10^6 bytes), medians of rounds in which the backends take turns; auto/best and auto/node are ratios of the rounds' ratios.
Requests are in flight all the time: each that is used is made available again at once.`;

function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
