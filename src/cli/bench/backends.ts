// The device's backends beside each other, with requests in flight all the time, and what is asked of them.
import Table from 'cli-table3';
import { BACKENDS, type BackendName, type Thresholds } from '../../backend/backend.ts';
import type { Output } from '../output.ts';
import type { CaseName } from './cases.ts';
import { backendOver } from './flight.ts';
import type { Implementation, ImplementationName } from './implementation.ts';
import type { RowResult } from './run.ts';
import { type WorkersResult, workersText } from './workers_gain.ts';

export const BACKEND_CASES: readonly CaseName[] = [
  'aes-128-cbc-encrypt',
  'aes-128-ctr',
  'aes-128-gcm-encrypt',
  'sha-256',
  'aes-128-cbc+hmac-sha-256',
];
export const BACKEND_SIZES: readonly number[] = [64, 1024, 4096, 16384, 65536, 1048576];
export const BACKEND_DEPTHS: readonly number[] = [1, 8, 64];

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

/** How fast a backend was, inline being 1: the median of the rounds' ratios. */
function speed({ speeds }: RowResult, name: ImplementationName): number {
  const slower = speeds[name]?.engineRatio;
  return slower ? 1 / slower : Number.NaN;
}

/** The tables for people. */
export function backendsText(
  rows: readonly RowResult[],
  workers: readonly WorkersResult[],
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
    ...workers.map(workersText),
    `An idle second of a device with workers takes ${(idle / 1000).toFixed(1)} ms of processor time, Node's own included.`,
    FOOTNOTE,
    '',
  ].join('\n');
}

const AUTO_SHARE = 0.9;

const FOOTNOTE = `MB/s (10^6 bytes), medians of rounds in which the backends take turns; auto/best and auto/node are ratios of the rounds' ratios.
Requests are in flight all the time: each that is used is made available again at once.`;

function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
