// The statistic of scripts/timing.mjs. What it measures of the engine is in docs/constant-time.md; no timing is looked at here.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { measure, type Trial } from '../../scripts/timing/measure.mjs';
import { CroppedTest, cropsOf, WelchTest } from '../../scripts/timing/welch.mjs';
import { noise } from '../support/memory.ts';

/** Numbers from 0 to 1 that look random and are the same in every run. */
function uniform(count: number, seed: number): number[] {
  const bytes = new DataView(noise(4 * count, seed).buffer);
  return Array.from({ length: count }, (_, i) => bytes.getUint32(4 * i, true) / 2 ** 32);
}

/** Welch's t by the formula of the textbook, over whole arrays. */
function welch(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);
  return (mean(b) - mean(a)) / Math.sqrt(variance(a) / a.length + variance(b) / b.length);
}

describe('Welch’s t-test', () => {
  test('equals the textbook’s formula, for classes of other sizes and variances', () => {
    const a = uniform(500, 1).map((value) => 1e6 + value);
    const b = uniform(300, 2).map((value) => 1e6 + 5 * value);
    const both = new WelchTest();
    for (const value of a) both.add(0, value);
    for (const value of b) both.add(1, value);
    expect(both.count).toBe(300);
    expect(both.t).toBeCloseTo(welch(a, b), 6);
    expect(both.difference / both.error).toBeCloseTo(both.t, 12);
  });

  test('is 0 where nothing differs, and has no end where nothing but the classes does', () => {
    const same = new WelchTest();
    const apart = new WelchTest();
    for (let i = 0; i < 10; i++) {
      for (const index of [0, 1] as const) {
        same.add(index, 5);
        apart.add(index, 5 + index);
      }
    }
    expect(same.t).toBe(0);
    expect(apart.t).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('cropping', () => {
  const COUNT = 20_000;
  /** Timings of both classes: 100 to 110, `shift` more in class 1, and for one in twenty a pause of the machine. */
  const timings = (shift: number) => {
    const [body, pauses] = [uniform(COUNT, 3), uniform(COUNT, 4)];
    return body.map((value, i) => {
      const pause = (pauses[i] ?? 0) < 0.05 ? 1e5 * (pauses[i] ?? 0) : 0;
      return 100 + 10 * value + pause + (i % 2 === 1 ? shift : 0);
    });
  };
  const tested = (shift: number) => {
    const all = timings(shift);
    const [plain, cropped] = [new WelchTest(), new CroppedTest(cropsOf(Float64Array.from(all.slice(0, 4000))))];
    for (const [i, timing] of all.entries()) {
      plain.add(i % 2 === 1 ? 1 : 0, timing);
      cropped.add(i % 2 === 1 ? 1 : 0, timing);
    }
    return { plain: plain.t, cropped: cropped.worst.t };
  };

  test('the crops are percentiles, in ascending order', () => {
    const crops = cropsOf(Float64Array.from(uniform(4000, 5)));
    expect(crops).toHaveLength(100);
    expect(crops.toSorted((a, b) => a - b)).toEqual(crops);
    // 1 - 2^-0.1, and 1 - 2^-10.
    expect(crops[0]).toBeCloseTo(0.067, 1);
    expect(crops.at(-1)).toBeCloseTo(0.999, 2);
  });

  test('a difference that the machine’s pauses hide is seen below them', () => {
    const { plain, cropped } = tested(1);
    expect(Math.abs(plain)).toBeLessThan(4.5);
    expect(cropped).toBeGreaterThan(20);
  });

  test('where there is none, none is seen', () => {
    expect(Math.abs(tested(0).cropped)).toBeLessThan(4.5);
  });
});

describe('measure', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A trial of 4 bytes on a clock of its own, which takes as long as `cost` says of its input. */
  const trialOf = (cost: (input: Uint8Array) => number): Trial & { inputs: Set<string> } => {
    let now = 0;
    const jitter = uniform(1 << 16, 6);
    let runs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const memory = new Uint8Array(8192);
    const inputs = new Set<string>();
    return {
      inputs,
      memory,
      pool: 4096,
      input: 0,
      bytes: 4,
      run: () => {
        const input = memory.slice(0, 4);
        inputs.add(input.join(' '));
        now += 1 + (jitter[runs++ % jitter.length] ?? 0) + cost(input);
      },
    };
  };

  test('sees what takes longer with random inputs, whichever way the classes are numbered', async () => {
    const slower = (input: Uint8Array) => (input.some((byte) => byte !== 0) ? 0.05 : 0);
    for (const swap of [false, true]) {
      const { t, difference, error } = await measure(trialOf(slower), { samples: 20_000, swap });
      expect(t).toBeGreaterThan(4.5);
      expect(difference).toBeGreaterThan(4.5 * error);
      // In nanoseconds; below a crop the classes are closer together.
      expect(difference).toBeLessThan(100_000);
    }
  });

  test('sees nothing where the input makes no difference, over one fixed input and random ones', async () => {
    const trial = trialOf(() => 0);
    const done: number[] = [];
    const { t } = await measure(trial, { samples: 20_000, progress: (count) => done.push(count) });
    expect(Math.abs(t)).toBeLessThan(4.5);
    expect(trial.inputs.has('0 0 0 0')).toBe(true);
    expect(trial.inputs.size).toBeGreaterThan(10_000);
    expect(done.at(-1)).toBe(20_000);
  });

  test('takes the inputs that a trial prepares', async () => {
    const trial = trialOf((input) => ((input[0] ?? 0) === 2 ? 0.1 : 0));
    const prepare = (chunk: Uint8Array, classes: Uint8Array) => {
      for (const [i, index] of classes.entries()) chunk.fill(index === 0 ? 1 : 2, 4 * i, 4 * i + 4);
    };
    const { t } = await measure({ ...trial, prepare }, { samples: 10_000 });
    expect(t).toBeGreaterThan(4.5);
    expect(trial.inputs).toEqual(new Set(['1 1 1 1', '2 2 2 2']));
  });
});
