import { expect, test } from 'vitest';
import { besideRows, besideTable } from '../../src/cli/demo/beside.ts';
import {
  BESIDE_CASES,
  BESIDE_ROUNDS,
  besideCommand,
  COMPUTE_COMMAND,
  measureBeside,
  parseCompute,
} from '../../src/guest/beside.ts';
import { DEVICE_DRIVER, GuestMeasureError, SOFTWARE_DRIVER } from '../../src/guest/measure.ts';
import { SKCIPHER_CLOCK } from '../../src/guest/skcipher-clock.ts';

const computed = (rate: number): string => `compute: ${rate} a second\n`;
const clocked = (driver: string, batches: number): string =>
  `skcipher-clock: ${driver} 65536 bytes 8 in flight ${batches} batches 7865.4 us\n`;

test("the computing process's line; anything else is no figure", () => {
  expect(parseCompute('compute: 311039 a second\n')).toBe(311039);
  expect(parseCompute('sh: perl: not found\n')).toBeUndefined();
  expect(parseCompute('compute: 0 a second\n')).toBeUndefined();
});

test('the encrypting process works for longer than the computing one, a batch every so often or one upon another', () => {
  expect(besideCommand(DEVICE_DRIVER, 50)).toContain(`${SKCIPHER_CLOCK} '${DEVICE_DRIVER}' 65536 8 4000 50 >`);
  expect(besideCommand(DEVICE_DRIVER, undefined)).toContain(`${SKCIPHER_CLOCK} '${DEVICE_DRIVER}' 65536 8 4000 >`);
  expect(besideCommand(DEVICE_DRIVER, 50)).toContain(COMPUTE_COMMAND);
});

/** A guest that computes at one speed alone, and at these, round by round, beside. */
function shellOf(besideRates: readonly number[]) {
  let round = 0;
  return {
    run: (command: string): Promise<string> => {
      if (command === COMPUTE_COMMAND) return Promise.resolve(computed(400_000));
      const driver = command.includes(DEVICE_DRIVER) ? DEVICE_DRIVER : SOFTWARE_DRIVER;
      const rate = besideRates[round++ % besideRates.length] ?? 0;
      return Promise.resolve(computed(rate) + clocked(driver, 20));
    },
  };
}

test('of five rounds the median counts, case by case', async () => {
  let rounds = 0;
  const figures = await measureBeside(shellOf([100_000, 360_000, 340_000, 380_000, 200_000]), () => rounds++);
  expect(rounds).toBe(BESIDE_CASES.length * BESIDE_ROUNDS);
  expect(figures.map(({ driver, askedMBps }) => [driver, askedMBps])).toEqual([
    [SOFTWARE_DRIVER, 10.48576],
    [DEVICE_DRIVER, 10.48576],
    [SOFTWARE_DRIVER, undefined],
    [DEVICE_DRIVER, undefined],
  ]);
  for (const figure of figures) {
    // 20 batches are two thirds of what was encrypted in 4 s.
    expect(figure).toMatchObject({ alone: 400_000, beside: 340_000, kept: 0.85, MBps: (30 * 8 * 65536) / 4e6 });
  }
});

test('a guest that cannot compute or encrypt is an error with what it printed', async () => {
  const without = { run: () => Promise.resolve('sh: perl: not found\n') };
  await expect(measureBeside(without)).rejects.toThrow(GuestMeasureError);
  const failing = { run: () => Promise.resolve(`${computed(1000)}skcipher-clock: io_submit: Invalid argument\n`) };
  await expect(measureBeside(failing)).rejects.toThrow(/io_submit/);
});

test('the table says what was asked for, what came of it, and what the computing process kept', () => {
  const figure = { MBps: 10.44, alone: 400_000, beside: 344_000, kept: 0.86 };
  const rows = besideRows([
    { ...figure, driver: SOFTWARE_DRIVER, askedMBps: undefined },
    { ...figure, driver: DEVICE_DRIVER, askedMBps: 10.48576 },
  ]);
  expect(rows.map(({ by, askedMBps, kept }) => [by, askedMBps, kept])).toEqual([
    ['software', null, 0.86],
    ['device', 10.49, 0.86],
  ]);
  expect(besideTable(rows)).toMatch(
    /software │ +all it can │[^\n]*\n[^\n]*device │ +10\.5 │ +10\.4 │ +400 k\/s │ +344 k\/s │ +86 %/,
  );
});
