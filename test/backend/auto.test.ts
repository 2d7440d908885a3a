// The backend that picks: requests run where the thresholds say, and a small one alone is done when its notification returns.
import { createCipheriv, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RequestCosts } from '../../src/backend/contract.ts';
import { CostsError } from '../../src/backend/placement/known_costs.ts';
import type { Thresholds } from '../../src/backend/placement/thresholds.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { BYTES, Flight, numbers, turn } from '../support/flight.ts';
import { PATIENCE } from '../support/patience.ts';
import { session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';

const started: unknown[] = [];
const remember = (worker: unknown) => started.push(worker);
beforeEach(() => {
  process.on('worker', remember);
});
afterEach(() => {
  process.off('worker', remember);
  started.length = 0;
});

const WORKERS_FROM_512: Thresholds = { host: {}, workers: { 'aes-cbc': { many: 512, crowd: 512 } } };

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  let rig: AnyRig;
  afterEach(() => rig.device.dispose());

  async function up(thresholds: Thresholds, bytes = BYTES) {
    rig = makeRig({ backend: 'auto', workers: 2, queueSize: 1024, thresholds });
    const id = session(rig);
    const flight = new Flight(rig);
    // Workers start with the session; that they have is seen when one gets something.
    let ready = !thresholds.workers['aes-cbc'];
    while (!ready) {
      const before = rig.data.usedIdx;
      for (const place of numbers(16)) flight.offer(place, id, bytes);
      rig.device.notify(0);
      await flight.used(before, 16);
      await turn(1);
      ready = rig.device.statistics().elsewhere.workers > 0;
    }
    return { flight, id };
  }

  test('many large requests run in workers; small ones among them at once', async () => {
    const { flight, id } = await up(WORKERS_FROM_512);
    const sizes = numbers(100).map((i) => (i % 2 ? 64 : 1024));
    for (const _round of numbers(20)) {
      const before = rig.data.usedIdx;
      for (const place of numbers(100)) flight.offer(place, id, sizes[place]);
      rig.device.notify(0);
      await flight.used(before, 100);
      for (const place of numbers(100)) flight.expectDone(place, sizes[place]);
    }
    const { workers, host } = rig.device.statistics().elsewhere;
    expect(host).toBe(0);
    expect(workers).toBeGreaterThan(0);
  });

  test('a small request never waits for a worker, whatever came before it', async () => {
    const { flight, id } = await up(WORKERS_FROM_512);
    for (const _round of numbers(20)) {
      const before = rig.data.usedIdx;
      for (const place of numbers(60)) flight.offer(place, id);
      rig.device.notify(0);
      const beforeIt = rig.data.usedIdx;
      flight.offer(100, id, 64);
      rig.device.notify(0);
      expect((rig.data.usedIdx - beforeIt) & 0xffff).toBeGreaterThanOrEqual(1);
      flight.expectDone(100, 64);
      await flight.used(before, 61);
    }
  });

  test('between the thresholds of both the higher one decides', async () => {
    const thresholds: Thresholds = {
      host: { 'aes-cbc': { many: 1024, crowd: 1024 } },
      workers: { 'aes-cbc': { many: 512, crowd: 512 } },
    };
    const { flight, id } = await up(thresholds, 512);
    const before = rig.device.statistics().elsewhere;
    const first = rig.data.usedIdx;
    const sizes = [64, 512, 1008, 1024] as const;
    // Small ones before them, by which a packed ring says that there are many.
    for (const place of numbers(3)) flight.offer(50 + place, id, 64);
    rig.device.notify(0);
    for (const place of numbers(48)) flight.offer(place, id, sizes[place % 4]);
    rig.device.notify(0);
    await flight.used(first, 51);
    for (const place of numbers(48)) flight.expectDone(place, sizes[place % 4]);
    const { workers, host } = rig.device.statistics().elsewhere;
    expect({ workers: workers - before.workers, host: host - before.host }).toEqual({ workers: 24, host: 12 });
  });

  test('a large request alone runs at once, where workers are for many', async () => {
    const { flight, id } = await up(WORKERS_FROM_512);
    // What came before tells how many to expect.
    flight.offer(0, id, 64);
    rig.device.notify(0);
    const { workers } = rig.device.statistics().elsewhere;
    for (const place of numbers(50)) {
      flight.offer(place, id);
      rig.device.notify(0);
      flight.expectDone(place);
    }
    expect(rig.device.statistics().elsewhere).toMatchObject({ host: 0, workers });
  });

  test('a crowd of requests goes elsewhere from another size on than a few or many do', async () => {
    const sizes = [64, 512, 1008, 1024];
    const { flight, id } = await up({ host: { 'aes-cbc': { few: 1024, many: 1008, crowd: 512 } }, workers: {} });
    const byHost = (batch: number, bytes: number) => {
      // What came before tells a packed ring how many to expect.
      let host = 0;
      for (const _round of [0, 1]) {
        host = rig.device.statistics().elsewhere.host;
        for (const place of numbers(batch)) flight.offer(place, id, bytes);
        rig.device.notify(0);
        for (const place of numbers(batch)) flight.expectDone(place, bytes);
      }
      return rig.device.statistics().elsewhere.host - host;
    };
    for (const [batch, least] of [
      [1, 1024],
      [2, 1024],
      [3, 1008],
      [31, 1008],
      [32, 512],
      [100, 512],
    ] as const) {
      for (const bytes of sizes) expect(byHost(batch, bytes)).toBe(bytes >= least ? batch : 0);
    }
  });

  test('node:crypto gets what is large enough for it, and nothing else', async () => {
    const { flight, id } = await up({ host: { 'aes-cbc': { few: 1024, many: 512 } }, workers: {} });
    for (const [place, bytes] of [64, 512, 1008, 1024].entries()) {
      flight.offer(place, id, bytes);
      rig.device.notify(0);
      flight.expectDone(place, bytes);
    }
    expect(rig.device.statistics().elsewhere).toMatchObject({ host: 1, workers: 0 });
  });
});

describe('by default', () => {
  let bench: Bench;
  afterEach(() => bench.dispose());
  const open = async (options: BenchOptions = {}) => {
    bench = await createBench({ algorithms: 'all', ...options });
  };

  test('the backend is auto, and no worker is started for what node:crypto does', async () => {
    await open();
    expect(bench.device.options.backend.backend).toBe('auto');
    const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(65536)] as const;
    const result = await bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data });
    const expected = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data);
    expect(result).toEqual({ status: 'ok', data: new Uint8Array(expected) });
    expect(bench.device.statistics().elsewhere).toMatchObject({ host: 1, workers: 0 });
    expect(started).toEqual([]);
  });

  test('workers start with the first session that may need them', async () => {
    await open();
    const request = {
      algorithm: 'snow3g-uea2',
      direction: 'encrypt',
      key: randomBytes(16),
      iv: randomBytes(16),
    } as const;
    await bench.driver.cipher({ ...request, data: randomBytes(100) });
    await vi.waitFor(async () => {
      expect(started.length).toBeGreaterThan(0);
      await bench.driver.cipher({ ...request, data: randomBytes(65536) });
      expect(bench.device.statistics().elsewhere.workers).toBeGreaterThan(0);
    }, PATIENCE);
  });

  test.each(['aes-ecb', 'aes-cbc', 'aes-ctr', 'aes-xts', '3des-cbc', 'snow3g-uea2', 'zuc-eea3'] as const)(
    'a small request of %s runs in the engine',
    async (algorithm) => {
      await open();
      const keyBytes = { 'aes-xts': 32, '3des-cbc': 24 }[algorithm as string] ?? 16;
      const iv = randomBytes({ 'aes-ecb': 0, '3des-cbc': 8 }[algorithm as string] ?? 16);
      const request = {
        algorithm,
        direction: 'encrypt',
        key: randomBytes(keyBytes),
        iv,
        data: randomBytes(64),
      } as const;
      for (const _round of numbers(8)) expect((await bench.driver.cipher(request)).status).toBe('ok');
      await Promise.all(numbers(32).map(() => bench.driver.cipher(request)));
      expect(bench.device.statistics().elsewhere).toMatchObject({ host: 0, workers: 0 });
    },
  );
});

describe('costs that were measured before', () => {
  const cost = (host: number, bytes = 4096): RequestCosts => ({
    algorithms: 'sha-256',
    depth: 'few',
    bytes,
    place: 'inline',
    microseconds: { inline: 10, host },
  });
  let bench: Bench;
  afterEach(() => bench.dispose());
  const hashed = async (costs: RequestCosts[], bytes: number) => {
    bench = await createBench({ algorithms: 'all', costs, clock: new FakeClock() });
    await bench.driver.hash({ algorithm: 'sha-256', data: randomBytes(bytes) });
    return bench.device.statistics();
  };

  test('say where the first request runs, here against the tables', async () => {
    expect((await hashed([cost(20)], 4096)).elsewhere.host).toBe(0);
    bench.dispose();
    expect((await hashed([cost(5, 64)], 64)).elsewhere.host).toBe(1);
    bench.dispose();
    const { costs } = await hashed([cost(5), cost(1, 8192)], 4096);
    expect(costs).toEqual([
      { ...cost(5), place: 'host' },
      { ...cost(1, 8192), place: 'host' },
    ]);
  });

  test('are taken as another device gave them, and kept by useBackend()', async () => {
    const { costs } = await hashed([cost(20)], 4096);
    bench.dispose();
    await hashed(costs, 4096);
    await bench.device.useBackend({ backend: 'auto' });
    await bench.driver.hash({ algorithm: 'sha-256', data: randomBytes(4096) });
    expect(bench.device.statistics().elsewhere.host).toBe(0);
    expect(bench.device.statistics().costs).toEqual(costs);
  });
});

test.each([
  ['all of them', [{}], /^costs: 0\.algorithms: /],
  [
    'a size',
    [{ algorithms: 'sha1', depth: 'few', bytes: 3, place: 'host', microseconds: {} }],
    /^costs: 0\.bytes: .*power of two/,
  ],
  [
    'a time',
    [{ algorithms: 'sha1', depth: 'few', bytes: 4, place: 'host', microseconds: { host: 0 } }],
    /^costs: 0\.microseconds\.host: /,
  ],
  ['a depth', [{ algorithms: 'sha1', depth: 'deep', bytes: 4, place: 'host', microseconds: {} }], /^costs: 0\.depth: /],
  ['a text', 'auto', /^costs: all of them: .*leave them out/],
])('costs with %s wrong are refused', (_, costs, message) => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const guest = { memory, regions: [{ guestAddress: 0, bytes: 65536, offset: 65536 }] };
  const given = costs as unknown as RequestCosts[];
  expect(() => createCryptoDevice({ guest, costs: given })).toThrow(CostsError);
  expect(() => createCryptoDevice({ guest, costs: given })).toThrow(message);
});

test.each([
  [{ host: {} }, /^thresholds: workers: /],
  [{ host: { 'aes-256': { few: 1 } }, workers: {} }, /^thresholds: host\.aes-256: Expected the name of an algorithm/],
  [{ host: { gcm: { few: 0 } }, workers: {} }, /^thresholds: host\.gcm\.few: Expected a whole number of bytes from 1/],
  [{ host: { gcm: { some: 1 } }, workers: {} }, /^thresholds: host\.gcm\.some: /],
  ['auto', /^thresholds: all of them: /],
])('thresholds %j are refused', (thresholds, message) => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const guest = { memory, regions: [{ guestAddress: 0, bytes: 65536, offset: 65536 }] };
  expect(() => createCryptoDevice({ guest, thresholds: thresholds as Thresholds })).toThrow(message);
});
