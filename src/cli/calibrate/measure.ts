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

/** Measures from which sizes on requests are done faster elsewhere than in the engine. */
export async function calibrate(options: CalibrationOptions): Promise<Thresholds> {
  const { families, workers, rowMilliseconds, signal, onRow } = options;
  const results = await runRows({
    rows: rowsOfFamilies(families),
    implementations: backendImplementations(['inline', 'host', 'workers'], { workers }),
    expected: nodeCryptoDigest,
    rowMilliseconds,
    signal,
    onRow: (row, index) => onRow(index, row.case.name),
  });
  return thresholdsFrom(results, families);
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
