import { describe, expect, test } from 'vitest';
import { defaultThresholds } from '../../src/backend/placement/tables.ts';
import { parseThresholds } from '../../src/backend/placement/thresholds.ts';
import { rowsOf } from '../../src/cli/bench/cases.ts';
import type { RowResult } from '../../src/cli/bench/run.ts';
import { FAMILIES } from '../../src/cli/calibrate/families.ts';
import { IN_FLIGHT, SIZES, thresholdsFrom } from '../../src/cli/calibrate/measure.ts';

/** Results in which a backend is so many times as fast as the engine. */
function results(speedOf: (bytes: number, batch: number) => { host: number; workers: number }): RowResult[] {
  const names = FAMILIES.map((family) => family.case);
  return rowsOf(names, SIZES, Object.values(IN_FLIGHT)).map((row) => {
    const { host, workers } = speedOf(row.bytes, row.batch);
    const speed = (times: number) => ({ MBps: times, opsPerSecond: times, engineRatio: 1 / times });
    return { ...row, speeds: { inline: speed(1), host: speed(host), workers: speed(workers) } };
  });
}

describe('what calibrate makes of its measurements', () => {
  test('requests go to the host from the size on from which it is faster at every size', () => {
    const { host, workers } = thresholdsFrom(
      results((bytes, batch) => ({
        host:
          bytes >= (batch === IN_FLIGHT.few ? 1024 : batch === IN_FLIGHT.many ? 4096 : 2048) || bytes === 256 ? 3 : 0.5,
        workers: 0.5,
      })),
    );
    expect(host.gcm).toEqual({ few: 1024, many: 4096, crowd: 2048 });
    expect(host['aes-ecb']).toEqual(host['aes-ctr']);
    expect(workers.gcm).toBeUndefined();
  });

  test('workers have to beat the engine and the host, and by a margin, for they take another core', () => {
    const { workers } = thresholdsFrom(
      results((bytes, batch) => ({
        host: 1.5,
        workers: batch > 1 && bytes >= (batch === IN_FLIGHT.many ? 8192 : 1024) ? 1.9 : 1.6,
      })),
    );
    expect(workers['sha-256']).toEqual({ many: 8192, crowd: 1024 });
  });

  test('of the families that were not measured the algorithms keep their defaults', () => {
    const [cbc = expect.unreachable()] = FAMILIES;
    const { host } = thresholdsFrom(
      results(() => ({ host: 3, workers: 0.5 })),
      [cbc],
    );
    expect(host['aes-cbc']).toEqual({ few: 128, many: 128, crowd: 128 });
    expect({ ...host, 'aes-cbc': undefined }).toEqual({
      ...defaultThresholds('node:crypto').host,
      'aes-cbc': undefined,
    });
  });

  test('what is never faster elsewhere stays in the engine, and what was not measured as it is by default', () => {
    const thresholds = thresholdsFrom(results(() => ({ host: 0.9, workers: 1.05 })));
    expect(thresholds.host).toEqual({});
    expect(thresholds.workers['snow3g-uea2']).toEqual({ few: 32_768, many: 1024, crowd: 1024 });
    expect(thresholds.workers.gcm).toBeUndefined();
    expect(parseThresholds(JSON.parse(JSON.stringify(thresholds)))).toEqual(thresholds);
  });
});
