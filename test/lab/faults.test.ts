// Each fault, and what the reference driver makes of it.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BrokenQueueError } from '../../src/driver/index.ts';
import { DriverChecker, FAULTS, type FaultName } from '../../src/lab/index.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';

let bench: Bench;
let checker: DriverChecker;
afterEach(async () => {
  await bench.dispose();
});

const RINGS = ['split', 'packed'] as const;

async function open(fault: FaultName, options: BenchOptions = {}, nth = 2): Promise<void> {
  checker = new DriverChecker({ fault, nth });
  bench = await createBench({ backend: 'inline', ...options, createDevice: checker.createDevice });
}

const hash = () => bench.driver.hash({ algorithm: 'sha-256', data: Uint8Array.of(1, 2, 3) });
/** The status of each request, one after another. */
async function statuses(count: number): Promise<string[]> {
  const all: string[] = [];
  for (const _ of numbers(count)) all.push((await hash()).status);
  return all;
}

/** Whether a promise is still open in the next turn: the work that is due is done, and what comes late has not come. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open');
  const soon = new Promise((resolve) => setImmediate(() => resolve(open)));
  return (await Promise.race([promise, soon])) === open;
}

describe.each(RINGS)('with a %s ring', (ring) => {
  test.each([
    ['status-err', 'err'],
    ['status-badmsg', 'badmsg'],
    ['status-notsupp', 'notsupp'],
    ['status-invsess', 'invsess'],
  ] as const)('%s: the second request gets %s, the others their results', async (fault, status) => {
    await open(fault, { ring });
    expect(await statuses(3)).toEqual(['ok', status, 'ok']);
    expect(checker.violations).toEqual([]);
  });

  test.each(['used-length-long', 'used-length-max', 'used-id-foreign'] as const)(
    '%s: the queue is broken, and works again after a reset',
    async (fault) => {
      await open(fault, { ring });
      expect(await statuses(1)).toEqual(['ok']);
      await expect(hash()).rejects.toThrow(BrokenQueueError);
      bench.driver.start();
      expect(await statuses(2)).toEqual(['ok', 'ok']);
    },
  );

  test('used-length-0: the driver does not take bytes as written', async () => {
    await open('used-length-0', { ring });
    expect(await statuses(1)).toEqual(['ok']);
    const [result] = await Promise.allSettled([hash()]);
    expect(result.status === 'rejected' || result.value.status !== 'ok' || result.value.data.length === 32).toBe(true);
    expect(await statuses(1)).toEqual(['ok']);
  });

  test('completion-late: the request is answered in the end, and those behind it', async () => {
    await open('completion-late', { ring });
    const first = hash();
    const late = hash();
    expect((await first).status).toBe('ok');
    expect(await isOpen(late)).toBe(true);
    expect((await late).status).toBe('ok');
    expect(await statuses(2)).toEqual(['ok', 'ok']);
  });

  test('completion-never: a reset rejects what waits', async () => {
    await open('completion-never', { ring });
    expect(await statuses(1)).toEqual(['ok']);
    const waits = [hash(), hash()];
    const settled = Promise.allSettled(waits);
    expect(await isOpen(settled)).toBe(true);
    bench.driver.start();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('interrupt-lost: the driver finds the request when it looks', async () => {
    await open('interrupt-lost', { ring });
    expect(await statuses(1)).toEqual(['ok']);
    const lost = hash();
    expect(await isOpen(lost)).toBe(true);
    bench.driver.poll();
    expect((await lost).status).toBe('ok');
    expect(await statuses(2)).toEqual(['ok', 'ok']);
  });

  test('interrupt-spurious: the driver goes on', async () => {
    await open('interrupt-spurious', { ring });
    const interrupt = vi.spyOn(bench.driver, 'interrupt');
    expect(await statuses(3)).toEqual(['ok', 'ok', 'ok']);
    const before = interrupt.mock.calls.length;
    await expect.poll(() => interrupt.mock.calls.length).toBeGreaterThanOrEqual(before);
    expect(await statuses(2)).toEqual(['ok', 'ok']);
  });

  test('needs-reset: the device says so, and works again after the reset; no descriptor has changed', async () => {
    await open('needs-reset', { ring });
    expect(await statuses(1)).toEqual(['ok']);
    const struck = hash();
    const settled = Promise.allSettled([struck]);
    expect(await isOpen(settled)).toBe(true);
    expect(bench.device.fault).toBeDefined();
    expect(checker.violations.map(({ rule }) => rule)).toEqual([]);
    bench.driver.start();
    expect((await settled)[0].status).toBe('rejected');
    expect(await statuses(2)).toEqual(['ok', 'ok']);
  });

  test('removal: the registers read as all ones', async () => {
    await open('removal', { ring });
    expect(await statuses(2)).toEqual(['ok', 'ok']);
    await expect.poll(() => bench.device.removed).toBe(true);
    expect(bench.driver.transport.readConfig(0, 4) >>> 0).toBe(0xffffffff);
  });
});

test('control-late: a session takes its time', async () => {
  await open('control-late');
  const result = hash();
  expect(await isOpen(result)).toBe(true);
  expect((await result).status).toBe('ok');
});

test('hardware-away: HW_READY goes and comes, and the driver sees both', async () => {
  await open('hardware-away', {}, 1);
  await statuses(1);
  await expect.poll(() => bench.driver.readConfig().hardwareReady, { interval: 5 }).toBe(false);
  await expect.poll(() => bench.driver.readConfig().hardwareReady).toBe(true);
  expect(await statuses(1)).toEqual(['ok']);
});

test('features-few: the driver works with it', async () => {
  await open('features-few');
  expect(await statuses(3)).toEqual(['ok', 'ok', 'ok']);
  expect(checker.finish()).toEqual([]);
});

test.each(['queue-size-1', 'queue-size-2'] as const)(
  '%s: the driver works with it, by indirect tables that are longer than the queue, as Linux does',
  async (fault) => {
    await open(fault);
    expect(await statuses(3)).toEqual(['ok', 'ok', 'ok']);
    expect(checker.finish().map(({ rule }) => rule)).toEqual(['2.7.5.3.1-3']);
  },
);

test.each([
  ['legacy', 'err'],
  ['revision1', 'nospc'],
] as const)(
  'sessions-1, %s: a second session is refused with %s, which is no mistake of the driver',
  async (layout, status) => {
    await open('sessions-1', { layout });
    const key = new Uint8Array(16);
    const parameters = { service: 'cipher', algorithm: 'aes-cbc', direction: 'encrypt', key } as const;
    expect((await bench.driver.createSession(parameters)).status).toBe('ok');
    expect((await bench.driver.createSession(parameters)).status).toBe(status);
    expect(checker.violations).toEqual([]);
  },
);

test('each fault says what the device does, and what a correct driver does', () => {
  for (const { section, device, driver, group, ...more } of Object.values(FAULTS)) {
    expect(section).toMatch(/^[0-9]+(\.[0-9]+)+$/);
    expect(['allowed', 'broken', 'hostile']).toContain(group);
    expect(device.length).toBeGreaterThan(10);
    expect(driver.length).toBeGreaterThan(10);
    expect('begin' in more || 'options' in more).toBe(true);
  }
});

test('wrong options are refused', async () => {
  await open('removal');
  expect(() => new DriverChecker({ fault: 'none' as FaultName })).toThrow(/^fault is none: give one of status-err, /);
  expect(() => new DriverChecker({ fault: 'removal', nth: 0 })).toThrow('nth is 0: give a whole number from 1.');
});
