import { CROWD_REQUESTS, MANY_REQUESTS } from '../../../spec/engine.ts';
import type { RequestCosts } from '../../backend/contract.ts';
import type { Row } from './cases.ts';
import { BenchError, type Implementation, type ImplementationName, type Runner } from './implementation.ts';
import { measureRounds, median, paceFor } from './measure.ts';
import { type Workload, workloadOf } from './workload.ts';

/** What came out for one row: medians of its rounds. */
export interface RowResult extends Row {
  speeds: Partial<Record<ImplementationName, Speed>>;
  /** What auto has learned of such requests. */
  costs?: RequestCosts | undefined;
}

export interface Speed {
  /** 10^6 bytes a second. */
  MBps: number;
  opsPerSecond: number;
  /** How many times as fast the engine was: the median of the rounds' ratios, not the ratio of the medians. */
  engineRatio: number;
}

export interface RunOptions {
  rows: readonly Row[];
  /** The first one is what the others are compared with; those that have not got a row's case are left out of it. */
  implementations: readonly Implementation[];
  /** What resultDigest() says of a workload's results as node:crypto makes them. */
  expected(workload: Workload): Promise<string>;
  /** Milliseconds for each row, all implementations together. */
  rowMilliseconds: number;
  signal?: AbortSignal;
  /** Called before each row, with its index. */
  onRow?: (row: Row, index: number) => void;
}

/**
 * Measures row by row. Every result is compared with node:crypto's before a row is timed, and once more after it.
 * @throws BenchError for a wrong result, or the signal's reason when it was aborted
 */
export async function runRows(options: RunOptions): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const [index, row] of options.rows.entries()) {
    options.onRow?.(row, index);
    results.push(await runRow(row, options));
  }
  return results;
}

async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const { implementations: all, rowMilliseconds, signal } = options;
  const implementations = all.filter((implementation) => implementation.has(row.case.name));
  const workload = workloadOf(row);
  const expected = await options.expected(workload);
  const runners: Runner[] = [];
  const verify = async () => {
    for (const [index, runner] of runners.entries()) {
      if ((await runner.digest()) === expected) continue;
      const name = implementations[index]?.name;
      throw new BenchError(
        `${name}: wrong result for ${row.case.name}, ${row.bytes} bytes, batch ${row.batch}: node:crypto computes another.`,
      );
    }
  };
  try {
    for (const implementation of implementations) runners.push(await implementation.prepare(workload));
    await verify();
    const seconds = await measureRounds(runners, paceFor(rowMilliseconds, runners.length), signal);
    await verify();
    const auto = runners[implementations.findIndex(({ name }) => name === 'auto')];
    return { ...row, speeds: speedsOf(row, implementations, seconds), costs: learnedOf(row, auto?.costs?.() ?? []) };
  } finally {
    for (const runner of runners) runner.dispose();
  }
}

/** Of all that was learned, the costs of the row's own requests. */
function learnedOf({ bytes, batch }: Row, costs: readonly RequestCosts[]): RequestCosts | undefined {
  const depth = batch >= CROWD_REQUESTS ? 'crowd' : batch >= MANY_REQUESTS ? 'many' : 'few';
  return costs.find((one) => one.depth === depth && one.bytes <= bytes && bytes < 2 * one.bytes);
}

function speedsOf(row: Row, implementations: readonly Implementation[], seconds: readonly number[][]) {
  const speeds: RowResult['speeds'] = {};
  const [first = []] = seconds;
  for (const [index, { name }] of implementations.entries()) {
    const rounds = seconds[index] ?? [];
    const opsPerSecond = row.batch / median(rounds);
    const ratios = rounds.map((time, round) => time / (first[round] ?? Number.NaN));
    speeds[name] = { MBps: (opsPerSecond * row.bytes) / 1e6, opsPerSecond, engineRatio: median(ratios) };
  }
  return speeds;
}
