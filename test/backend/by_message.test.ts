// Workers in a browser without Atomics.waitAsync: they send a message when they have finished something. No timer helps here, for the
// clock stands still.
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { FINISHED_MESSAGE } from '../../src/backend/workers/control.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { Flight, numbers, turn } from '../support/flight.ts';
import { PATIENCE } from '../support/patience.ts';
import { session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';

const { waitAsync } = Atomics;
const workers: Worker[] = [];
/** What workers sent by themselves, beside their answers to calls. */
let messages: unknown[] = [];
const remember = (worker: Worker) => {
  workers.push(worker);
  worker.on('message', (message: unknown) => typeof message === 'string' && messages.push(message));
};

beforeEach(() => {
  Reflect.deleteProperty(Atomics, 'waitAsync');
  process.on('worker', remember);
});

afterEach(() => {
  Reflect.set(Atomics, 'waitAsync', waitAsync);
  process.off('worker', remember);
  workers.length = 0;
  messages = [];
});

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  async function up() {
    const clock = new FakeClock();
    const events: BackendEvent[] = [];
    const onBackendEvent = (event: BackendEvent) => events.push(event);
    const rig = makeRig({ backend: 'workers', workers: 2, queueSize: 1024, clock, onBackendEvent });
    rigs.push(rig);
    await rig.device.backendReady;
    return { rig, clock, events, flight: new Flight(rig), id: session(rig) };
  }

  test('requests are done by workers, time and again', async () => {
    expect('waitAsync' in Atomics).toBe(false);
    const { rig, events, flight, id } = await up();
    for (const _ of numbers(5)) {
      const before = rig.data.usedIdx;
      for (const place of numbers(100)) flight.offer(place, id);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(before);
      await flight.used(before, 100);
      for (const place of numbers(100)) flight.expectDone(place);
    }
    expect(rig.device.statistics().elsewhere.workers).toBe(500);
    expect(events).toEqual([]);
  });

  test('a device that is idle is sent nothing, and one that listens a message for each time', async () => {
    const { rig, flight, id } = await up();
    for (const round of numbers(20)) {
      const before = rig.data.usedIdx;
      flight.offer(0, id);
      rig.device.notify(0);
      await flight.used(before, 1);
      await turn(5);
      expect(messages.length).toBeLessThanOrEqual(round + 1);
    }
    expect(messages).toContain('finished');
  });

  test('a worker that ends while it is listened to costs no request', async () => {
    const { rig, events, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(100)) flight.offer(place, id);
    rig.device.notify(0);
    await workers[0]?.terminate();
    await flight.used(before, 100);
    for (const place of numbers(100)) flight.expectDone(place);
    await vi.waitFor(() => expect(workers.length).toBe(3), PATIENCE);
    expect(events).toEqual([expect.objectContaining({ kind: 'worker-lost' })]);
  });

  test('a message that gets lost delays requests until their deadline, not for ever', async () => {
    const { rig, clock, events, flight, id } = await up();
    let before = rig.data.usedIdx;
    for (const worker of workers) {
      const emit = worker.emit.bind(worker);
      vi.spyOn(worker, 'emit').mockImplementation((event, ...rest: unknown[]) => {
        if (event !== 'message' || rest[0] !== FINISHED_MESSAGE) return emit(event, ...rest);
        messages.push(FINISHED_MESSAGE);
        return true;
      });
    }
    do {
      before = rig.data.usedIdx;
      flight.offer(0, id);
      rig.device.notify(0);
      await vi.waitFor(() => expect(messages.length > 0 || rig.data.usedIdx !== before).toBe(true), PATIENCE);
      // A worker that was done before the device listened has sent no message.
    } while (messages.length === 0);
    await turn(50);
    expect(rig.data.usedIdx).toBe(before);
    clock.advance(10_000);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(1);
    flight.expectDone(0);
    expect(events).toEqual([]);
  });

  test('a device that is disposed of hears of nothing more', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    for (const place of numbers(100)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.dispose();
    await turn(50);
    expect(rig.data.usedIdx).toBe(before);
    for (const place of numbers(100)) flight.expectUntouched(place);
  });
});
