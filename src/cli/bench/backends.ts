// The device's backends beside each other, with requests in flight all the time, and what is asked of them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendName, Thresholds } from '../../backend/backend.ts';
import { type CaseName, type Row, rowsOf } from './cases.ts';
import { prepareDevice } from './device.ts';
import { backendOver, FlightRunner } from './flight.ts';
import type { Implementation } from './implementation.ts';
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
export const WORKERS_BYTES = 16384;
export const WORKERS_DEPTH = 16;

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
