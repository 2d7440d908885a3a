// auto where the host's cryptography answers later, as a browser's does: requests are divided among WebCrypto, workers and the engine by
// algorithm, size and depth. Node has WebCrypto too, once node:crypto is out of sight.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import '../support/without_node_crypto.ts';
import { F_IN_ORDER, F_RING_RESET } from '../../spec/virtio.ts';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { WEBCRYPTO_BELOW } from '../../src/backend/placement/steps.ts';
import type { Thresholds } from '../../src/backend/placement/thresholds.ts';
import { createBench } from '../../src/testing/index.ts';
import { BYTES, Flight, numbers, turn } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { moved } from '../support/moved.ts';
import { PATIENCE } from '../support/patience.ts';
import { closeSession, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, RIGS, type RigOptions, VERSION_1 } from '../support/rig.ts';

const started: Worker[] = [];
const remember = (worker: Worker) => started.push(worker);
beforeEach(() => {
  process.on('worker', remember);
});
afterEach(() => {
  process.off('worker', remember);
  started.length = 0;
  vi.unstubAllGlobals();
});

const INLINE = 64;
const HOST = 512;
const WORKERS = BYTES;
/** A request alone goes to WebCrypto from 1,024 bytes on; of many, those from there on to workers, and smaller ones to WebCrypto. */
const DIVIDED: Thresholds = {
  host: { 'aes-cbc': { few: BYTES, many: HOST, crowd: HOST } },
  workers: { 'aes-cbc': { many: WORKERS, crowd: WORKERS } },
};
const SIZES = [INLINE, HOST, WORKERS] as const;
/** Fewer requests than there are slots: all of them are taken in one notification. */
const COUNT = 48;
/** Small ones before them, by which the device knows that there are many. */
const AHEAD = 3;
const TOTAL = AHEAD + COUNT;
const sizeOf = (place: number) => SIZES[place % 3] ?? INLINE;

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  async function up(options: RigOptions = {}) {
    const rig = makeRig({ backend: 'auto', workers: 2, queueSize: 1024, thresholds: DIVIDED, ...options });
    rigs.push(rig);
    const flight = new Flight(rig);
    const id = session(rig);
    await vi.waitFor(async () => {
      await burst(rig, flight, id);
      expect(elsewhere(rig).workers).toBeGreaterThan(0);
    }, PATIENCE);
    return { rig, flight, id };
  }

  const elsewhere = (rig: AnyRig) => rig.device.statistics().elsewhere;

  /** Offers COUNT requests of all sizes, behind small ones. */
  function post(rig: AnyRig, flight: Flight, id: bigint): number {
    const before = rig.data.usedIdx;
    for (const place of numbers(AHEAD)) flight.offer(COUNT + place, id, INLINE);
    rig.device.notify(0);
    for (const place of numbers(COUNT)) flight.offer(place, id, sizeOf(place));
    rig.device.notify(0);
    return before;
  }

  async function burst(rig: AnyRig, flight: Flight, id: bigint): Promise<void> {
    const before = post(rig, flight, id);
    await flight.used(before, TOTAL);
    for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place));
  }

  test('each of many requests runs where its size belongs, and each is done once', async () => {
    const { rig, flight, id } = await up();
    for (const _round of numbers(10)) {
      const before = elsewhere(rig);
      await burst(rig, flight, id);
      const after = elsewhere(rig);
      expect(after.host - before.host).toBe(COUNT / 3);
      expect(after.workers - before.workers).toBe(COUNT / 3);
    }
  });

  test('a request alone runs in the engine, or in WebCrypto where it is large enough', async () => {
    const { rig, flight, id } = await up();
    flight.offer(0, id, INLINE);
    rig.device.notify(0);
    const { host, workers } = elsewhere(rig);
    flight.offer(0, id, HOST);
    rig.device.notify(0);
    flight.expectDone(0, HOST);
    expect(elsewhere(rig)).toMatchObject({ host, workers });
    const before = rig.data.usedIdx;
    flight.offer(0, id);
    rig.device.notify(0);
    await flight.used(before, 1);
    flight.expectDone(0);
    expect(elsewhere(rig)).toMatchObject({ host: host + 1, workers });
  });

  test('where workers begin with smaller ones than WebCrypto, each has its part as well', async () => {
    const { rig, flight, id } = await up({
      thresholds: {
        host: { 'aes-cbc': { many: BYTES, crowd: BYTES } },
        workers: { 'aes-cbc': { many: HOST, crowd: HOST } },
      },
    });
    const before = elsewhere(rig);
    await burst(rig, flight, id);
    expect(elsewhere(rig)).toMatchObject({ host: before.host + COUNT / 3, workers: before.workers + COUNT / 3 });
  });

  test('2.7.9 with IN_ORDER chains are used in the order in which they were made available, whoever did them', async () => {
    const { rig, flight, id } = await up({ features: VERSION_1 | INDIRECT | feature(F_IN_ORDER) });
    const before = post(rig, flight, id);
    await flight.used(before, TOTAL);
    const order = numbers(COUNT).map((i) => rig.data.usedElement(before + AHEAD + i).id);
    expect(order).toEqual(numbers(COUNT).map((i) => flight.head(i)));
    for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place));
  });

  test('a device that is saved while both have requests has done them all, and goes on where it is restored', async () => {
    const { rig, flight, id } = await up();
    const before = post(rig, flight, id);
    const other = moved(rig, { backend: 'auto', workers: 2, queueSize: 1024, thresholds: DIVIDED }, false);
    rigs.push(other);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(TOTAL);
    for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place));
    await turn(20);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(TOTAL);
    await burst(rig, flight, id);
    await burst(other, new Flight(other), id);
  });

  test('2.4 a reset while both have requests: none of them is heard of again, and the device is as good as new', async () => {
    const { rig, flight, id } = await up();
    post(rig, flight, id);
    rig.device.writeStatus(0);
    const snapshot = rig.snapshot();
    await turn(50);
    expect(snapshot.changesOutside([])).toEqual([]);
    for (const place of numbers(COUNT)) if (sizeOf(place) !== INLINE) flight.expectUntouched(place, sizeOf(place));
    rig.bringUp();
    const again = session(rig);
    for (const _round of numbers(4)) await burst(rig, flight, again);
  });

  test('2.6.1 a queue that is reset while both have requests: none of them is heard of again', async () => {
    const { rig, flight, id } = await up({ features: VERSION_1 | INDIRECT | feature(F_RING_RESET) });
    post(rig, flight, id);
    rig.device.resetQueue(0);
    await turn(50);
    for (const place of numbers(COUNT)) if (sizeOf(place) !== INLINE) flight.expectUntouched(place, sizeOf(place));
    rig.enable(0, rig.data);
    for (const _round of numbers(4)) await burst(rig, flight, id);
  });

  test('a session that is closed while both have its requests: they are done with its keys', async () => {
    const { rig, flight } = await up({ maxSessions: 4 });
    for (const round of numbers(20)) {
      const key = noise(16, round);
      const id = session(rig, { key });
      const before = post(rig, flight, id);
      closeSession(rig, id);
      await flight.used(before, TOTAL);
      for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place), key);
    }
  });

  test('another backend takes over while both have requests', async () => {
    const { rig, flight, id } = await up();
    for (const backend of ['inline', 'auto', 'host', 'auto', 'workers', 'auto'] as const) {
      const before = post(rig, flight, id);
      await rig.device.useBackend({ backend, workers: 2 });
      await flight.used(before, TOTAL);
      for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place));
    }
  });

  test('workers that die while both have requests cost none of them', async () => {
    const { rig, flight, id } = await up();
    for (const round of numbers(10)) {
      const before = post(rig, flight, id);
      if (round === 3) for (const worker of started) void worker.terminate();
      await flight.used(before, TOTAL);
      for (const place of numbers(COUNT)) flight.expectDone(place, sizeOf(place));
    }
  });

  test('where nothing can be shared WebCrypto and the engine do it all', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const events: BackendEvent[] = [];
    const onBackendEvent = (event: BackendEvent) => events.push(event);
    const rig = makeRig({ backend: 'auto', workers: 2, queueSize: 1024, thresholds: DIVIDED, onBackendEvent });
    rigs.push(rig);
    const id = session(rig);
    await vi.waitFor(() => expect(events).toEqual([expect.objectContaining({ kind: 'unavailable' })]), PATIENCE);
    await burst(rig, new Flight(rig), id);
    expect(elsewhere(rig)).toMatchObject({ host: (2 * COUNT) / 3, workers: 0 });
  });
});

test('by default large requests run in WebCrypto, small ones and what it does not know elsewhere', async () => {
  const bench = await createBench();
  const [key, iv] = [randomBytes(16), randomBytes(16)];
  const encrypt = async (bytes: number) => {
    const data = randomBytes(bytes);
    const result = await bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data });
    const expected = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data);
    expect(result).toEqual({ status: 'ok', data: new Uint8Array(expected) });
    return bench.device.statistics().elsewhere.host;
  };
  expect(await encrypt(1024)).toBe(0);
  expect(await encrypt(65536)).toBe(1);
  const data = randomBytes(65536);
  const { digest } = await bench.driver.chain({
    order: 'cipher-then-hash',
    direction: 'encrypt',
    cipher: { algorithm: 'aes-cbc', key, iv },
    hash: { mode: 'auth', algorithm: 'hmac-sha-256', key },
    data,
  });
  const sealed = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data);
  expect(digest).toEqual(new Uint8Array(createHmac('sha256', key).update(sealed).digest()));
  expect(bench.device.statistics().elsewhere.host).toBe(1);
  await bench.dispose();
});

test('between the thresholds of both the higher one decides, but what is too large for WebCrypto goes to workers', async () => {
  const bench = await createBench({
    workers: 1,
    maxRequestBytes: 2 ** 21,
    thresholds: { host: { 'aes-cbc': { few: 65536 } }, workers: { 'aes-cbc': { few: 4096 } } },
  });
  const [key, iv] = [randomBytes(16), randomBytes(16)];
  const ranBy = async (bytes: number) => {
    const data = randomBytes(bytes);
    const before = bench.device.statistics().elsewhere;
    const result = await bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data });
    const expected = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data);
    expect(result).toEqual({ status: 'ok', data: new Uint8Array(expected) });
    const { host, workers } = bench.device.statistics().elsewhere;
    if (host > before.host) return 'webcrypto';
    return workers > before.workers ? 'workers' : 'engine';
  };
  await vi.waitFor(async () => expect(await ranBy(4096)).toBe('workers'), PATIENCE);
  expect(await ranBy(4080)).toBe('engine');
  expect(await ranBy(65520)).toBe('workers');
  expect(await ranBy(65536)).toBe('webcrypto');
  expect(await ranBy(WEBCRYPTO_BELOW - 16)).toBe('webcrypto');
  expect(await ranBy(WEBCRYPTO_BELOW)).toBe('workers');
  await bench.dispose();
});

test('CTR in pieces counts on from one to the next, over all 128 bits', async () => {
  const bench = await createBench();
  const [key, iv, data] = [randomBytes(16), Buffer.alloc(16, 0xff), randomBytes(500_001)];
  iv[15] = 0xf0;
  const result = await bench.driver.cipher({ algorithm: 'aes-ctr', direction: 'encrypt', key, iv, data });
  expect(result.status).toBe('ok');
  expect(createCipheriv('aes-128-ctr', key, iv).update(data).equals(result.data)).toBe(true);
  expect(bench.device.statistics().elsewhere.host).toBe(1);
  await bench.dispose();
});
