// 2.6.1.1.1: the reset of a queue is of that queue alone, also where its records and those of another queue share the slots of workers.
import { expect, test } from 'vitest';
import { createBench } from '../../src/testing/bench.ts';
import { turn } from '../support/flight.ts';

const LARGE = 500 * 1024;

/** Keeps this thread busy: workers go on, and nobody hears of what they finish. */
function spin(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test('2.6.1.1.1 with IN_ORDER, a queue is reset while it and another one have all slots of the workers', async () => {
  const bench = await createBench({
    backend: 'workers',
    workers: 1,
    dataQueues: 2,
    queueSize: 256,
    memoryBytes: 256 * 1024 * 1024,
    driver: { inOrder: true },
  });
  const { driver, device } = bench;
  const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', new Uint8Array(16));
  const request = (queue: number, bytes: number, session = id) =>
    driver
      .cipherInSession(session, {
        algorithm: 'aes-cbc',
        direction: 'encrypt',
        iv: new Uint8Array(16),
        data: new Uint8Array(bytes),
        queue,
        hold: true,
      })
      .then(
        ({ status }) => status,
        () => 'reset',
      );
  const unknown = id + 1n;
  /** Answered at once with INVSESS, and kept for its turn. */
  const refused = (queue: number) => request(queue, 16, unknown);
  const takenAtOnce = async () => {
    const before = device.positions(1).nextAvail;
    const all = Array.from({ length: 100 }, () => request(1, 4096));
    driver.notify(1);
    const taken = device.positions(1).nextAvail - before;
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ok']));
    return taken;
  };
  expect(await takenAtOnce()).toBe(64);
  for (let round = 0; round < 4; round++) {
    const other = Array.from({ length: 30 }, () => request(1, LARGE));
    driver.notify(1);
    const own = [
      ...Array.from({ length: 8 }, () => request(0, LARGE)),
      ...Array.from({ length: 26 }, () => refused(0)),
    ];
    driver.notify(0);
    // All slots are taken: these wait in their ring.
    const waiting = Array.from({ length: 20 }, (_, i) => (i % 2 ? refused(1) : request(1, LARGE)));
    driver.notify(1);
    spin(12);
    driver.resetQueue(0);
    const anew = Array.from({ length: 20 }, () => request(0, LARGE));
    driver.notify(0);
    expect(await Promise.all(other)).toEqual(other.map(() => 'ok'));
    expect(await Promise.all(waiting)).toEqual(waiting.map((_, i) => (i % 2 ? 'invsess' : 'ok')));
    expect(await Promise.all(anew)).toEqual(anew.map(() => 'ok'));
    expect(await Promise.all(own)).toEqual(own.map(() => 'reset'));
  }
  // Jobs that were dropped while a worker had them give their slots back when it has finished them.
  await turn(100);
  expect(await takenAtOnce()).toBe(64);
  await bench.dispose();
});
