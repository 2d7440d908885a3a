import { describe, expect, test } from 'vitest';
import { CRYPTO_INVSESS, CRYPTO_OK } from '../../spec/crypto.ts';
import { FAULT_AVAIL_INDEX } from '../../spec/engine.ts';
import {
  STATUS_ACKNOWLEDGE,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
} from '../../spec/virtio.ts';
import { expectWorks, expectWorksAfterReset, prepare, request, session } from '../support/requests.ts';
import { EVENT_IDX, feature, INDIRECT, NEEDS_RESET, Rig, UP, VERSION_1 } from '../support/rig.ts';

const unstarted = () => new Rig({ start: false });

describe('2.1 the device status field', () => {
  test('is 0 at first, and keeps each bit that the driver sets', () => {
    const { device } = unstarted();
    expect(device.status).toBe(0);
    device.writeStatus(STATUS_ACKNOWLEDGE);
    expect(device.status).toBe(STATUS_ACKNOWLEDGE);
    device.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    expect(device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    device.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FAILED);
    expect(device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FAILED);
  });

  test('shows no bit that the specification does not define', () => {
    const { device } = unstarted();
    device.writeStatus(0xff & ~(STATUS_FEATURES_OK | STATUS_DRIVER_OK));
    expect(device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FAILED);
  });

  test("DEVICE_NEEDS_RESET is the device's own: a driver neither sets nor clears it", () => {
    const rig = new Rig();
    rig.device.writeStatus(UP | NEEDS_RESET);
    expect(rig.device.status).toBe(UP);
    rig.data.setAvailIdx(1000);
    rig.device.notify(0);
    expect(rig.device.status).toBe(UP | NEEDS_RESET);
    rig.device.writeStatus(UP);
    expect(rig.device.status).toBe(UP | NEEDS_RESET);
  });
});

describe('2.2 feature negotiation', () => {
  const negotiated = (features: bigint): boolean => {
    const rig = unstarted();
    rig.negotiate(features);
    return (rig.device.status & STATUS_FEATURES_OK) !== 0;
  };

  test('6 the device offers VERSION_1, INDIRECT_DESC, EVENT_IDX, IN_ORDER, RING_RESET, SUSPEND and the layouts of its services [6.2-1]', () => {
    const offered =
      VERSION_1 | INDIRECT | EVENT_IDX | feature(35) | feature(40) | feature(43) | feature(0) | feature(1);
    expect(unstarted().device.offeredFeatures).toBe(offered);
  });

  test.each([VERSION_1, VERSION_1 | INDIRECT, VERSION_1 | EVENT_IDX, VERSION_1 | INDIRECT | EVENT_IDX])(
    '2.2.2 the subset 0x%x is accepted [2.2.2-2]',
    (features) => {
      expect(negotiated(features)).toBe(true);
      expectWorks(new Rig({ features }));
    },
  );

  test.each([0n, INDIRECT, EVENT_IDX, INDIRECT | EVENT_IDX])('6.2 0x%x, without VERSION_1, is refused', (features) => {
    expect(negotiated(features)).toBe(false);
  });

  test('2.2.2 every bit that was not offered is refused [2.2.2-3]', () => {
    for (let bit = 0; bit < 64; bit++) {
      // Not 1, the stateless mode of CIPHER: it needs REVISION_1 beside it (5.9.3.1).
      const offered = [0, 28, 29, 32, 35, 40, 43].includes(bit);
      expect(negotiated(VERSION_1 | feature(bit)), `bit ${bit}`).toBe(offered);
    }
  });

  test('2.2.2 after a refusal the driver may choose again', () => {
    const rig = unstarted();
    rig.negotiate(VERSION_1 | feature(41));
    expect(rig.device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    rig.device.writeDriverFeatures(1, 1);
    rig.device.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    expect(rig.device.status & STATUS_FEATURES_OK).toBe(STATUS_FEATURES_OK);
  });

  test('3.1.1 the driver must not change features once FEATURES_OK stands: the device ignores it', () => {
    const rig = unstarted();
    rig.negotiate(VERSION_1);
    rig.device.writeDriverFeatures(0, Number(EVENT_IDX));
    rig.device.writeDriverFeatures(1, 0);
    expect(rig.device.driverFeatures).toBe(VERSION_1);
  });

  test('4.1.4.3.1 feature words beyond the second do not exist', () => {
    const rig = unstarted();
    for (const word of [2, 3, 31, 0xffffffff]) rig.device.writeDriverFeatures(word, 0xffffffff);
    expect(rig.device.driverFeatures).toBe(0n);
  });

  test('2.2.2 a reset device accepts the same features again, and others [2.2.2-5]', () => {
    const rig = new Rig({ features: VERSION_1 | INDIRECT });
    for (const features of [VERSION_1 | INDIRECT, VERSION_1, VERSION_1 | EVENT_IDX | INDIRECT]) {
      rig.bringUp(features);
      expect(rig.device.status).toBe(UP);
      expect(rig.device.driverFeatures).toBe(features);
    }
  });
});

describe('DRIVER_OK', () => {
  test('3.1.1 is not kept without FEATURES_OK', () => {
    const { device } = unstarted();
    device.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK);
    expect(device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    device.writeStatus(UP);
    expect(device.status).toBe(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  });

  test('2.1.2 the device consumes no buffers before it, and those that stand in the rings once it is set [2.1.2-1]', () => {
    const rig = new Rig();
    rig.negotiate();
    rig.enableQueues();
    rig.interrupts = [];
    rig.data.describeChain(prepare(rig, { id: 99n }));
    rig.data.offer(0);
    const snapshot = rig.snapshot();
    rig.device.notify(0);
    expect(snapshot.changes()).toEqual([]);
    expect(rig.interrupts).toEqual([]);
    rig.device.writeStatus(UP);
    expect(rig.data.usedIdx).toBe(1);
    expect(rig.interrupts).toEqual([{ kind: 'queue', queue: 0 }]);
    expect(request(rig, { id: 99n }).status).toBe(CRYPTO_INVSESS);
  });

  test('2.7.10 a notification of a queue that is not enabled or does not exist is ignored', () => {
    const rig = new Rig({ dataQueues: 3 });
    const snapshot = rig.snapshot();
    for (const index of [1, 2, 4, 5, 0xffff]) rig.device.notify(index);
    expect(snapshot.changes()).toEqual([]);
    expect(rig.needsReset).toBe(false);
    rig.device.enableQueue(4);
    rig.device.enableQueue(0xffff);
    expect(rig.needsReset).toBe(false);
    expectWorks(rig);
  });

  test('4.1.4.3 a queue that is enabled is not enabled anew', () => {
    const rig = new Rig();
    expectWorks(rig);
    const queue = rig.device.queues[0] ?? expect.unreachable();
    queue.desc = 3n;
    rig.device.enableQueue(0);
    expect(rig.needsReset).toBe(false);
    queue.desc = BigInt(rig.data.desc);
    expectWorks(rig);
  });
});

describe('2.1.2 DEVICE_NEEDS_RESET', () => {
  const broken = () => {
    const rig = new Rig();
    rig.data.setAvailIdx(1000);
    rig.device.notify(0);
    return rig;
  };

  test('comes with a configuration change notification, once [2.1.2-2] [2.1.2-3]', () => {
    const rig = broken();
    rig.device.notify(0);
    rig.device.notify(1);
    expect(rig.interrupts).toEqual([{ kind: 'config', queue: 0 }]);
  });

  test('says why, where, and which section', () => {
    const { device } = broken();
    expect(device.fault).toEqual({
      code: FAULT_AVAIL_INDEX,
      queue: 0,
      message: 'the available index is further ahead than the queue is long (2.7.6)',
    });
  });

  test('before DRIVER_OK no notification is sent; DRIVER_OK starts nothing, and then the driver is told', () => {
    const rig = new Rig();
    rig.negotiate();
    rig.interrupts = [];
    rig.enable(0, rig.data, { desc: 1n });
    expect(rig.device.status & STATUS_DEVICE_NEEDS_RESET).toBe(STATUS_DEVICE_NEEDS_RESET);
    rig.enable(1, rig.control);
    expect(rig.interrupts).toEqual([]);
    rig.device.writeStatus(UP);
    expect(rig.device.status).toBe(UP | NEEDS_RESET);
    expect(rig.interrupts).toEqual([{ kind: 'config', queue: 0 }]);
    expectWorksAfterReset(rig);
  });

  test('recovery: a reset and a new initialisation', () => {
    const rig = broken();
    rig.device.writeStatus(0);
    expect(rig.device.status).toBe(0);
    expect(rig.device.fault).toBeUndefined();
    expectWorksAfterReset(rig);
  });
});

describe('2.4 reset', () => {
  test('status, features, queues and sessions are as at first [2.4.1-1]', () => {
    const rig = new Rig();
    session(rig);
    rig.device.writeStatus(0);
    const { device } = rig;
    expect(device.status).toBe(0);
    expect(device.driverFeatures).toBe(0n);
    expect(device.sessionCount).toBe(0);
    expect(device.requests(1)).toBe(0);
    expect(device.queues.map(({ size, maxSize, enabled, desc }) => ({ size, maxSize, enabled, desc }))).toEqual([
      { size: 64, maxSize: 64, enabled: false, desc: 0n },
      { size: 64, maxSize: 64, enabled: false, desc: 0n },
    ]);
  });

  test('2.4.1 nothing in the queues is touched and nothing is notified after it [2.4.1-2]', () => {
    const rig = new Rig();
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
    rig.device.writeStatus(0);
    rig.interrupts = [];
    const snapshot = rig.snapshot();
    rig.device.notify(0);
    rig.device.notify(1);
    expect(snapshot.changes()).toEqual([]);
    expect(rig.interrupts).toEqual([]);
  });

  test('a session of before is none after it', () => {
    const rig = new Rig();
    const id = session(rig);
    rig.bringUp();
    expect(request(rig, { id }).status).toBe(CRYPTO_INVSESS);
    session(rig);
    expect(request(rig, { id }).status).toBe(CRYPTO_INVSESS);
  });

  test('many times, in any state', () => {
    const rig = new Rig();
    for (let i = 0; i < 50; i++) {
      if (i % 3 === 0) rig.device.writeStatus(0);
      if (i % 5 === 0) rig.device.reset();
      rig.bringUp();
      expectWorks(rig);
    }
  });
});

describe('dispose', () => {
  test('the device ignores everything from then on', () => {
    const rig = new Rig();
    const id = session(rig);
    rig.data.describeChain(prepare(rig, { id }));
    rig.data.offer(0);
    rig.device.dispose();
    rig.interrupts = [];
    const snapshot = rig.snapshot();
    rig.device.notify(0);
    rig.device.writeStatus(UP);
    rig.device.setHardwareReady(false);
    rig.device.writeDriverFeatures(1, 1);
    rig.device.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    rig.device.writeStatus(UP);
    rig.device.enableQueue(0);
    rig.device.notify(0);
    expect(rig.device.status).toBe(0);
    expect(rig.interrupts).toEqual([]);
    expect(snapshot.changes()).toEqual([]);
  });

  test('a second time does no harm', () => {
    const rig = new Rig();
    rig.device.dispose();
    expect(() => rig.device.dispose()).not.toThrow();
    expect(rig.device.sessionCount).toBe(0);
  });
});

test('2.1 a status of OK for a request leaves the device status alone', () => {
  const rig = new Rig();
  expect(request(rig, { id: session(rig) }).status).toBe(CRYPTO_OK);
  expect(rig.device.status).toBe(UP);
});
