import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { FAULT_DESCRIPTOR_LOOP } from '../../spec/engine.ts';
import { DESC_F_NEXT } from '../../spec/virtio.ts';
import type { SaveOptions } from '../../src/device/contract.ts';
import type { LimitOptions } from '../../src/device/limits.ts';
import { StateError } from '../../src/device/state.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { contains, noise } from '../support/memory.ts';
import { moved } from '../support/moved.ts';
import {
  AT,
  closeSession,
  expectWorks,
  expectWorksAfterReset,
  IV,
  KEY,
  prepare,
  reference,
  request,
  session,
} from '../support/requests.ts';
import { EVENT_IDX, INDIRECT, NEEDS_RESET, PackedRig, RIGS, Rig, UP, VERSION_1 } from '../support/rig.ts';

describe.each(RIGS)('a device with a %s ring that is saved and restored elsewhere', (_, makeRig) => {
  test.each([true, false])(
    'goes on where it was, with its sessions (RAM restored before the device: %s)',
    (ramFirst) => {
      const from = makeRig({});
      const keys = [16, 24, 32].map((bytes) => noise(bytes, bytes));
      const ids = keys.map((key) => session(from, { key }));
      for (const id of ids) expect(request(from, { id }).status).toBe(crypto.CRYPTO_OK);
      const to = moved(from, {}, ramFirst);
      expect(to.device.status).toBe(UP);
      expect(to.device.sessionCount).toBe(3);
      const source = noise(64, 2);
      for (const [i, id] of ids.entries()) {
        expect(request(to, { id, source })).toEqual({ completed: true, status: crypto.CRYPTO_OK, written: 65 });
        expect(to.read(AT.destination, 64)).toEqual(reference('encrypt', keys[i] ?? KEY, IV, source));
      }
      expect(to.data.usedIdx).toBe(6);
      expectWorks(to);
    },
  );

  test('decrypts in a session that was made for it', () => {
    const from = makeRig({});
    const id = session(from, { direction: 'decrypt' });
    const to = moved(from);
    expect(request(to, { id, direction: 'decrypt', source: noise(256, 3) }).status).toBe(crypto.CRYPTO_OK);
    expect(to.read(AT.destination, 256)).toEqual(reference('decrypt', KEY, IV, noise(256, 3)));
    expect(request(to, { id, direction: 'encrypt' }).status).toBe(crypto.CRYPTO_ERR);
  });

  test('runs what was available and not yet notified', () => {
    const from = makeRig({});
    const id = session(from);
    for (let i = 0; i < 5; i++) request(from, { id });
    from.data.describeChain(prepare(from, { id }));
    from.data.offer(0);
    const to = moved(from);
    expect(to.data.usedIdx).toBe(5);
    to.device.notify(0);
    expect(to.data.usedIdx).toBe(6);
    expect(to.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, noise(64, 13)));
  });
});

describe.each(RIGS)('a device with a %s ring that is saved without keys', (_, makeRig) => {
  const lost = () => {
    const from = makeRig({ maxSessions: 3 });
    const ids = [session(from), session(from, { direction: 'decrypt' })];
    for (const id of ids.slice(0, 1)) expect(request(from, { id }).status).toBe(crypto.CRYPTO_OK);
    const to = moved(from, { maxSessions: 3 }, true, { includeKeys: false });
    return { from, to, ids };
  };

  test('is so unless the caller asks for keys: nothing of them is in the state', () => {
    const { from } = lost();
    const key = Buffer.from(KEY).toString('hex');
    expect(JSON.stringify(from.device.save({ includeKeys: true }))).toContain(key);
    for (const state of [from.device.save(), from.device.save({}), from.device.save({ includeKeys: false })]) {
      const text = JSON.stringify(state);
      for (let at = 0; at + 8 <= key.length; at += 2) expect(text).not.toContain(key.slice(at, at + 8));
      expect(state.sessions.map((saved) => saved.key)).toEqual([null, null]);
    }
  });

  test('only true asks for them, and what is neither true nor false is refused', () => {
    const { device } = new Rig();
    for (const includeKeys of ['no', 1, 0, null]) {
      const options = { includeKeys } as unknown as SaveOptions;
      expect(() => device.save(options)).toThrow(new TypeError(`includeKeys is ${includeKeys}: give true or false.`));
    }
    expect(() => device.save(null as unknown as SaveOptions)).toThrow('options is null: give an object.');
  });

  test('goes on where it was, and answers every request in one of its sessions with INVSESS', () => {
    const { from, to, ids } = lost();
    expect(to.device.status).toBe(UP);
    expect(to.device.sessionCount).toBe(0);
    for (const id of ids) {
      for (const direction of ['encrypt', 'decrypt'] as const) {
        expect(request(to, { id, direction })).toMatchObject({ completed: true, status: crypto.CRYPTO_INVSESS });
      }
      expect(closeSession(to, id).status).toBe(crypto.CRYPTO_ERR);
    }
    expect(from.data.usedIdx).toBe(1);
    expect(to.data.usedIdx).toBe(5);
    expectWorks(to);
  });

  test('gives none of the ids out again, and has all places free', () => {
    const { to, ids } = lost();
    const more = [session(to), session(to), session(to)];
    expect(new Set([...ids, ...more]).size).toBe(5);
    for (const id of ids) expect(request(to, { id }).status).toBe(crypto.CRYPTO_INVSESS);
  });

  test('nor does it where the serial number is below theirs', () => {
    const rig = makeRig({});
    const state = rig.device.save();
    const parameters = Array<number>(14).fill(0);
    rig.device.restore({ ...state, sessions: [{ id: `${5n << 32n}`, parameters, key: null }], sessionSerial: 4 });
    expect(session(rig) >> 32n).toBe(6n);
  });

  test('loses them for good: saved and restored once more, with keys, they are not there', () => {
    const { to, ids } = lost();
    const again = moved(to, { maxSessions: 3 });
    expect(again.device.sessionCount).toBe(0);
    for (const id of ids) expect(request(again, { id }).status).toBe(crypto.CRYPTO_INVSESS);
  });
});

describe.each(RIGS)('a device with a %s ring that is saved while requests wait', (_, makeRig) => {
  const waiting = (limits: LimitOptions) => {
    const clock = new FakeClock();
    const from = makeRig({ clock, limits });
    const id = session(from);
    for (let i = 0; i < 5; i++) {
      from.data.describeIndirect(prepare(from, { id }), AT.table, i);
      from.data.offer(i);
    }
    from.device.notify(0);
    expect(from.data.usedIdx).toBe(1);
    return { from, id };
  };

  test.each([true, false])('completes them all elsewhere, from a timer (RAM restored first: %s)', (ramFirst) => {
    for (const limits of [{ requestsPerSecond: 10, burstRequests: 1 }, { bytesPerNotification: 1 }]) {
      const { from } = waiting(limits);
      const clock = new FakeClock();
      const to = moved(from, { limits, clock }, ramFirst);
      expect(to.data.usedIdx).toBe(1);
      to.interrupts = [];
      clock.advance(400);
      expect(to.data.usedIdx).toBe(5);
      expect(to.interrupts).toEqual(Array(4).fill({ kind: 'queue', queue: 0 }));
      expect(to.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, noise(64, 13)));
    }
  });

  test('keeps the throttle as full as it was', () => {
    const limits = { requestsPerSecond: 10, burstRequests: 1 };
    const { from } = waiting(limits);
    const clock = new FakeClock();
    clock.advance(12345);
    const to = moved(from, { limits, clock });
    clock.advance(99);
    expect(to.data.usedIdx).toBe(1);
    clock.advance(1);
    expect(to.data.usedIdx).toBe(2);
  });

  test('completes them at once where there is no throttle', () => {
    const { from } = waiting({ requestsPerSecond: 1, burstRequests: 1 });
    const clock = new FakeClock();
    const to = moved(from, { clock });
    clock.advance(0);
    expect(to.data.usedIdx).toBe(5);
  });

  test('completes them with INVSESS where the keys were not saved', () => {
    const { from } = waiting({ bytesPerNotification: 1 });
    const clock = new FakeClock();
    const to = moved(from, { clock }, true, { includeKeys: false });
    clock.advance(0);
    expect(to.data.usedIdx).toBe(5);
    expect(to.data.usedElement(4)).toEqual({ id: 4, len: 0 });
    expect(to.read(AT.status, 1)[0]).toBe(crypto.CRYPTO_INVSESS);
  });

  test('saves as much once more, and the same', () => {
    const limits = { requestsPerSecond: 10, burstRequests: 1 };
    const { from } = waiting(limits);
    const to = moved(from, { limits, clock: new FakeClock() });
    expect(to.device.save({ includeKeys: true })).toEqual(from.device.save({ includeKeys: true }));
  });

  test('leaves no timer behind in a device that cannot go on', () => {
    const { from } = waiting({ bytesPerNotification: 1 });
    const state = from.device.save();
    for (const change of [
      { status: UP | NEEDS_RESET, fault: FAULT_DESCRIPTOR_LOOP },
      { status: UP & ~4 },
      { queues: state.queues.map((queue) => ({ ...queue, enabled: false })) },
      { queues: state.queues.map((queue) => ({ ...queue, desc: '1' })) },
    ]) {
      const clock = new FakeClock();
      const to = makeRig({ clock, start: false });
      to.device.restore({ ...state, ...change });
      expect(clock.pending).toBe(0);
    }
  });
});

describe('a device that is saved and restored elsewhere', () => {
  test('goes on past the wrap of the indices, with EVENT_IDX', () => {
    const from = new Rig({ features: VERSION_1 | INDIRECT | EVENT_IDX });
    const id = session(from);
    from.data.describeChain(prepare(from, { id }));
    for (let i = 0; i < 65530; i++) {
      from.data.offer(0);
      if (i % 64 === 63 || i === 65529) from.device.notify(0);
    }
    expect(from.data.usedIdx).toBe(65530);
    const to = moved(from);
    to.data.setUsedEvent(3);
    for (let i = 0; i < 10; i++) to.data.offer(0);
    to.interrupts = [];
    to.device.notify(0);
    expect(to.data.usedIdx).toBe(4);
    expect(to.data.availEvent).toBe(4);
    expect(to.interrupts).toEqual([{ kind: 'queue', queue: 0 }]);
  });

  test('2.8.1 goes on in the second round of a packed ring, with the wrap counters', () => {
    const from = new PackedRig({ ringSize: 7, queueSize: 7 });
    const id = session(from);
    for (let i = 0; i < 2; i++) expect(request(from, { id }).status).toBe(crypto.CRYPTO_OK);
    expect([from.data.place, from.data.wrap]).toEqual([3, 0]);
    const to = moved(from, { ringSize: 7, queueSize: 7 });
    for (let i = 0; i < 10; i++) expect(request(to, { id }).status).toBe(crypto.CRYPTO_OK);
    expectWorks(to);
  });

  test('2.8 a place beyond the end of a packed ring is refused', () => {
    for (const indices of [7, 7 << 16, 0xffff, 0x7fff0000]) {
      const rig = new PackedRig({ ringSize: 7, queueSize: 7 });
      const state = rig.device.save();
      const queues = state.queues.map((queue) => ({ ...queue, indices }));
      expect(() => rig.device.restore({ ...state, queues })).toThrow(
        new StateError('The saved state is damaged: queue 0 stands beyond the end of its ring.'),
      );
      expect(rig.device.status).toBe(0);
      expectWorksAfterReset(rig);
    }
  });

  test('works, and is saved and restored, above 2 GiB of memory', () => {
    const regions = [{ guestAddress: 0, bytes: 2 ** 31, offset: 65536 }];
    const from = new Rig({ regions });
    expect(from.engine.start).toBeGreaterThan(2 ** 31);
    const id = session(from);
    const to = moved(from, { regions });
    expect(request(to, { id, source: noise(64, 2) }).status).toBe(crypto.CRYPTO_OK);
    expect(to.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, noise(64, 2)));
    expectWorks(to);
  });

  test('gives no id out that was given out before', () => {
    const from = new Rig();
    const ids = [session(from), session(from)];
    closeSession(from, ids[0] ?? 0n);
    const to = moved(from);
    expect(closeSession(to, ids[0] ?? 0n).status).toBe(crypto.CRYPTO_ERR);
    const more = [session(to), session(to), session(to)];
    expect(new Set([...ids, ...more]).size).toBe(5);
    expect(closeSession(to, ids[1] ?? 0n).status).toBe(crypto.CRYPTO_OK);
  });

  test('keeps a full table full, in any order of closing before', () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ]) {
      for (let kept = 0; kept <= 4; kept++) {
        const from = new Rig({ maxSessions: 4 });
        const ids = [session(from), session(from), session(from), session(from)];
        for (const i of order.slice(kept)) closeSession(from, ids[i] ?? 0n);
        const to = moved(from, { maxSessions: 4 });
        expect(to.device.sessionCount).toBe(kept);
        for (let i = kept; i < 4; i++) session(to);
        expect(to.device.sessionCount).toBe(4);
        for (const i of order.slice(0, kept)) expect(closeSession(to, ids[i] ?? 0n).status).toBe(crypto.CRYPTO_OK);
      }
    }
  });

  test('2.1.2 stays broken if it was, for the same reason, until a reset', () => {
    const from = new Rig();
    from.data.describe(0, { address: AT.free, bytes: 1, flags: DESC_F_NEXT, next: 0 });
    from.data.offer(0);
    from.device.notify(0);
    const to = moved(from);
    expect(to.device.status).toBe(UP | NEEDS_RESET);
    expect(to.device.fault).toEqual(from.device.fault);
    expect(to.device.fault?.code).toBe(FAULT_DESCRIPTOR_LOOP);
    expectWorksAfterReset(to);
  });

  test('keeps HW_READY and the generation', () => {
    const from = new Rig();
    from.device.setHardwareReady(false);
    const to = moved(from);
    expect(to.device.config.hardwareReady).toBe(false);
    expect(to.device.config.generation).toBe(from.device.config.generation);
  });

  test('in the middle of its initialisation goes on there', () => {
    const from = new Rig({ start: false });
    from.negotiate();
    const to = moved(from);
    expect(to.device.driverFeatures).toBe(from.features);
    to.enableQueues();
    to.device.writeStatus(UP);
    expectWorks(to);
  });

  test('saving changes nothing, and twice gives the same', () => {
    const rig = new Rig();
    session(rig);
    const snapshot = rig.snapshot();
    expect(rig.device.save()).toEqual(rig.device.save());
    expect(snapshot.changes()).toEqual([]);
    expectWorks(rig);
  });

  test('restoring into a device that is at work drops what it had', () => {
    const from = new Rig();
    const id = session(from);
    const to = new Rig();
    const lost = session(to, { key: noise(16, 99) });
    session(to, { key: noise(16, 98) });
    to.write(0, from.read(0, 1024 * 1024));
    to.device.restore(from.device.save({ includeKeys: true }));
    to.control.availIdx = from.control.availIdx;
    to.data.availIdx = from.data.availIdx;
    expect(to.device.sessionCount).toBe(1);
    expect(contains(to.memory, to.engine, noise(16, 98))).toBe(false);
    expect(request(to, { id }).status).toBe(crypto.CRYPTO_OK);
    if (lost !== id) expect(closeSession(to, lost).status).toBe(crypto.CRYPTO_ERR);
  });
});
