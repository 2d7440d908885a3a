// The checker: each planted bug is caught by its own rule, and the reference driver breaks none.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { OUTBOUND_SA_TYPE } from '../../spec/ipsec.ts';
import * as virtio from '../../spec/virtio.ts';
import { DriverChecker, RULES, type RuleName, type Violation } from '../../src/lab/index.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';
import { ADMINISTRATION_MUTANTS } from './mutants/administration.ts';
import { LIFE_MUTANTS } from './mutants/life.ts';
import { standardRun } from './mutants/mutant.ts';
import { RING_MUTANTS } from './mutants/rings.ts';
import { SUSPENSION_MUTANTS } from './mutants/suspension.ts';
import { OBJECT, ROOM, ready } from './support/administered.ts';
import { Stage } from './support/mutant.ts';

const MUTANTS = [...LIFE_MUTANTS, ...RING_MUTANTS, ...SUSPENSION_MUTANTS, ...ADMINISTRATION_MUTANTS];

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
      if (round === 50) driver.suspend();
      if (round === 50) driver.resume();
    }
    expect(checker.finish()).toEqual([]);
  });

  // A request of a worker is completed outside of a notification, and the driver offers its place anew before the checker looks again.
  test.each(['split', 'packed'] as const)('a %s ring of one place, whose requests a worker answers', async (ring) => {
    const checker = new DriverChecker();
    bench = await createBench({
      ring,
      queueSize: 1,
      backend: 'workers',
      workers: 1,
      createDevice: checker.createDevice,
    });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key: Uint8Array = privateKey.export({ type: 'pkcs1', format: 'der' });
    const rsa = {
      algorithm: 'rsa',
      keyType: 'private',
      key,
      padding: 'raw',
      operation: 'decrypt',
      length: 256,
    } as const;
    // The first requests run elsewhere, until the worker has started.
    const answered = async () => {
      const { status } = await bench.driver.akcipher({ ...rsa, data: Buffer.alloc(256, 1) });
      expect(status).toBe('ok');
      return bench.device.statistics().elsewhere.workers;
    };
    await expect.poll(answered).toBeGreaterThan(4);
    expect(checker.finish().map(({ rule }) => rule)).not.toContain('3.3.1-1');
  });

  test('5.9.5.2 sessions of each asymmetric algorithm', async () => {
    const checker = new DriverChecker();
    bench = await createBench({ backend: 'inline', createDevice: checker.createDevice });
    const { driver } = bench;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey.export({ type: 'pkcs1', format: 'der' });
    const ecdsa = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({
      type: 'sec1',
      format: 'der',
    });
    const encrypted = { algorithm: 'rsa', keyType: 'public', key: rsa, operation: 'encrypt', padding: 'raw' } as const;
    const signed = {
      algorithm: 'ecdsa',
      keyType: 'private',
      key: ecdsa,
      operation: 'sign',
      data: randomBytes(32),
    } as const;
    expect((await driver.akcipher({ ...encrypted, data: Buffer.alloc(64, 1) })).status).toBe('ok');
    expect((await driver.akcipher({ ...signed, length: 80 })).status).toBe('ok');
    expect(checker.finish()).toEqual([]);
  });
});

describe.each(['split', 'packed'] as const)('administration commands in a %s ring', (ring) => {
  const objects = async ({ driver }: Bench) => {
    await ready(driver);
    for (const id of [0, 1, 2]) await driver.admin.createObject(OUTBOUND_SA_TYPE, id, OBJECT);
    await driver.admin.modifyObject(OUTBOUND_SA_TYPE, 1, OBJECT);
    await driver.admin.destroyObject(OUTBOUND_SA_TYPE, 1);
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 1, OBJECT);
    expect((await driver.admin.queryObject(OUTBOUND_SA_TYPE, 1, OBJECT.length)).status).toBe('ok');
    for (const id of [0, 1, 2]) await driver.admin.destroyObject(OUTBOUND_SA_TYPE, id);
    await driver.admin.useAll();
  };

  test('of the reference driver break no rule, and after a reset neither', async () => {
    const checker = new DriverChecker();
    const bench = await createBench({ ...ROOM, ring, createDevice: checker.createDevice });
    await objects(bench);
    bench.driver.start();
    await objects(bench);
    expect(checker.finish()).toEqual([]);
    await bench.dispose();
  });

  test('of a driver whose machine was restored are not judged by what it did before', async () => {
    const checker = new DriverChecker();
    const bench = await createBench({ ...ROOM, ring, createDevice: checker.createDevice });
    await ready(bench.driver);
    bench.device.restore(bench.device.save({ includeKeys: true }));
    await bench.driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
    expect(checker.finish()).toEqual([]);
    await bench.dispose();
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

describe('with a number of chains a second', () => {
  test.each(['split', 'packed'] as const)(
    'a driver of a %s ring that has no bug breaks nothing, whatever is left out',
    async (ring) => {
      const checker = new DriverChecker({ perSecond: 100 });
      const bench = await createBench({ ring, createDevice: checker.createDevice, queueSize: 16 });
      for (const _ of numbers(300)) {
        await Promise.all(numbers(3).map(() => bench.driver.hash({ algorithm: 'sha-256', data: randomBytes(10) })));
      }
      expect(checker.finish()).toEqual([]);
      await bench.dispose();
    },
  );

  test.each(['split', 'packed'] as const)('a bug in every chain of a %s ring is found all the same', async (ring) => {
    const [mutant = expect.unreachable()] = MUTANTS.filter(
      ({ rule }) => rule === (ring === 'split' ? '2.7.4.2-1' : '2.8.17-2'),
    );
    const stage = await Stage.make({ ...mutant.bench }, { ...mutant.driver }, mutant.bug, { perSecond: 100 });
    await standardRun(stage);
    expect(stage.violations.map(({ rule }) => rule)).toContain(mutant.rule);
    await stage.bench.dispose();
  });

  test('0 looks at no chain, and a number below it is refused', async () => {
    const [mutant = expect.unreachable()] = MUTANTS.filter(({ rule }) => rule === '2.7.4.2-1');
    const stage = await Stage.make({ ...mutant.bench }, { ...mutant.driver }, mutant.bug, { perSecond: 0 });
    await standardRun(stage);
    expect(stage.violations.map(({ rule }) => rule)).toEqual(['fault']);
    await stage.bench.dispose();
    expect(() => new DriverChecker({ perSecond: -1 })).toThrow('perSecond is -1: give a number from 0.');
  });
});

test('a checker watches one device', async () => {
  const checker = new DriverChecker();
  const bench = await createBench({ createDevice: checker.createDevice });
  await expect(createBench({ createDevice: checker.createDevice })).rejects.toThrow('make one checker for each device');
  await bench.dispose();
  expect(() => new DriverChecker({ onViolation: 1 as never })).toThrow('onViolation is 1: give a function.');
});

test('one long chain that is offered many times is read so often that 65536 descriptors are not exceeded by more than a chain', async () => {
  const checker = new DriverChecker();
  const bench = await createBench({ createDevice: checker.createDevice, backend: 'inline', queueSize: 1024 });
  const queue = bench.driver.queues[0] ?? expect.unreachable();
  const ram = new DataView(bench.ram().buffer, bench.ram().byteOffset);
  // A table of 1024 entries, behind a single descriptor, which each entry of the available ring names.
  const table = bench.allocator.take(1024 * virtio.DESC_BYTES);
  for (const entry of numbers(1024)) {
    ram.setUint16(table + entry * virtio.DESC_BYTES + virtio.DESC_FLAGS, virtio.DESC_F_NEXT, true);
    ram.setUint16(table + entry * virtio.DESC_BYTES + virtio.DESC_NEXT, entry + 1, true);
  }
  ram.setBigUint64(queue.desc + virtio.DESC_ADDR, BigInt(table), true);
  ram.setUint32(queue.desc + virtio.DESC_LEN, 1024 * virtio.DESC_BYTES, true);
  ram.setUint16(queue.desc + virtio.DESC_FLAGS, virtio.DESC_F_INDIRECT, true);
  ram.setUint16(queue.avail + virtio.AVAIL_IDX, 1024, true);
  bench.driver.transport.notify(0);
  const again = checker.violations.find(({ rule }) => rule === '3.3.1-1') ?? expect.unreachable();
  expect(again.times).toBe(Math.ceil(65536 / 1025) - 1);
  await bench.dispose();
});
