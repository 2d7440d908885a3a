// save() answers what restore() takes, whatever the guest did before, and no request that the driver has notified of is lost between them.
import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { moved } from '../support/moved.ts';
import { AT, expectWorks, prepare, request, session, UNWRITTEN } from '../support/requests.ts';
import { type AnyRig, feature, PACKED, RIGS, Rig, UP, VERSION_1 } from '../support/rig.ts';

const WITHOUT_DRIVER_OK = UP & ~virtio.STATUS_DRIVER_OK;

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  /** Offers a request that an observer holds back. */
  function held(rig: AnyRig): void {
    rig.device.observe({ beforeQueue: (queue) => (queue === 0 ? 0 : 0xffff), afterQueue: () => {} });
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.read(AT.status, 1)[0]).toBe(UNWRITTEN);
  }

  test('a request that an observer held back goes on in a device that nobody observes', () => {
    const from = makeRig({});
    held(from);
    const clock = new FakeClock();
    const to = moved(from, { clock });
    clock.advance(0);
    expect(to.data.usedIdx).toBe(1);
    expect(to.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    expect(clock.pending).toBe(0);
  });

  test('a request that an observer held back goes on when the observer is taken away', () => {
    const clock = new FakeClock();
    const rig = makeRig({ clock });
    held(rig);
    rig.device.observe(undefined);
    clock.advance(0);
    expect(rig.data.usedIdx).toBe(1);
  });

  test('of several requests an observer may let some pass: the rest is on record as held', () => {
    const clock = new FakeClock();
    const rig = makeRig({ clock });
    const chain = prepare(rig, { id: session(rig) });
    for (const head of [0, 5, 10]) rig.data.describeChain(chain, head);
    for (const head of [0, 5, 10]) rig.data.offer(head);
    rig.device.observe({ beforeQueue: () => 1, afterQueue: () => {} });
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(1);
    expect(rig.device.save().queues[0]?.held).toBe(true);
    rig.device.observe(undefined);
    clock.advance(0);
    expect(rig.data.usedIdx).toBe(3);
  });

  test('FEATURES_OK holds until the reset: other features are not agreed on meanwhile [2.2.2-3]', () => {
    const rig = makeRig({ offer: { packed: true }, features: VERSION_1 });
    const before = rig.device.driverFeatures;
    rig.device.writeStatus(virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER);
    expect(rig.device.status & virtio.STATUS_FEATURES_OK).toBe(virtio.STATUS_FEATURES_OK);
    rig.device.writeDriverFeatures(1, Number((before ^ PACKED) >> 32n));
    rig.device.writeStatus(UP);
    expect(rig.device.driverFeatures).toBe(before);
    for (let i = 0; i < 100; i++) expect(request(rig, { id: 99n }).completed).toBe(true);
    rig.device.restore(rig.device.save());
    expectWorks(rig);
  });

  test('a device whose driver took DRIVER_OK back is restored as such', () => {
    const from = makeRig({});
    from.device.writeStatus(WITHOUT_DRIVER_OK);
    const to = moved(from);
    expect(to.device.status).toBe(WITHOUT_DRIVER_OK);
    to.device.writeStatus(UP);
    expectWorks(to);
  });
});

test('3.1.1 a queue cannot be enabled before FEATURES_OK: how it works is not agreed on yet', () => {
  const rig = new Rig({ start: false, offer: { packed: true } });
  rig.device.writeStatus(virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER);
  rig.enableQueues();
  expect(rig.device.queues.map(({ enabled }) => enabled)).toEqual([false, false]);
  rig.bringUp(VERSION_1 | feature(virtio.F_RING_PACKED));
  expect(rig.device.queues.map(({ enabled }) => enabled)).toEqual([true, true]);
});

test('sessions come back in any order, and closed ones between them leave no trace', () => {
  const capacity = 64;
  const from = new Rig({ maxSessions: capacity });
  for (let i = 0; i < capacity; i++) session(from);
  const state = from.device.save({ includeKeys: true });
  const kept = state.sessions.filter((_, i) => i % 3 !== 0);
  for (const sessions of [
    kept,
    kept.toReversed(),
    kept.toSorted((a, b) => (BigInt(a.id) % 7n < BigInt(b.id) % 7n ? 1 : -1)),
  ]) {
    const to = new Rig({ maxSessions: capacity });
    to.device.restore({ ...state, sessions });
    expect(new Set(to.device.sessions().map(({ id }) => id))).toEqual(new Set(kept.map(({ id }) => id)));
    expect(to.device.sessionCount).toBe(kept.length);
  }
});
