import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CRYPTO_INVSESS } from '../../spec/crypto.ts';
import type { LimitOptions } from '../../src/device/limits.ts';
import { authOperation } from '../../src/driver/operations.ts';
import { createBench } from '../../src/testing/bench.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorks, IV, KEY, openSession, prepare, reference, session } from '../support/requests.ts';
import { type AnyRig, EVENT_IDX, INDIRECT, RIGS, type RigOptions, UP, VERSION_1 } from '../support/rig.ts';

const MIB = 1024 * 1024;

describe.each(RIGS)('with a %s ring', (ring, makeRig) => {
  const BYTES = 64;
  /** What the device reads of such a request: IV and source. */
  const CONTENT = BYTES + IV.length;
  const setUp = (limits: LimitOptions, options: RigOptions = {}) => {
    const clock = new FakeClock();
    const rig = makeRig({ limits, clock, ...options });
    const id = session(rig);
    const offer = (count: number, source = noise(BYTES, 13)) => {
      for (let i = 0; i < count; i++) {
        rig.data.describeIndirect(prepare(rig, { id, source }), AT.table, i);
        rig.data.offer(i);
      }
    };
    return { clock, rig, id, offer };
  };

  describe('limits.requestsPerSecond', () => {
    test('lets a burst through at once and the rest at the rate: none is lost, all in order', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 4 });
      offer(10);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(4);
      const done = Array.from({ length: 7 }, () => {
        clock.advance(100);
        return rig.data.usedIdx;
      });
      expect(done).toEqual([5, 6, 7, 8, 9, 10, 10]);
      expect(Array.from({ length: 10 }, (_, i) => rig.data.usedElement(i))).toEqual(
        Array.from({ length: 10 }, (_, id) => ({ id, len: BYTES + 1 })),
      );
      expect(rig.read(AT.destination, BYTES)).toEqual(reference('encrypt', KEY, IV, noise(BYTES, 13)));
      expect(clock.pending).toBe(0);
    });

    test('interrupts the driver for what was done later as for what was done at once', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 1 });
      offer(3);
      rig.device.notify(0);
      clock.advance(1000);
      expect(rig.interrupts.slice(-3)).toEqual(Array(3).fill({ kind: 'queue', queue: 0 }));
      expect(rig.data.usedIdx).toBe(3);
    });

    test('holds back nothing for longer than the rate says, however often the driver notifies', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 100, burstRequests: 1 });
      offer(50);
      for (let i = 0; i < 1000; i++) {
        rig.device.notify(0);
        clock.advance(0.1);
      }
      expect(rig.data.usedIdx).toBe(10);
      expect(clock.pending).toBe(1);
      clock.advance(400);
      expect(rig.data.usedIdx).toBe(50);
    });

    test('lets no more than a burst through after any pause', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 1000, burstRequests: 3 });
      clock.advance(1e6);
      offer(20);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(3);
    });

    test('takes what became available while it waited', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 2 });
      offer(3);
      rig.device.notify(0);
      offer(2);
      clock.advance(300);
      expect(rig.data.usedIdx).toBe(5);
    });

    test('2.7.10, 2.8.10 needs no notification to go on, with EVENT_IDX, and asks for the one after it', () => {
      const features = VERSION_1 | INDIRECT | EVENT_IDX;
      const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 2 }, { features });
      offer(6);
      rig.device.notify(0);
      clock.advance(400);
      expect(rig.data.usedIdx).toBe(6);
      expectWorksWithin(rig, clock);
    });

    test('counts a failed request as any other', () => {
      const { clock, rig } = setUp({ requestsPerSecond: 10, burstRequests: 1 });
      for (let i = 0; i < 3; i++) {
        rig.data.describeIndirect(prepare(rig, { id: 99n }), AT.table, i);
        rig.data.offer(i);
      }
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
      clock.advance(200);
      expect(rig.data.usedIdx).toBe(3);
      expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_INVSESS);
    });

    test('leaves the control queue alone', () => {
      const { rig, offer } = setUp({ requestsPerSecond: 1, burstRequests: 1 });
      offer(5);
      rig.device.notify(0);
      for (let i = 0; i < 3; i++) session(rig);
      expect(rig.device.sessionCount).toBe(4);
    });

    test('sets DEVICE_NEEDS_RESET for a malformed chain when its turn comes, and no timer is left', () => {
      const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 1 });
      offer(2);
      rig.data.describeChain([{ address: 2n ** 40n, bytes: 1 }], 2);
      rig.data.offer(2);
      rig.device.notify(0);
      clock.advance(100);
      expect(rig.needsReset).toBe(false);
      clock.advance(100);
      expect(rig.needsReset).toBe(true);
      expect(rig.data.usedIdx).toBe(2);
      expect(clock.pending).toBe(0);
    });
  });

  describe('limits.bytesPerSecond', () => {
    test('begins nothing while the bucket is full, and counts what was begun whole', () => {
      const limits = { bytesPerSecond: 10 * CONTENT, burstBytes: CONTENT + 1 };
      const { clock, rig, offer } = setUp(limits);
      offer(5);
      rig.device.notify(0);
      // The second began with a byte of room.
      expect(rig.data.usedIdx).toBe(2);
      clock.advance(99);
      expect(rig.data.usedIdx).toBe(2);
      clock.advance(1);
      expect(rig.data.usedIdx).toBe(3);
      clock.advance(200);
      expect(rig.data.usedIdx).toBe(5);
    });

    test('does a request that is larger than any burst', () => {
      const { clock, rig, offer } = setUp({ bytesPerSecond: 16, burstBytes: 1 });
      offer(2, noise(4096, 5));
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
      clock.advance(((4096 + 16) / 16) * 1000);
      expect(rig.data.usedIdx).toBe(2);
    });

    test('holds beside requestsPerSecond: the slower one counts', () => {
      const limits = { requestsPerSecond: 1000, burstRequests: 1000, bytesPerSecond: CONTENT, burstBytes: 1 };
      const { clock, rig, offer } = setUp(limits);
      offer(3);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
      clock.advance(1000);
      expect(rig.data.usedIdx).toBe(2);
    });
  });

  test('queues that wait take turns', () => {
    const { clock, rig, offer } = setUp({ requestsPerSecond: 10, burstRequests: 1 }, { dataQueues: 2 });
    const first = rig.data;
    const second = rig.ringAt(0x8000, 64);
    rig.enable(1, second);
    offer(4);
    rig.device.notify(0);
    rig.data = second;
    offer(4);
    rig.device.notify(1);
    expect([first.usedIdx, second.usedIdx]).toEqual([1, 0]);
    clock.advance(200);
    expect([first.usedIdx, second.usedIdx]).toEqual([2, 1]);
    clock.advance(200);
    expect([first.usedIdx, second.usedIdx]).toEqual([3, 2]);
    clock.advance(1000);
    expect([first.usedIdx, second.usedIdx]).toEqual([4, 4]);
    expect(clock.pending).toBe(0);
  });

  describe('limits.bytesPerNotification', () => {
    test('ends a notification, and the rest goes on at once after it', () => {
      const { clock, rig, offer } = setUp({ bytesPerNotification: 3 * CONTENT });
      offer(8);
      rig.device.notify(0);
      const atOnce = rig.data.usedIdx;
      expect(atOnce).toBeGreaterThan(0);
      expect(atOnce).toBeLessThanOrEqual(3);
      expect(clock.next).toBe(0);
      clock.advance(0);
      expect(rig.data.usedIdx).toBe(8);
      expect(clock.pending).toBe(0);
    });

    test('of one byte does one request at a time', () => {
      const { rig, offer } = setUp({ bytesPerNotification: 1 });
      offer(2);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
    });

    test('is kept by descriptors that carry nothing', () => {
      const { clock, rig, id } = setUp({ bytesPerNotification: 4096 });
      const empty = Array.from({ length: 500 }, () => ({ address: 0, bytes: 0 }));
      rig.data.describeIndirect([...empty, ...prepare(rig, { id, source: noise(16) })], AT.table, 0);
      for (let i = 0; i < 5; i++) rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(1);
      clock.advance(0);
      expect(rig.data.usedIdx).toBe(5);
    });

    test('is kept by requests that carry nothing and squeeze much out of SHAKE', async () => {
      const clock = new FakeClock();
      const bench = await createBench({
        ring,
        clock,
        limits: { bytesPerNotification: 64 * 1024 },
        memoryBytes: 4 * MIB,
      });
      const { driver, device } = bench;
      const length = 30_000;
      const parameters = { service: 'hash', algorithm: 'shake256', length } as const;
      const { id } = await driver.createSession(parameters);
      const mode = { revision1: false, statelessLayout: false, session: id };
      const operation = authOperation(parameters, new Uint8Array(), length, mode);
      const results = Array.from({ length: 7 }, () => driver.submit({ queue: 0, ...operation, hold: true }));
      driver.notify(0);
      expect(device.requests(0)).toBe(3);
      clock.advance(0);
      expect(device.requests(0)).toBe(7);
      expect(device.statistics().services.hash).toMatchObject({ requests: 7, bytes: 7 * length });
      const expected = createHash('shake256', { outputLength: length }).digest();
      for (const { writable } of await Promise.all(results)) expect(expected.equals(writable[0] ?? IV)).toBe(true);
      await bench.dispose();
    });

    test('holds for the control queue too', () => {
      const { clock, rig } = setUp({ bytesPerNotification: 1 });
      const before = rig.control.usedIdx;
      openSession(rig);
      rig.control.offer(0);
      rig.control.offer(0);
      rig.device.notify(rig.controlIndex);
      expect(rig.control.usedIdx).toBe(before + 2);
      clock.advance(0);
      expect(rig.control.usedIdx).toBe(before + 3);
    });

    test('is 64 MiB where nothing is said: a full queue of common requests is done at once', () => {
      const { clock, rig, offer } = setUp({});
      offer(60);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(60);
      expect(clock.pending).toBe(0);
    });
  });

  describe('what waits is dropped, and its timer with it,', () => {
    const limits = { requestsPerSecond: 10, burstRequests: 1 };
    const waiting = (options: RigOptions = {}) => {
      const made = setUp(limits, options);
      made.offer(5);
      made.rig.device.notify(0);
      expect(made.clock.pending).toBe(1);
      return made;
    };
    const expectNothingHappens = (rig: AnyRig, clock: FakeClock) => {
      expect(clock.pending).toBe(0);
      rig.interrupts = [];
      const before = rig.snapshot();
      clock.advance(10_000);
      expect(before.changes()).toEqual([]);
      expect(rig.interrupts).toEqual([]);
    };

    test('2.4 by a reset', () => {
      const { rig, clock } = waiting();
      rig.device.writeStatus(0);
      expectNothingHappens(rig, clock);
      rig.bringUp();
      expectWorksWithin(rig, clock);
    });

    test('2.6.1 by the reset of its queue', () => {
      const { rig, clock } = waiting();
      rig.device.resetQueue(0);
      expectNothingHappens(rig, clock);
      rig.enable(0, rig.data);
      expectWorksWithin(rig, clock);
    });

    test('by dispose and by removal', () => {
      for (const end of ['dispose', 'remove'] as const) {
        const { rig, clock } = waiting();
        rig.device[end]();
        expectNothingHappens(rig, clock);
      }
    });

    test('2.1.2 by a fault on another queue', () => {
      const { rig, clock } = waiting();
      rig.control.describeChain([{ address: 2n ** 40n, bytes: 1 }]);
      rig.control.offer(0);
      rig.device.notify(rig.controlIndex);
      expect(rig.needsReset).toBe(true);
      expectNothingHappens(rig, clock);
    });

    test('3.1.1 by a driver that takes DRIVER_OK back, and is found again when it is set', () => {
      const { rig, clock } = waiting();
      rig.device.writeStatus(UP & ~4);
      expectNothingHappens(rig, clock);
      rig.device.writeStatus(UP);
      clock.advance(1000);
      expect(rig.data.usedIdx).toBe(5);
    });

    test('but not by the reset of another queue', () => {
      const { rig, clock } = waiting();
      rig.device.resetQueue(rig.controlIndex);
      clock.advance(400);
      expect(rig.data.usedIdx).toBe(5);
    });
  });
});

/** The device does what it is there for, though not at once. */
function expectWorksWithin(rig: AnyRig, clock: FakeClock): void {
  clock.advance(1000);
  expectWorks(rig);
}

describe("by the host's clock", () => {
  test.each(['split', 'packed'] as const)('completes what a %s ring held back', async (ring) => {
    const limits = { requestsPerSecond: 200, burstRequests: 2 };
    const bench = await createBench({ ring, limits, memoryBytes: MIB });
    const data = noise(64);
    const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data } as const;
    const results = await Promise.all(Array.from({ length: 10 }, () => bench.driver.cipher(cipher)));
    for (const result of results) expect(result).toEqual({ status: 'ok', data: reference('encrypt', KEY, IV, data) });
    await bench.dispose();
  });
});
