// How many lives there are, and which.
import fc from 'fast-check';
import { lives, settings } from './arbitraries.ts';
import type { Operation, Setting } from './operations.ts';

const { LIFE_RUNS = 250, LIFE_SEED, LIFE_PATH } = process.env;
export const RUNS = Number(LIFE_RUNS);
/** A life takes a fraction of a second; one that hangs, a while more, and shrinking it takes many of them. */
export const TIMEOUT = 300_000 + 1000 * RUNS;

/**
 * Lives so many lives at random. A failure prints the seed and the path with which LIFE_SEED and LIFE_PATH have it again.
 * @param fixed what of the settings is not left to chance
 */
export async function liveAll(
  live: (setting: Setting, operations: readonly Operation[]) => Promise<void>,
  runs: number,
  fixed: Partial<Setting> = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(settings, lives, (setting, operations) => live({ ...setting, ...fixed }, operations)),
    {
      numRuns: runs,
      ...(LIFE_SEED ? { seed: Number(LIFE_SEED) } : {}),
      ...(LIFE_PATH ? { path: LIFE_PATH } : {}),
    },
  );
}
