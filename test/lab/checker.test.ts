// The checker: each planted bug is caught by its own rule, and the reference driver breaks none.
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { DriverChecker, RULES, type RuleName, type Violation } from '../../src/lab/index.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';
import { MUTANTS, standardRun } from './mutants.ts';
import { Stage } from './support/mutant.ts';

describe('a planted bug is caught by its rule:', () => {
  test.each(MUTANTS)('$rule $name', async ({ rule, bug, bench = {}, driver = {}, run = standardRun }) => {
    const stage = await Stage.make(bench, driver, bug);
    await run(stage);
    const found = stage.violations.find((violation) => violation.rule === rule);
    expect(found, JSON.stringify(stage.violations)).toMatchObject({
      section: RULES[rule].section,
      level: RULES[rule].level,
    });
    expect(found?.statement).toBe(`The driver ${RULES[rule].level} ${RULES[rule].driver}.`);
    expect(found?.seen).not.toBe('');
    await stage.bench.dispose();
  });

  test('each rule has a bug', () => {
    const names = Object.keys(RULES) as RuleName[];
    expect(names.filter((name) => !MUTANTS.some(({ rule }) => rule === name))).toEqual([]);
  });
});

describe('the reference driver breaks no rule:', () => {
  let bench: Bench;
  afterEach(() => bench.dispose());

  test.each<BenchOptions>([
    { ring: 'split' },
    { ring: 'packed' },
    { ring: 'split', layout: 'revision1', transport: 'mmio' },
    { ring: 'packed', layout: 'revision1', transport: 'pci-memory', msix: true },
    { ring: 'split', driver: { inOrder: true } },
    { ring: 'packed', driver: { inOrder: true }, queueSize: 7 },
    { ring: 'split', features: { indirect: false, eventIdx: false }, queueSize: 64 },
    { ring: 'packed', features: { indirect: false, notificationData: true }, queueSize: 61 },
    { ring: 'split', backend: 'workers', workers: 2 },
    { ring: 'packed', backend: 'workers', workers: 2, dataQueues: 3 },
  ])('%j', async (options) => {
    const checker = new DriverChecker();
    bench = await createBench({ ...options, createDevice: checker.createDevice });
    const { driver } = bench;
    const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: randomBytes(16), iv: randomBytes(16) } as const;
    for (const round of numbers(60)) {
      const results = await Promise.all([
        driver.hash({ algorithm: 'sha-256', data: randomBytes(round) }),
        ...numbers(Math.min(round, 5)).map(() => driver.cipher({ ...request, data: randomBytes(64 * (round + 1)) })),
      ]);
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'ok'));
      if (round === 30) driver.start();
      if (round === 45) driver.resetQueue(0);
    }
    expect(checker.finish()).toEqual([]);
  });
});

describe('requests that the device refuses', () => {
  test('name the check and its section, once a queue', async () => {
    const found: Violation[] = [];
    const checker = new DriverChecker({ onViolation: (violation) => found.push(violation) });
    const bench = await createBench({ createDevice: checker.createDevice });
    const header = new Uint8Array(72);
    new DataView(header.buffer).setUint32(0, 0x0777, true);
    for (const _ of numbers(3)) await bench.driver.submit({ queue: 0, readable: [header], writable: [1] });
    expect(found.map(({ rule, section, queue }) => ({ rule, section, queue }))).toEqual([
      { rule: 'request:opcode', section: '5.9.7', queue: 0 },
    ]);
    expect(checker.violations[0]).toMatchObject({ times: 3, level: 'must' });
    checker.clear();
    expect(checker.violations).toEqual([]);
    await bench.dispose();
  });

  test('a ring with which the device cannot go on is a fault, with its section', async () => {
    const checker = new DriverChecker();
    const bench = await createBench({ createDevice: checker.createDevice });
    bench.driver.submit({ queue: 0, readable: [new Uint8Array(8)], writable: [1] }).catch(() => {});
    expect(bench.device.fault).toBeDefined();
    expect(checker.violations).toMatchObject([{ rule: 'fault', section: '5.9.7', queue: 0 }]);
    await bench.dispose();
  });
});

test('a checker watches one device', async () => {
  const checker = new DriverChecker();
  const bench = await createBench({ createDevice: checker.createDevice });
  await expect(createBench({ createDevice: checker.createDevice })).rejects.toThrow('make one checker for each device');
  await bench.dispose();
  expect(() => new DriverChecker({ onViolation: 1 as never })).toThrow('onViolation is 1: give a function.');
});
