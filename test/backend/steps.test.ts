import { describe, expect, test } from 'vitest';
import { PLACE_HOST, PLACE_WEBCRYPTO, PLACE_WORKERS, STEPS_MAX } from '../../spec/engine.ts';
import { stepsOf, WEBCRYPTO_BELOW } from '../../src/backend/placement/steps.ts';

describe('the steps of a session', () => {
  test('are none where no place takes its requests', () => {
    expect(stepsOf({})).toEqual([]);
  });

  test('ascend, and each size goes to the place that begins to take requests last', () => {
    expect(stepsOf({ host: 1024, workers: 8192 })).toEqual([
      { from: 1024, place: PLACE_HOST },
      { from: 8192, place: PLACE_WORKERS },
    ]);
    expect(stepsOf({ host: 8192, workers: 1024 })).toEqual([
      { from: 1024, place: PLACE_WORKERS },
      { from: 8192, place: PLACE_HOST },
    ]);
  });

  test('leave a place out that another one takes all requests from', () => {
    expect(stepsOf({ host: 4096, workers: 4096 })).toEqual([{ from: 4096, place: PLACE_WORKERS }]);
    expect(stepsOf({ webcrypto: 4096, workers: 4096 })).toEqual([
      { from: 4096, place: PLACE_WEBCRYPTO },
      { from: WEBCRYPTO_BELOW, place: PLACE_WORKERS },
    ]);
  });

  test('give what is too large for WebCrypto to workers, if these take it', () => {
    expect(stepsOf({ webcrypto: 16384, workers: 1024 })).toEqual([
      { from: 1024, place: PLACE_WORKERS },
      { from: 16384, place: PLACE_WEBCRYPTO },
      { from: WEBCRYPTO_BELOW, place: PLACE_WORKERS },
    ]);
    expect(stepsOf({ webcrypto: 16384 })).toEqual([{ from: 16384, place: PLACE_WEBCRYPTO }]);
    expect(stepsOf({ webcrypto: 2 * WEBCRYPTO_BELOW, workers: WEBCRYPTO_BELOW })).toEqual([
      { from: WEBCRYPTO_BELOW, place: PLACE_WORKERS },
    ]);
  });

  test('have room for any three sizes, and none for a size that no request has', () => {
    const sizes = [undefined, 1, 1024, WEBCRYPTO_BELOW - 1, WEBCRYPTO_BELOW, WEBCRYPTO_BELOW + 1, 2 ** 32, 2 ** 40];
    for (const host of sizes) {
      for (const workers of sizes) {
        for (const webcrypto of sizes) {
          const takes = {
            ...(host !== undefined && { host }),
            ...(workers !== undefined && { workers }),
            ...(webcrypto !== undefined && { webcrypto }),
          };
          // No machine has both.
          if (host !== undefined && webcrypto !== undefined) continue;
          const steps = stepsOf(takes);
          expect(steps.length).toBeLessThanOrEqual(STEPS_MAX);
          for (const { from } of steps) expect(from).toBeLessThan(2 ** 32 - 1);
        }
      }
    }
  });
});
