// Faults of order, of the configuration and of features: what the device does, and what the reference driver makes of it.
import { afterEach, describe, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { BrokenQueueError } from '../../src/driver/index.ts';
import { DriverChecker, type FaultName, runCell } from '../../src/lab/index.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';

let bench: Bench;
let checker: DriverChecker;
afterEach(async () => {
  await bench.dispose();
});

async function open(fault: FaultName, options: BenchOptions = {}, nth = 2): Promise<void> {
  checker = new DriverChecker({ fault, nth, shared: () => bench.driver.interrupt() });
  bench = await createBench({ backend: 'inline', ...options, createDevice: checker.createDevice });
}

const hash = (data: number) => bench.driver.hash({ algorithm: 'sha-256', data: Uint8Array.of(data) });

/** The order in which so many requests end that are sent at once. */
async function orderOf(count: number): Promise<number[]> {
  const order: number[] = [];
  const one = async (number: number) => {
    await hash(number);
    order.push(number);
  };
  await Promise.all(numbers(count).map(one));
  return order;
}

describe.each(['split', 'packed'] as const)('with a %s ring', (ring) => {
  test('completion-reordered: the request ends after the one behind it (2.7.8)', async () => {
    await open('completion-reordered', { ring });
    expect(await orderOf(4)).toEqual([0, 2, 1, 3]);
    expect(checker.violations).toEqual([]);
  });

  test('completion-reordered: a request that no other one follows is completed all the same', async () => {
    await open('completion-reordered', { ring }, 1);
    expect((await hash(1)).status).toBe('ok');
  });

  test('completion-reordered: with VIRTIO_F_IN_ORDER the order stays (2.7.9)', async () => {
    await open('completion-reordered', { ring, driver: { inOrder: true } });
    expect(await orderOf(4)).toEqual([0, 1, 2, 3]);
  });

  test('completion-bursts: four requests are completed with one interrupt', async () => {
    let interrupts = 0;
    checker = new DriverChecker({ fault: 'completion-bursts' });
    bench = await createBench({
      ...{ ring, backend: 'inline', createDevice: checker.createDevice },
      onInterrupt: () => {
        interrupts++;
        bench.driver.interrupt();
      },
      start: false,
    });
    bench.driver.start();
    const sent = numbers(4).map(() => bench.driver.submit({ queue: 0, readable: [new Uint8Array(72)], writable: [1] }));
    await Promise.all(sent);
    expect(interrupts).toBe(1);
  });

  test('used-id-repeated: the queue is broken, and works again after a reset', async () => {
    await open('used-id-repeated', { ring });
    expect((await hash(1)).status).toBe('ok');
    // A split ring's used index is ahead of what the driver waits for, so that it takes none of both elements.
    const found = ring === 'split' ? hash(2) : hash(2).then(() => hash(3));
    await expect(found).rejects.toThrow(BrokenQueueError);
    bench.driver.start();
    expect((await hash(4)).status).toBe('ok');
  });

  test('features-withdrawn: what was offered before the reset is not offered after it (2.2.2)', async () => {
    await open('features-withdrawn', { ring });
    expect((await hash(1)).status).toBe('ok');
    expect(bench.driver.has(virtio.F_INDIRECT_DESC)).toBe(true);
    const [struck] = await Promise.allSettled([
      hash(2),
      new Promise((resolve) => setTimeout(resolve, 20)).then(() => bench.driver.start()),
    ]);
    expect(struck.status).toBe('rejected');
    expect(bench.driver.has(virtio.F_INDIRECT_DESC)).toBe(false);
    expect((await hash(3)).status).toBe('ok');
    // The reset has ended the session of the request that was rejected.
    expect(checker.violations.map(({ rule }) => rule)).toEqual(['request:destroy-session']);
  });
});

test('status-nospc: the second request gets it, the others their results', async () => {
  await open('status-nospc');
  const all: string[] = [];
  for (const number of numbers(3)) all.push((await hash(number)).status);
  expect(all).toEqual(['ok', 'nospc', 'ok']);
});

test('status-unknown: the second request is rejected, the others have their results', async () => {
  await open('status-unknown');
  expect((await hash(1)).status).toBe('ok');
  await expect(hash(2)).rejects.toThrow('status 255');
  expect((await hash(3)).status).toBe('ok');
});

test('interrupt-shared: the driver is interrupted, and the ISR status is 0 (4.1.5.3.1)', async () => {
  const reasons: number[] = [];
  await open('interrupt-shared');
  const { transport } = bench.driver;
  const readIsr = transport.readIsr.bind(transport);
  transport.readIsr = () => {
    reasons.push(readIsr());
    return reasons.at(-1) ?? 0;
  };
  for (const number of numbers(2)) await hash(number);
  await expect.poll(() => reasons.at(-1)).toBe(0);
  expect((await hash(3)).status).toBe('ok');
});

test('config-changed: the driver reads max_size again, and has the new value (2.5.3)', async () => {
  await open('config-changed', { maxRequestBytes: 65_536 });
  expect(checker.struck).toBe(true);
  expect(bench.driver.readConfig().maxRequestBytes).toBe(61_440n);
  expect(checker.violations).toEqual([]);
});

test('config-unannounced: HW_READY goes and comes, and the generation stays', async () => {
  await open('config-unannounced', {}, 1);
  const generation = bench.driver.transport.configGeneration;
  await hash(1);
  await expect.poll(() => bench.driver.readConfig().hardwareReady, { interval: 5 }).toBe(false);
  await expect.poll(() => bench.driver.readConfig().hardwareReady).toBe(true);
  expect(bench.driver.transport.configGeneration).toBe(generation);
});

test('features-refused: a device that is up already does not misbehave before the next start', async () => {
  checker = new DriverChecker({ fault: 'features-refused', armed: false });
  bench = await createBench({ backend: 'inline', createDevice: checker.createDevice });
  checker.arm();
  for (const number of numbers(3)) expect((await hash(number)).status).toBe('ok');
  expect(checker.struck).toBe(false);
  expect(() => bench.driver.start()).toThrow('The device refuses the features');
  expect(checker.struck).toBe(true);
});

test('a fault that begins later counts requests from there on', async () => {
  checker = new DriverChecker({ fault: 'status-err', nth: 2, armed: false });
  bench = await createBench({ backend: 'inline', createDevice: checker.createDevice });
  for (const number of numbers(3)) expect((await hash(number)).status).toBe('ok');
  checker.arm();
  const after: string[] = [];
  for (const number of numbers(3)) after.push((await hash(number)).status);
  expect(after).toEqual(['ok', 'err', 'ok']);
});

test('features-refused: the driver sets FAILED, and has not cleared a bit that was never set (2.1.1, 2.2.2)', async () => {
  checker = new DriverChecker({ fault: 'features-refused' });
  bench = await createBench({ backend: 'inline', start: false, createDevice: checker.createDevice });
  expect(() => bench.driver.start()).toThrow('The device refuses the features');
  expect(bench.device.status & virtio.STATUS_FAILED).toBe(virtio.STATUS_FAILED);
  expect(bench.device.status & virtio.STATUS_FEATURES_OK).toBe(0);
  expect(checker.violations).toEqual([]);
  // A fault that strikes no request is seen as well.
  const cell = { scenario: 'reload', fault: 'features-refused', ring: 'split', features: 'default' } as const;
  const result = await runCell({ ...cell, transport: 'pci', driver: 'reference', seed: 1 });
  expect(result).toMatchObject({ struck: true, outcome: 'gave up', passed: true });
});
