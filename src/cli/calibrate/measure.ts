import type { RequestBackend, RequestCosts } from '../../backend/contract.ts';
import { defaultThresholds } from '../../backend/placement/tables.ts';
import type { PacedAlgorithm, Threshold, Thresholds } from '../../backend/placement/thresholds.ts';
import { DEPTHS, type Depth } from '../../engine/depth.ts';
import { backendImplementations } from '../bench/backends.ts';
import { type CaseName, type Row, rowsOf } from '../bench/cases.ts';
import type { ImplementationName } from '../bench/implementation.ts';
import { nodeCryptoDigest } from '../bench/node_crypto.ts';
import { type RowResult, runRows } from '../bench/run.ts';
import { FAMILIES, type Family } from './families.ts';

/** Request sizes, each twice the one before as far as it matters. */
export const SIZES: readonly number[] = [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536];
/** Requests in flight for each depth. */
export const IN_FLIGHT: Readonly<Record<Depth, number>> = { few: 1, many: 8, crowd: 64 };

const REQUEST_BACKENDS: readonly RequestBackend[] = ['inline', 'host', 'workers'];

/** Workers must be faster by this factor, because they use the time of another core. */
const WORKERS_GAIN = 1.1;

export interface CalibrationOptions {
  workers: number;
  /** What is measured. */
  families: readonly Family[];
  /** Milliseconds for one size of one case at one depth. */
  rowMilliseconds: number;
  signal: AbortSignal;
  onRow(done: number, name: CaseName): void;
}

/** What is measured for some families. */
export function rowsOfFamilies(families: readonly Family[]): Row[] {
  return rowsOf(
    families.map((family) => family.case),
    SIZES,
    DEPTHS.map((depth) => IN_FLIGHT[depth]),
  );
}

/** The measurement's two results: sizes from which requests are done faster elsewhere than in the engine, and what requests cost. */
export interface Calibration {
  thresholds: Thresholds;
  costs: RequestCosts[];
}

/** Measures requests in the engine, in node:crypto and in workers beside each other. */
export async function calibrate(options: CalibrationOptions): Promise<Calibration> {
  const { families, workers, rowMilliseconds, signal, onRow } = options;
  const results = await runRows({
    rows: rowsOfFamilies(families),
    implementations: backendImplementations(['inline', 'host', 'workers'], { workers }),
    expected: nodeCryptoDigest,
    rowMilliseconds,
    signal,
    onRow: (row, index) => onRow(index, row.case.name),
  });
  return { thresholds: thresholdsFrom(results, families), costs: costsFrom(results, families) };
}

/** What one request of each row costs at each place. */
export function costsFrom(results: readonly RowResult[], families: readonly Family[] = FAMILIES): RequestCosts[] {
  return results.flatMap((row) => {
    const family = families.find(({ case: name }) => name === row.case.name);
    const depth = DEPTHS.find((one) => IN_FLIGHT[one] === row.batch);
    if (!family || !depth) return [];
    const microseconds: RequestCosts['microseconds'] = {};
    for (const place of REQUEST_BACKENDS) {
      const speed = row.speeds[place];
      if (speed) microseconds[place] = 1e6 / speed.opsPerSecond;
    }
    // auto gives workers nothing of few requests: see docs/backends.md.
    const chosen = REQUEST_BACKENDS.filter((place) => depth !== 'few' || place !== 'workers');
    const place = chosen.reduce((a, b) => ((microseconds[b] ?? Infinity) < (microseconds[a] ?? Infinity) ? b : a));
    return [{ algorithms: family.sessions, depth, bytes: row.bytes, place, microseconds }];
  });
}

/** What measurements of some families come to. Algorithms that were not measured keep their defaults. */
export function thresholdsFrom(results: readonly RowResult[], families: readonly Family[] = FAMILIES): Thresholds {
  const measured = families.flatMap(({ case: name, algorithms }) => {
    const rows = results.filter((row) => row.case.name === name);
    const host = thresholdOf(rows, (row) => speed(row, 'host') > speed(row, 'inline'));
    const others = (row: RowResult) => Math.max(speed(row, 'inline'), speed(row, 'host'));
    const workers = thresholdOf(rows, (row) => speed(row, 'workers') > WORKERS_GAIN * others(row));
    return algorithms.map((algorithm) => ({ algorithm, host, workers }));
  });
  const known = new Set<string>(measured.map(({ algorithm }) => algorithm));
  const defaults = defaultThresholds('node:crypto');
  const table = (which: 'host' | 'workers') => ({
    ...Object.fromEntries(Object.entries(defaults[which]).filter(([algorithm]) => !known.has(algorithm))),
    ...Object.fromEntries(measured.flatMap((one) => entryOf(one.algorithm, one[which]))),
  });
  return { host: table('host'), workers: table('workers') };
}

function entryOf(algorithm: PacedAlgorithm, threshold: Threshold): [PacedAlgorithm, Threshold][] {
  return Object.keys(threshold).length === 0 ? [] : [[algorithm, threshold]];
}

function thresholdOf(rows: readonly RowResult[], wins: (row: RowResult) => boolean): Threshold {
  const threshold: Threshold = {};
  for (const depth of DEPTHS) {
    const least = leastSize(rows.filter(({ batch }) => batch === IN_FLIGHT[depth]).filter(wins), SIZES);
    if (least !== undefined) threshold[depth] = least;
  }
  return threshold;
}

/** The size from which on every size is among the rows. */
function leastSize(winning: readonly RowResult[], sizes: readonly number[]): number | undefined {
  const won = new Set(winning.map(({ bytes }) => bytes));
  let least: number | undefined;
  for (const size of sizes.toReversed()) {
    if (!won.has(size)) break;
    least = size;
  }
  return least;
}

/** How fast a backend was, inline being 1: the median of what each round says. */
function speed({ speeds }: RowResult, name: ImplementationName): number {
  const slower = speeds[name]?.engineRatio;
  return slower === undefined ? 0 : 1 / slower;
}
