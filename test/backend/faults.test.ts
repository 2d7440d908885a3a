// Workers that hang, die or never start, slots that run out, and a device that is saved or goes away meanwhile: each request completes
// once, with what node:crypto makes of it, and no key stays behind.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { SLOTS_MAX } from '../../src/backend/deferral/layout.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { Flight, numbers, PLACES, turn } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { moved } from '../support/moved.ts';
import { PATIENCE } from '../support/patience.ts';
import { closeSession, KEY, request, session } from '../support/requests.ts';
import { type AnyRig, RIGS, type RigOptions } from '../support/rig.ts';
import { faulty, SharedMemories, start } from '../support/worker_faults.ts';

vi.mock('../../src/backend/workers/worker_source.ts', async (importOriginal) => {
  const { WORKER_SOURCE } = await importOriginal<typeof import('../../src/backend/workers/worker_source.ts')>();
  return {
    get WORKER_SOURCE() {
      return faulty(WORKER_SOURCE);
    },
  };
});

const shared = new SharedMemories();
const workers: Worker[] = [];
const remember = (worker: Worker) => workers.push(worker);
beforeEach(() => {
  shared.watch();
  process.on('worker', remember);
});
afterEach(() => {
  shared.restore();
  start.how = 'well';
  process.off('worker', remember);
  workers.length = 0;
});

const LOST = { kind: 'worker-lost', message: expect.stringMatching(/^A worker was lost: /) };

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  async function up(options: RigOptions = {}) {
    const clock = new FakeClock();
    const events: BackendEvent[] = [];
    const onBackendEvent = (event: BackendEvent) => events.push(event);
    const rig = makeRig({ backend: 'workers', workers: 2, queueSize: 1024, clock, onBackendEvent, ...options });
    rigs.push(rig);
    await rig.device.backendReady;
    return { rig, clock, events, flight: new Flight(rig), id: session(rig) };
  }

  /** Until something that takes real time has happened. */
  const eventually = (happened: () => void) => vi.waitFor(happened, { ...PATIENCE, interval: 5 });

  test('a worker that hangs is replaced after its time; its request, and those that waited, are done', async () => {
    const { rig, clock, events, flight, id } = await up();
    for (const round of numbers(3)) {
      const before = rig.data.usedIdx;
      shared.hang(1);
      for (const place of numbers(PLACES)) flight.offer(place, id);
      rig.device.notify(0);
      await eventually(() => expect((rig.data.usedIdx - before) & 0xffff).toBeGreaterThanOrEqual(PLACES - 4));
      clock.advance(60_000);
      await flight.used(before, PLACES);
      for (const place of numbers(PLACES)) flight.expectDone(place);
      expect(events).toEqual(numbers(round + 1).map(() => LOST));
      await eventually(() => expect(workers.length).toBe(2 + round + 1));
    }
  });

  test('where all workers hang, slots fill up and the rest waits in the ring, until others take over', async () => {
    const { rig, clock, flight, id } = await up();
    const before = rig.data.usedIdx;
    const bytes = rig.memory.buffer.byteLength;
    shared.hang(2);
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    await turn(50);
    expect(rig.device.statistics().elsewhere.workers).toBe(SLOTS_MAX);
    for (const _notification of numbers(100)) rig.device.notify(0);
    expect(rig.device.statistics().elsewhere.workers).toBe(SLOTS_MAX);
    expect(rig.memory.buffer.byteLength).toBe(bytes);
    expect(rig.data.usedIdx).toBe(before);
    for (const place of numbers(PLACES)) flight.expectUntouched(place);
    clock.advance(60_000);
    await flight.used(before, PLACES);
    for (const place of numbers(PLACES)) flight.expectDone(place);
    // What the two had was run by the device itself: that is no worker's.
    const finished = rig.device.statistics().elsewhere.perWorker.map(({ requests }) => requests);
    expect(finished.reduce((sum, requests) => sum + requests)).toBeLessThanOrEqual(PLACES - 2);
  });

  test('workers that die at work, in the middle of a thousand requests, cost none of them', async () => {
    const { rig, events, flight, id } = await up();
    for (const round of numbers(10)) {
      const before = rig.data.usedIdx;
      if (round % 3 === 0) shared.die(1 + (round % 2));
      for (const place of numbers(100)) flight.offer(place, id);
      rig.device.notify(0);
      await flight.used(before, 100);
      for (const place of numbers(100)) flight.expectDone(place);
    }
    expect(rig.device.requests(0)).toBe(1000);
    expect(events.length).toBeGreaterThanOrEqual(2);
    expect(events).toEqual(events.map(() => LOST));
    const { workers: ran } = rig.device.statistics().elsewhere;
    await eventually(() => {
      flight.offer(0, id);
      rig.device.notify(0);
      expect(rig.device.statistics().elsewhere.workers).toBeGreaterThan(ran);
    });
  });

  test('a worker that dies with its first job, while the device is busy, costs no request', async () => {
    const { rig, clock, events, flight, id } = await up();
    const before = rig.data.usedIdx;
    // One worker hangs with its job, and one dies. The worker that takes its place dies, too, before the device hears that it has started.
    shared.hang(1);
    shared.die(2);
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    await eventually(() => expect(workers.length).toBe(3));
    shared.waitForDeaths();
    await flight.used(before, PLACES - 1);
    expect(events).toEqual([LOST]);
    await eventually(() => expect(workers.length).toBe(4));
    clock.advance(60_000);
    await flight.used(before, PLACES);
    for (const place of numbers(PLACES)) flight.expectDone(place);
  });

  test('where no worker starts, requests run in the engine, and the host hears of it', async () => {
    start.how = 'with an error';
    const { rig, events } = await up();
    expect(events).toEqual([
      { kind: 'unavailable', message: 'No worker could be started: This worker does not start.' },
    ]);
    const source = noise(1024, 5);
    expect(request(rig, { id: session(rig), source }).completed).toBe(true);
    expect(rig.device.statistics().elsewhere.workers).toBe(0);
  });

  test('where workers hang as they start, too, once their time is up', async () => {
    start.how = 'never';
    const clock = new FakeClock();
    const events: BackendEvent[] = [];
    const onBackendEvent = (event: BackendEvent) => events.push(event);
    const rig = makeRig({ backend: 'workers', workers: 2, clock, onBackendEvent });
    rigs.push(rig);
    expect(request(rig, { id: session(rig) }).completed).toBe(true);
    await eventually(() => expect(clock.pending).toBe(2));
    clock.advance(10_000);
    await rig.device.backendReady;
    expect(events).toEqual([
      { kind: 'unavailable', message: 'No worker could be started: it did not start within 10 s.' },
    ]);
    expect(request(rig, { id: session(rig) }).completed).toBe(true);
  });

  test('where memory to share is refused, too', async () => {
    shared.refuse();
    const { rig, events } = await up();
    expect(events).toEqual([{ kind: 'unavailable', message: 'could not allocate memory' }]);
    expect(request(rig, { id: session(rig) }).completed).toBe(true);
  });

  test('a device saved with requests in flight and more in its ring: they are done there, these where it is restored', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    shared.hang(1);
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    const clock = new FakeClock();
    const to = moved(rig, { backend: 'workers', workers: 2, queueSize: 1024, clock }, false);
    rigs.push(to);
    const done = (to.data.usedIdx - before) & 0xffff;
    expect(done).toBeGreaterThanOrEqual(SLOTS_MAX);
    expect(done).toBeLessThan(PLACES);
    const there = new Flight(to);
    for (const place of numbers(PLACES)) {
      if (place < done) there.expectDone(place);
      else there.expectUntouched(place);
    }
    await to.device.backendReady;
    clock.advance(1);
    await there.used(before, PLACES);
    for (const place of numbers(PLACES)) there.expectDone(place);
  });

  test('a device that was only saved goes on with what waited in its ring', async () => {
    const { rig, clock, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.save();
    clock.advance(1);
    await flight.used(before, PLACES);
    for (const place of numbers(PLACES)) flight.expectDone(place);
  });

  test('keys stand in the memory that workers share while their sessions are open, and are wiped when these close', async () => {
    const { rig, flight } = await up({ maxSessions: 8 });
    const keys = numbers(4).map((i) => noise(16, 9000 + i));
    const held = () => keys.map((key) => shared.holds(key));
    const ids = keys.map((key) => session(rig, { key }));
    let before = rig.data.usedIdx;
    for (const place of numbers(64)) flight.offer(place, ids[place % 4] ?? 0n);
    rig.device.notify(0);
    await flight.used(before, 64);
    expect(held()).toEqual([true, true, true, true]);
    expect(closeSession(rig, ids[1] ?? 0n).status).toBe(CRYPTO_OK);
    expect(held()).toEqual([true, false, true, true]);

    // With a request in flight, the key goes with that.
    before = rig.data.usedIdx;
    shared.hang(2);
    for (const place of numbers(2)) flight.offer(place, ids[2] ?? 0n);
    rig.device.notify(0);
    expect(closeSession(rig, ids[2] ?? 0n).status).toBe(CRYPTO_OK);
    expect(held()).toEqual([true, false, true, true]);
    rig.device.settle();
    flight.expectDone(0, undefined, keys[2]);
    flight.expectDone(1, undefined, keys[2]);

    rig.device.reset();
    expect([held()[0], held()[3]]).toEqual([false, false]);
  });

  test('nothing of keys and contents is left when the device was disposed of', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(64)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, 64);
    const { bytes } = shared;
    expect(shared.holds(KEY)).toBe(true);
    for (const place of numbers(64)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.dispose();
    await eventually(() => expect(bytes.subarray(65536).every((byte) => byte === 0)).toBe(true));
  });

  test('what is posted while this thread still listens for what was completed otherwise has its deadline, too', async () => {
    const { rig, clock, flight, id } = await up();
    const before = rig.data.usedIdx;
    flight.offer(0, id);
    rig.device.notify(0);
    rig.device.settle();
    clock.advance(1);
    flight.offer(1, id);
    rig.device.notify(0);
    expect(clock.pending).toBe(1);
    await flight.used(before, 2);
    flight.expectDone(1);
  });

  test('an idle device waits for nothing: no timer is left, and nobody listens', async () => {
    const { rig, clock, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(100)) flight.offer(place, id);
    rig.device.notify(0);
    expect(clock.pending).toBe(1);
    await flight.used(before, 100);
    await turn(20);
    expect(clock.pending).toBe(0);
    const waits = vi.spyOn(Atomics, 'waitAsync');
    await turn(50);
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
  });
});

test('a Node process ends while its device has workers', async () => {
  const script = `
    import { createBench } from './dist/src/testing/index.js';
    const bench = await createBench({ backend: 'workers', workers: 2 });
    const [key, iv, data] = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(65536)];
    const results = await Promise.all(
      Array.from({ length: 16 }, () => bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data })),
    );
    console.log(results.filter(({ status }) => status === 'ok').length, bench.device.statistics().elsewhere.workers);
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect({ stdout, stderr }).toEqual({ stdout: '16 16\n', stderr: '' });
});
