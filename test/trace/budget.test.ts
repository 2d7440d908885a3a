// What a tracer costs is counted: descriptors that it reads, and bytes that it copies.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DATA_LEGACY_BYTES } from '../../spec/crypto.ts';
import { createBench } from '../../src/testing/bench.ts';
import { DeviceTracer, GuestView } from '../../src/trace/index.ts';
import { LookBudget } from '../../src/trace/look_budget.ts';
import { UnderWay } from '../../src/trace/under_way.ts';
import { noise } from '../support/memory.ts';
import { AT } from '../support/requests.ts';
import { RIGS } from '../support/rig.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the budget', () => {
  /** Chains of so many descriptors that may be looked at now. */
  const spent = (budget: LookBudget, descriptors: number): number => {
    let chains = 0;
    for (; budget.left && chains < 100_000; chains++) budget.spend(descriptors);
    return chains;
  };

  test('grows between notifications alone: a tenth of a second’s worth at most', () => {
    const budget = new LookBudget(400);
    budget.refill(1000, 0);
    expect(spent(budget, 5)).toBe(40);
    budget.refill(1000, 0);
    expect(spent(budget, 5)).toBe(0);
    budget.refill(1050, 0);
    expect(spent(budget, 5)).toBe(20);
    budget.refill(9000, 0);
    expect(spent(budget, 5)).toBe(40);
  });

  test('counts descriptors, 32 a request, and long chains leave a debt', () => {
    const budget = new LookBudget(400);
    budget.refill(0, 0);
    expect(spent(budget, 1024)).toBe(2);
    // 768 too many were read: the time of 24 requests.
    budget.refill(60, 0);
    expect(spent(budget, 1024)).toBe(0);
    budget.refill(63, 0);
    expect(spent(budget, 1024)).toBe(1);
  });

  test('of less than ten a second lets one pass when its time has come; of none, none', () => {
    const budget = new LookBudget(2);
    let looks = 0;
    for (let now = 0; now <= 5000; now += 10) {
      budget.refill(now, 0);
      looks += spent(budget, 5);
    }
    expect(looks).toBe(10);
    const none = new LookBudget(0);
    none.refill(0, 0);
    none.refill(1e9, 0);
    expect(spent(none, 1)).toBe(0);
  });

  test('for a complete trace ends with the descriptors of what the device holds', () => {
    const budget = new LookBudget(Number.POSITIVE_INFINITY);
    budget.refill(0, 0);
    expect(spent(budget, 64)).toBe(1024);
    budget.refill(0, 65536 - 128);
    expect(spent(budget, 64)).toBe(2);
    budget.refill(0, 65536);
    expect(budget.left).toBe(false);
  });
});

test('chains under way are counted by their descriptors, whatever becomes of them', () => {
  const underWay = new UnderWay();
  const chain = (id: number, length: number) => ({
    id,
    ringDescriptors: 1,
    buffers: [],
    descriptors: Array.from({ length }, (_, index) => ({
      table: 'ring' as const,
      index,
      address: 0,
      bytes: 0,
      flags: 0,
      last: 0,
    })),
  });
  underWay.add(0, chain(1, 5), 0);
  underWay.add(0, chain(1, 7), 0);
  underWay.add(1, chain(1, 3), 0);
  expect(underWay.descriptors).toBe(10);
  expect(underWay.take(0, 1)?.chain.descriptors).toHaveLength(7);
  expect(underWay.take(0, 1)).toBeUndefined();
  expect(underWay.has(0)).toBe(false);
  underWay.clear(1);
  expect([underWay.has(1), underWay.descriptors]).toEqual([false, 0]);
});

const RING = 512;
const LONG = 1023;
/** What the chains of one tenth of a second may have together, and the last of them beyond that. */
const DESCRIPTORS_MAX = 40 * 32 + LONG;

describe.each(RIGS)('over a %s ring', (name, rigOf) => {
  const full = () => {
    const rig = rigOf({ queueSize: RING });
    rig.write(AT.header, new Uint8Array(DATA_LEGACY_BYTES));
    const writable = Array.from({ length: LONG - 1 }, () => ({ address: AT.free, bytes: 256, write: true }));
    const chain = [{ address: AT.header, bytes: DATA_LEGACY_BYTES }, ...writable];
    for (let head = 0; head < RING; head++) rig.data.describeIndirect(chain, AT.table, head);
    for (let head = 0; head < RING; head++) rig.data.offer(head);
    return rig;
  };

  /** The descriptors that are read and the bytes that are copied while `run` runs. */
  const workOf = (run: () => void) => {
    // Time goes on while a notification is looked at.
    let now = 1e6;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 7;
      return now;
    });
    // One 64-bit number is read of each descriptor: its address.
    const read = vi.spyOn(GuestView.prototype, 'uint64');
    const copy = vi.spyOn(GuestView.prototype, 'copy');
    run();
    const bytes = copy.mock.results.reduce(
      (sum, { value }) => sum + (value instanceof Uint8Array ? value.length : 0),
      0,
    );
    return { descriptors: read.mock.calls.length, bytes, copies: copy.mock.calls.length };
  };

  test(`a notification of ${RING} long chains costs no more than the budget, however long it takes`, () => {
    const rig = full();
    const tracer = new DeviceTracer(rig.device);
    const work = workOf(() => rig.device.notify(0));
    expect(rig.device.requests(0)).toBe(RING);
    expect(work.descriptors).toBeGreaterThan(0);
    expect(work.descriptors).toBeLessThanOrEqual(DESCRIPTORS_MAX);
    expect(work.copies).toBeLessThanOrEqual(2 * DESCRIPTORS_MAX);
    expect(work.bytes).toBeLessThanOrEqual(40 * 2 * 4096);
    expect(tracer.requestsSince(0)).toHaveLength(2);
  });

  test('a complete trace sees 65536 descriptors of a notification, and keeps its memory bounded', () => {
    const rig = full();
    const tracer = new DeviceTracer(rig.device, { perSecond: Number.POSITIVE_INFINITY, kept: 256 });
    const work = workOf(() => rig.device.notify(0));
    expect(rig.device.requests(0)).toBe(RING);
    expect(work.descriptors).toBeLessThanOrEqual(65536 + LONG);
    const kept = tracer.requestsSince(0).reduce((sum, { descriptors }) => sum + descriptors.length, 0);
    expect(kept).toBeGreaterThan(256 * 16);
    expect(kept).toBeLessThanOrEqual(256 * 32);
  });

  test('notification after notification in the same moment, it is one budget', () => {
    const rig = full();
    const tracer = new DeviceTracer(rig.device);
    vi.spyOn(performance, 'now').mockReturnValue(1e6);
    const read = vi.spyOn(GuestView.prototype, 'uint64');
    for (let i = 0; i < 10; i++) {
      rig.device.notify(0);
      for (let head = 0; head < RING; head++) rig.data.offer(head);
    }
    expect(read.mock.calls.length).toBeLessThanOrEqual(DESCRIPTORS_MAX);
    expect(name).toBe(tracer.requestsSince(0)[0]?.ring);
  });
});

test('a control request costs the same however many sessions are open', async () => {
  const bench = await createBench({ backend: 'inline' });
  const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
  const list = vi.spyOn(bench.device, 'sessions');
  const session = await bench.driver.createCipherSession('aes-cbc', 'encrypt', noise(16));
  await bench.driver.destroySession(session.id);
  expect(list).not.toHaveBeenCalled();
  expect(tracer.requestsSince(0).map(({ algorithm }) => algorithm)).toEqual(['aes-cbc', 'aes-cbc']);
  await bench.dispose();
});

test.each([
  ['cipher', 'aes-ctr', { service: 'cipher', algorithm: 'aes-ctr', direction: 'decrypt', key: noise(16) }],
  ['hash', 'sha-256', { service: 'hash', algorithm: 'sha-256' }],
  ['mac', 'hmac-sha1', { service: 'mac', algorithm: 'hmac-sha1', key: noise(20) }],
  ['aead', 'gcm', { service: 'aead', algorithm: 'gcm', direction: 'encrypt', key: noise(16), tagLength: 16 }],
  [
    'chain with a MAC',
    'aes-cbc + hmac-sha-256',
    {
      service: 'chain',
      order: 'cipher-then-hash',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-cbc', key: noise(16) },
      hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: noise(16) },
    },
  ],
  [
    'chain with a hash',
    'aes-cbc + sha1',
    {
      service: 'chain',
      order: 'hash-then-cipher',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-cbc', key: noise(16) },
      hash: { mode: 'plain', algorithm: 'sha1' },
    },
  ],
] as const)('a session’s algorithm is known from the request that makes it: %s', async (_, algorithm, parameters) => {
  for (const layout of ['legacy', 'revision1'] as const) {
    const bench = await createBench({ layout, algorithms: 'all', backend: 'inline' });
    const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
    const { status } = await bench.driver.createSession(parameters);
    expect(status).toBe('ok');
    expect(tracer.requestsSince(0)[0]?.algorithm).toBe(algorithm);
    expect(tracer.sessions()[0]?.algorithm).toBe(algorithm);
    await bench.dispose();
  }
});
