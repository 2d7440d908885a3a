// What the cost model makes of its samples.
import { beforeEach, describe, expect, test } from 'vitest';
import { PLACE_ENGINE, PLACE_HOST, PLACE_WORKERS, STEPS_MAX } from '../../spec/engine.ts';
import { Costs, leastOf, SIZE_CLASSES } from '../../src/backend/placement/costs.ts';
import { numbers } from '../support/flight.ts';

let costs: Costs;
beforeEach(() => {
  costs = new Costs();
  costs.setPrior([{ from: 4096, place: PLACE_HOST }]);
});

/** The class of 4 KiB, and one of less. */
const [LARGE, SMALL] = [13, 8];
const usual = (size: number, place: number, milliseconds: number, times = 20) =>
  numbers(times).map(() => costs.observe(size, place, milliseconds));
const tried = (size: number, place: number, milliseconds: number, times = 4) =>
  numbers(times).map(() => costs.observeTrial(size, place, milliseconds));

test('class 0 is that of no bytes, and class c begins at 2^(c-1)', () => {
  expect([0, 1, 2, 13, SIZE_CLASSES - 1].map(leastOf)).toEqual([0, 1, 2, 4096, 2 ** 31]);
});

test('as long as nothing is known, the prior says where requests run', () => {
  expect(costs.known).toBe(false);
  expect(costs.placeOf(LARGE - 1)).toBe(PLACE_ENGINE);
  expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
  expect(costs.steps()).toEqual([{ from: 4096, place: PLACE_HOST }]);
});

test('a place that is known alone is kept, and follows a prior that changes', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  costs.setPrior([{ from: 4096, place: PLACE_WORKERS }]);
  expect(costs.placeOf(LARGE)).toBe(PLACE_WORKERS);
});

test('a cheaper place is chosen by its second trial, and a dearer one is not', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  expect(tried(LARGE, PLACE_ENGINE, 0.01)).toEqual([false, true, false, false]);
  expect(costs.placeOf(LARGE)).toBe(PLACE_ENGINE);
  usual(SMALL, PLACE_ENGINE, 0.001);
  expect(tried(SMALL, PLACE_HOST, 0.01)).toEqual([false, false, false, false]);
  expect(costs.placeOf(SMALL)).toBe(PLACE_ENGINE);
});

test('a place that is cheaper by less than 3 % is left where it is', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  tried(LARGE, PLACE_ENGINE, 0.0197);
  expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
});

test('samples of an interrupted thread change little, however long they took', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  tried(LARGE, PLACE_ENGINE, 0.03);
  costs.observe(LARGE, PLACE_HOST, 1000);
  expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
  usual(LARGE, PLACE_HOST, 0.02, 8);
  expect((costs.cost(LARGE, PLACE_HOST) ?? Number.NaN) / 0.02).toBeCloseTo(1, 1);
});

test('a processor that becomes slower is not taken for a place that does', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  tried(LARGE, PLACE_ENGINE, 0.03);
  usual(LARGE, PLACE_HOST, 0.036, 200);
  expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
  expect(costs.cost(LARGE, PLACE_ENGINE) ?? expect.unreachable()).toBeCloseTo(0.054, 2);
});

test('a place that has really become worse is left after trials', () => {
  usual(LARGE, PLACE_HOST, 0.02);
  tried(LARGE, PLACE_ENGINE, 0.03);
  for (const _ of numbers(20)) {
    usual(LARGE, PLACE_HOST, 0.1, 10);
    tried(LARGE, PLACE_ENGINE, 0.03, 1);
  }
  expect(costs.placeOf(LARGE)).toBe(PLACE_ENGINE);
});

describe('classes without samples', () => {
  test('go where the lines of the measured ones cross', () => {
    // The host: 5 µs and 1 µs a KiB. The engine: 4 µs a KiB. They cross at 1.7 KiB.
    for (const size of [9, 17]) {
      usual(
        size,
        costs.placeOf(size),
        costs.placeOf(size) === PLACE_HOST ? 0.005 + leastOf(size) / 1024e3 : leastOf(size) / 256e3,
      );
      const other = costs.placeOf(size) === PLACE_HOST ? PLACE_ENGINE : PLACE_HOST;
      tried(size, other, other === PLACE_HOST ? 0.005 + leastOf(size) / 1024e3 : leastOf(size) / 256e3);
    }
    expect(costs.steps()).toEqual([{ from: 2048, place: PLACE_HOST }]);
    expect(costs.expected(12, PLACE_ENGINE)).toBeCloseTo(0.008, 4);
    expect(costs.expected(12, PLACE_HOST)).toBeCloseTo(0.007, 4);
  });
});

test('more steps than a session holds: classes that took little time go with their neighbours', () => {
  for (const [index, size] of [4, 6, 8, 10, 12].entries()) {
    const before = costs.placeOf(size);
    usual(size, before, 0.02);
    const other = index % 2 === 0 ? PLACE_HOST : PLACE_ENGINE;
    if (other !== before) tried(size, other, 0.001);
    costs.spend(size, size === 8 ? 1 : 100);
  }
  const steps = costs.steps();
  expect(steps.length).toBeLessThanOrEqual(STEPS_MAX);
  expect(steps.map(({ from }) => from)).toEqual(steps.map(({ from }) => from).sort((a, b) => a - b));
});

describe('costs that were measured before', () => {
  const known = (host: number, engine: number) => [
    { size: LARGE, place: PLACE_HOST, milliseconds: host },
    { size: LARGE, place: PLACE_ENGINE, milliseconds: engine },
  ];

  test('say where requests run before the first sample', () => {
    costs.begin(known(0.02, 0.01));
    expect(costs.known).toBe(true);
    expect(costs.placeOf(LARGE)).toBe(PLACE_ENGINE);
    expect(costs.rows()).toEqual([
      {
        size: LARGE,
        place: PLACE_ENGINE,
        milliseconds: new Map([
          [PLACE_HOST, 0.02],
          [PLACE_ENGINE, 0.01],
        ]),
      },
    ]);
  });

  test('leave the prior where only one place is known', () => {
    costs.begin([{ size: LARGE, place: PLACE_HOST, milliseconds: 1 }]);
    expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
    expect(costs.placeOf(LARGE - 1)).toBe(PLACE_ENGINE);
  });

  test('give way to samples of this time', () => {
    costs.begin(known(0.02, 0.01));
    usual(LARGE, PLACE_ENGINE, 0.01, 12);
    tried(LARGE, PLACE_HOST, 0.002, 8);
    expect(costs.placeOf(LARGE)).toBe(PLACE_HOST);
  });
});
