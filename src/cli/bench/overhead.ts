import { DriverChecker } from '../../lab/index.ts';
import { rowsOf } from './cases.ts';
import { EngineRunner } from './engine.ts';
import { measureRounds, median, paceFor } from './measure.ts';
import type { RingKind } from './rings.ts';
import { workloadOf } from './workload.ts';

/** What the rings cost, beside the work. */
export interface Overhead {
  /** A notification of a queue in which nothing is available, in nanoseconds. */
  emptyNanoseconds: number;
  /** A notification of BATCH requests of SMALL_BYTES, in microseconds. */
  batchMicroseconds: number;
  /** How many times what the kernels take of it. */
  batchToKernels: number;
  /** How many times as long a batch of WATCHED_BYTES takes if the lab's checker looks at WATCHED_PER_SECOND chains a second, or at all. */
  watched: number;
  watchedAll: number;
}

export const OVERHEAD_BATCH = 64;
export const OVERHEAD_BYTES = 1024;
/** The size at which looking costs most, beside so little work. */
export const WATCHED_BYTES = 16;
export const WATCHED_PER_SECOND = 400;
/** The longer requests have this many times the bytes. */
const LONGER = 4;

/**
 * Measures both with AES-128-CBC. The kernels' time is what the bytes add: the difference between requests of one size and
 * of LONGER times that size, divided by LONGER - 1. What a request costs whatever its size counts as overhead.
 */
export async function measureOverhead(ring: RingKind, milliseconds: number, signal?: AbortSignal): Promise<Overhead> {
  const rows = rowsOf(['aes-128-cbc-encrypt'], [OVERHEAD_BYTES, LONGER * OVERHEAD_BYTES], [OVERHEAD_BATCH]);
  const runners: EngineRunner[] = [];
  try {
    for (const row of rows) runners.push(await EngineRunner.prepare(workloadOf(row), ring));
    const checkers = [new DriverChecker({ perSecond: WATCHED_PER_SECOND }), new DriverChecker()];
    for (const row of rowsOf(['aes-128-cbc-encrypt'], [WATCHED_BYTES], [OVERHEAD_BATCH])) {
      for (const createDevice of [undefined, ...checkers.map((checker) => checker.createDevice)]) {
        runners.push(await EngineRunner.prepare(workloadOf(row), ring, createDevice));
      }
    }
    const idle = runners.slice(0, 1).map((runner) => ({
      digest: () => runner.digest(),
      run: (times: number) => runner.runEmpty(times),
      dispose: () => {},
    }));
    const turns = [...runners, ...idle];
    const [small = [], large = [], plain = [], some = [], all = [], empty = []] = await measureRounds(
      turns,
      paceFor(milliseconds, turns.length),
      signal,
    );
    const ratios = small.map((time, round) => (time * (LONGER - 1)) / ((large[round] ?? Number.NaN) - time));
    const toPlain = (times: readonly number[]) =>
      median(times.map((time, round) => time / (plain[round] ?? Number.NaN)));
    return {
      watched: toPlain(some),
      watchedAll: toPlain(all),
      emptyNanoseconds: median(empty) * 1e9,
      batchMicroseconds: median(small) * 1e6,
      batchToKernels: median(ratios),
    };
  } finally {
    for (const runner of runners) runner.dispose();
  }
}
