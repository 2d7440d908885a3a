import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  DEVICE_DRIVER,
  GuestMeasureError,
  measureDriver,
  parseCyclesPerMicrosecond,
  parseSkcipherClock,
  parseTcrypt,
  SOFTWARE_DRIVER,
  skcipherClockCommand,
  tcryptCommand,
  tcryptFigures,
} from '../../src/guest/measure.ts';

/** What the commands printed in a guest on v86, Linux 6.1.176: two loads of tcrypt each. */
const captured = (name: string): string => readFileSync(join(import.meta.dirname, 'captured', name), 'utf8');

test.each([
  [SOFTWARE_DRIVER, 'software', 1],
  [SOFTWARE_DRIVER, 'software', 8],
  [DEVICE_DRIVER, 'device', 1],
  [DEVICE_DRIVER, 'device', 8],
] as const)(
  "tcrypt's lines for %s (%s, %i in flight): encryption alone, four runs of seven sizes",
  (driver, name, inFlight) => {
    const samples = parseTcrypt(captured(`tcrypt-${name}-${inFlight}.txt`));
    expect(samples).toHaveLength(4 * 7);
    expect(new Set(samples.map((sample) => sample.driver))).toEqual(new Set([driver]));
    expect(new Set(samples.map(({ bytes }) => bytes))).toEqual(new Set([16, 64, 128, 256, 1024, 1424, 4096]));
    const figures = tcryptFigures(samples, inFlight, 1000);
    expect(figures.map(({ bytes }) => bytes)).toEqual([64, 1024, 4096]);
    for (const figure of figures) {
      expect(figure).toMatchObject({ inFlight, driver, clock: 'tcrypt' });
      expect(figure.MBps).toBeGreaterThan(0.1);
      expect(figure.MBps).toBeLessThan(1000);
    }
  },
);

test('a figure is the lower quartile: bytes, over cycles, times cycles a microsecond', () => {
  const samples = [9000, 2000, 1000, 8000].map((cycles) => ({ driver: 'x', bytes: 4096, cycles }));
  expect(tcryptFigures(samples, 1, 500)).toEqual([
    { bytes: 4096, inFlight: 1, driver: 'x', MBps: (4096 * 500) / 2000, clock: 'tcrypt' },
  ]);
});

test('the rate of the counter', () => {
  expect(parseCyclesPerMicrosecond(captured('cpuinfo.txt'))).toBe(1000);
  expect(parseCyclesPerMicrosecond('cpu MHz\t\t: 0.000\n')).toBeUndefined();
  expect(parseCyclesPerMicrosecond('')).toBeUndefined();
});

test("skcipher-clock's line; anything else is no figure", () => {
  const line = 'skcipher-clock: cbc(aes-generic) 65536 bytes 8 in flight 31 batches 53394.6 us\n';
  expect(parseSkcipherClock(line)).toEqual({
    bytes: 65536,
    inFlight: 8,
    driver: 'cbc(aes-generic)',
    MBps: (65536 * 8) / 53394.6,
    clock: 'af-alg',
  });
  expect(parseSkcipherClock('skcipher-clock: nothing: No such file or directory\n')).toBeUndefined();
});

function shellOf(name: 'software' | 'device', driver: string) {
  return {
    run: (command: string): Promise<string> => {
      for (const inFlight of [1, 8] as const) {
        if (command === tcryptCommand(inFlight)) return Promise.resolve(captured(`tcrypt-${name}-${inFlight}.txt`));
        if (command === skcipherClockCommand(driver, 65536, inFlight)) {
          return Promise.resolve(`skcipher-clock: ${driver} 65536 bytes ${inFlight} in flight 31 batches 6553.6 us\n`);
        }
      }
      return Promise.resolve(command === 'cat /proc/cpuinfo' ? captured('cpuinfo.txt') : '');
    },
  };
}

test.each([
  ['software', SOFTWARE_DRIVER],
  ['device', DEVICE_DRIVER],
] as const)(
  'a whole measurement (%s): every size, one and eight in flight, each reported as it comes',
  async (name, driver) => {
    const reported: string[] = [];
    const figures = await measureDriver(shellOf(name, driver), driver, ({ bytes, inFlight }) =>
      reported.push(`${bytes}x${inFlight}`),
    );
    const expected = ['64x1', '1024x1', '4096x1', '65536x1', '64x8', '1024x8', '4096x8', '65536x8'];
    expect(figures.map(({ bytes, inFlight }) => `${bytes}x${inFlight}`)).toEqual(expected);
    expect(reported).toEqual(expected);
    expect(new Set(figures.map((figure) => figure.driver))).toEqual(new Set([driver]));
    expect(figures.at(-1)?.MBps).toBeCloseTo(80);
  },
);

test("a guest of the user's own, without skcipher-clock, is measured up to 4 KiB", async () => {
  const shell = shellOf('software', 'another');
  const answer = 'sh: /bin/skcipher-clock: not found\n';
  const run = async (command: string): Promise<string> => (await shell.run(command)) || answer;
  const figures = await measureDriver({ run }, SOFTWARE_DRIVER);
  expect(figures.map(({ bytes }) => bytes)).toEqual([64, 1024, 4096, 64, 1024, 4096]);
});

test('the driver that the kernel prefers must be the one that was asked for', async () => {
  await expect(measureDriver(shellOf('device', SOFTWARE_DRIVER), SOFTWARE_DRIVER)).rejects.toThrow(
    /prefers virtio_crypto_aes_cbc.*rmmod/,
  );
});

test('a guest that measures nothing is an error with what it printed', async () => {
  await expect(measureDriver({ run: () => Promise.resolve('cpu MHz : 1000.0\n') }, 'x')).rejects.toThrow(
    GuestMeasureError,
  );
  await expect(measureDriver({ run: () => Promise.resolve('') }, 'x')).rejects.toThrow(/cpu MHz/);
});
