// Requests that run in workers: each completes once, with the right result or the right status, whatever becomes of the workers,
// the queue or the device meanwhile.
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CRYPTO_INVSESS, CRYPTO_OK } from '../../spec/crypto.ts';
import { F_IN_ORDER, F_RING_RESET } from '../../spec/virtio.ts';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { BYTES, Flight, numbers, PLACES, turn } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { PATIENCE } from '../support/patience.ts';
import { closeSession, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, RIGS, type RigOptions, VERSION_1 } from '../support/rig.ts';

/** Workers that were started, so that a test can kill them. */
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

describe.each(RIGS)('with a %s ring', (ring, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  async function up(options: RigOptions = {}): Promise<{ rig: AnyRig; flight: Flight; id: bigint }> {
    const rig = makeRig({ backend: 'workers', workers: 2, queueSize: 1024, ...options });
    rigs.push(rig);
    await rig.device.backendReady;
    return { rig, flight: new Flight(rig), id: session(rig) };
  }

  test('a hundred requests of one notification are done after it, each once', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(100)) flight.offer(place, id);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(before);
    await flight.used(before, 100);
    const used = numbers(100).map((i) => rig.data.usedElement(before + i));
    expect(used.map(({ id: head }) => head).sort((a, b) => a - b)).toEqual(numbers(100).map((i) => flight.head(i)));
    expect(used.every(({ len }) => len === BYTES + 1)).toBe(true);
    for (const place of numbers(100)) flight.expectDone(place);
    expect(rig.device.statistics().elsewhere.workers).toBe(100);
    expect(rig.interrupts).toContainEqual({ kind: 'queue', queue: 0 });
  });

  test('a request that is refused at once does not wait for those before it', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    flight.offer(0, id);
    flight.offer(1, 77n);
    rig.device.notify(0);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(1);
    expect(flight.status(1)).toBe(CRYPTO_INVSESS);
    await flight.used(before, 2);
    flight.expectDone(0);
  });

  test('2.7.9 with IN_ORDER chains are used in the order in which they were made available', async () => {
    const { rig, flight, id } = await up({ features: VERSION_1 | INDIRECT | feature(F_IN_ORDER) });
    for (const _ of numbers(5)) {
      const before = rig.data.usedIdx;
      for (const place of numbers(120)) flight.offer(place, place % 3 === 1 ? 77n : id, place % 2 ? 16 : BYTES);
      rig.device.notify(0);
      await flight.used(before, 120);
      const order = numbers(120).map((i) => rig.data.usedElement(before + i).id);
      expect(order).toEqual(numbers(120).map((i) => flight.head(i)));
      for (const place of numbers(120)) {
        if (place % 3 === 1) expect(flight.status(place)).toBe(CRYPTO_INVSESS);
        else flight.expectDone(place, place % 2 ? 16 : BYTES);
      }
    }
  });

  test('a worker that dies in the middle of a thousand requests costs none of them, and is replaced', async () => {
    const { rig, flight, id } = await up();
    for (const round of numbers(10)) {
      const before = rig.data.usedIdx;
      for (const place of numbers(100)) flight.offer(place, id);
      rig.device.notify(0);
      if (round === 3) void started[0]?.terminate();
      if (round === 6) for (const worker of started) void worker.terminate();
      await flight.used(before, 100);
      for (const place of numbers(100)) flight.expectDone(place);
    }
    await vi.waitFor(() => expect(started.length).toBeGreaterThanOrEqual(4), PATIENCE);
  });

  test('2.4 a reset while 64 are in flight: none of them is heard of again', async () => {
    const { rig, flight, id } = await up();
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.writeStatus(0);
    const snapshot = rig.snapshot();
    await turn(50);
    expect(snapshot.changesOutside(rig.sharesMemory ? [rig.claimed] : [])).toEqual([]);
    for (const place of numbers(PLACES)) flight.expectUntouched(place);
    expectReset(rig);
    await turn();
  });

  test('2.6.1 a queue that is reset while 64 are in flight: none of them is heard of again', async () => {
    const { rig, flight, id } = await up({ features: VERSION_1 | INDIRECT | feature(F_RING_RESET) });
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.resetQueue(0);
    const snapshot = rig.snapshot();
    await turn(50);
    expect(snapshot.changesOutside([rig.engine, rig.claimed])).toEqual([]);
    for (const place of numbers(PLACES)) flight.expectUntouched(place);
    rig.enable(0, rig.data);
    const before = rig.data.usedIdx;
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, PLACES);
    for (const place of numbers(PLACES)) flight.expectDone(place);
  });

  test('a device that is saved while 64 are in flight has done them all', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(64)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.save({ includeKeys: true });
    expect((rig.data.usedIdx - before) & 0xffff).toBe(64);
    for (const place of numbers(64)) flight.expectDone(place);
    await turn(20);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(64);
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, 64 + PLACES);
  });

  test('a session that is closed while its requests are in flight: they are done with its keys', async () => {
    const { rig, flight } = await up({ maxSessions: 4 });
    let before = rig.data.usedIdx;
    for (const i of numbers(10_000)) {
      const place = i % 64;
      const key = noise(16, i % 7);
      const id = session(rig, { key });
      flight.offer(place, id, 64);
      rig.device.notify(0);
      expect(closeSession(rig, id).status).toBe(CRYPTO_OK);
      if (place !== 63 && i !== 9999) continue;
      await flight.used(before, place + 1);
      for (const done of numbers(place + 1)) flight.expectDone(done, 64, noise(16, (i - place + done) % 7));
      before = rig.data.usedIdx;
    }
    expect(rig.device.sessionCount).toBe(1);
  });

  test('where nothing can be shared, requests run in the engine, and the host hears why', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const events: BackendEvent[] = [];
    const { rig, flight, id } = await up({ onBackendEvent: (event) => events.push(event) });
    expect(events).toEqual([{ kind: 'unavailable', message: expect.stringMatching(/cross-origin isolated/) }]);
    const before = rig.data.usedIdx;
    flight.offer(0, id);
    rig.device.notify(0);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(1);
    flight.expectDone(0);
  });

  /** After a reset the device is as good as new; its workers are asked later. */
  function expectReset(rig: AnyRig): void {
    rig.bringUp();
    expect(rig.needsReset).toBe(false);
  }

  test(`the ${ring} ring's device ignores everything once it was disposed of`, async () => {
    const { rig, flight, id } = await up();
    for (const place of numbers(64)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.dispose();
    await turn(50);
    for (const place of numbers(64)) flight.expectUntouched(place);
  });
});
