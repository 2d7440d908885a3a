// The tables of the device's backends beside each other, for people.
import Table from 'cli-table3';
import { BACKENDS } from '../../backend/contract.ts';
import type { Output } from '../output.ts';
import type { BrowserFacts } from './browser/protocol.ts';
import type { ImplementationName } from './implementation.ts';
import type { RowResult } from './run.ts';
import { type WorkersResult, workersText } from './workers_gain.ts';

const SINGLES = ['inline', 'host', 'workers'] as const;
/** What auto is to have of the best of them. */
const AUTO_SHARE = 0.9;

/** What was measured in Node, beside node:crypto, with what threads cost. */
export function backendsText(
  rows: readonly RowResult[],
  workers: readonly WorkersResult[],
  idle: number,
  paint: Output['colors'],
): string {
  return [
    ...tableLines(rows, ['node'], paint),
    ...learnedLines(rows),
    ...workers.map(workersText),
    `An idle second of a device with workers takes ${(idle / 1000).toFixed(1)} ms of processor time, Node's own included.`,
    footnote('auto/best and auto/node are ratios'),
    '',
  ].join('\n');
}

/** What was measured in a page. */
export function browserText(
  rows: readonly RowResult[],
  { browser, cpu, cores, build }: BrowserFacts,
  paint: Output['colors'],
): string {
  return [
    `${browser}, ${build} build, ${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}; host is WebCrypto`,
    ...tableLines(rows, [], paint),
    ...learnedLines(rows),
    footnote('auto/best is a ratio'),
    '',
  ].join('\n');
}

/** @param peers what auto is compared with beside the other backends */
function tableLines(rows: readonly RowResult[], peers: readonly 'node'[], paint: Output['colors']): string[] {
  const heads = ['bytes', 'in flight', ...BACKENDS, ...peers, 'auto/best', ...peers.map((name) => `auto/${name}`)];
  const table = new Table({
    head: ['case', ...heads],
    colAligns: ['left', ...heads.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  const shares = rows.map((row) => speed(row, 'auto') / Math.max(...SINGLES.map((name) => speed(row, name))));
  for (const [index, row] of rows.entries()) {
    const share = shares[index] ?? Number.NaN;
    const paintShare = share >= AUTO_SHARE ? paint.green : paint.yellow;
    table.push([
      row.case.name,
      String(row.bytes),
      String(row.batch),
      ...[...BACKENDS, ...peers].map((name) => figure(row.speeds[name]?.MBps)),
      paintShare(share.toFixed(2)),
      ...peers.map((name) => (speed(row, 'auto') / speed(row, name)).toFixed(2)),
    ]);
  }
  const good = shares.filter((share) => share >= AUTO_SHARE).length;
  return [
    table.toString(),
    '',
    `auto has at least ${AUTO_SHARE} of the best single backend in ${good} of ${shares.length} rows; the least is ${figure(Math.min(...shares))}.`,
  ];
}

/** What auto measured of each row's requests, which is why they went where they went. */
function learnedLines(rows: readonly RowResult[]): string[] {
  const learned = rows.flatMap(({ costs, ...row }) => (costs ? [{ ...row, costs }] : []));
  if (learned.length === 0) return [];
  const table = new Table({
    head: ['what auto measured, µs a request', 'bytes', 'in flight', ...SINGLES, 'runs in'],
    colAligns: ['left', 'right', 'right', ...SINGLES.map(() => 'right' as const), 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { case: item, bytes, batch, costs } of learned) {
    const cells = SINGLES.map((name) => figure(costs.microseconds[name]));
    table.push([item.name, String(bytes), String(batch), ...cells, costs.place]);
  }
  return [table.toString(), ''];
}

/** How fast a backend was, inline being 1: the median of the rounds' ratios. */
function speed({ speeds }: RowResult, name: ImplementationName): number {
  const slower = speeds[name]?.engineRatio;
  return slower ? 1 / slower : Number.NaN;
}

function footnote(ratios: string): string {
  return `MB/s (10^6 bytes), medians of rounds in which the backends take turns; ${ratios} of the rounds' ratios.
Requests are in flight all the time: each that is used is made available again at once.`;
}

function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
