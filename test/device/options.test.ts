import { describe, expect, test } from 'vitest';
import { STATUS_FEATURES_OK } from '../../spec/virtio.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import type { FeatureOptions } from '../../src/device/features.ts';
import { resolveAlgorithms } from '../../src/device/offer.ts';
import { type CryptoDeviceOptions, resolveOptions } from '../../src/device/options.ts';
import { createBench } from '../../src/testing/bench.ts';
import { expectWorks } from '../support/requests.ts';
import { EVENT_IDX, feature, INDIRECT, RAM_BYTES, Rig, VERSION_1 } from '../support/rig.ts';

const MIB = 1024 * 1024;

test('what is left out is filled in', () => {
  expect(resolveOptions({})).toEqual({
    dataQueues: 1,
    queueSize: 1024,
    securityAssociations: 0,
    controlQueueSize: 64,
    maxSessions: 1024,
    maxRequestBytes: MIB,
    features: {
      indirect: true,
      eventIdx: true,
      packed: false,
      inOrder: true,
      notificationData: false,
      ringReset: true,
      suspend: true,
      adminQueue: false,
      accessPlatform: false,
      revision1: true,
      stateless: true,
    },
    algorithms: resolveAlgorithms('modern'),
    limits: {
      requests: undefined,
      bytes: undefined,
      bytesPerNotification: 64 * MIB,
      keyBytes: 65536,
      modulusBits: 8192,
    },
    backend: { backend: 'auto', workers: expect.any(Number), guestInThread: false, learn: true },
  });
  expect(resolveOptions({ maxSessions: 5 })).toMatchObject({ maxSessions: 5, queueSize: 1024 });
});

describe.each([
  ['dataQueues', 1, 64],
  ['queueSize', 1, 32768],
  ['controlQueueSize', 1, 32768],
  ['maxSessions', 1, 65536],
  ['maxRequestBytes', 1024, 64 * MIB],
] as const)('%s', (name, low, high) => {
  test(`is a whole number from ${low} to ${high}`, () => {
    expect(resolveOptions({ [name]: low })).toMatchObject({ [name]: low });
    expect(resolveOptions({ [name]: high })).toMatchObject({ [name]: high });
  });

  test.each([low - 1, high + 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 2 ** 53])(
    '%d is refused: the message names option, value and remedy',
    (value) => {
      const text = `${name} is ${value}: give a whole number from ${low} to ${high}.`;
      expect(() => resolveOptions({ [name]: value })).toThrow(new RangeError(text));
    },
  );

  test.each(['16', null, true, [16], 16n])('%o, no number, is refused', (value) => {
    const options = { [name]: value } as unknown as CryptoDeviceOptions;
    expect(() => resolveOptions(options)).toThrow(RangeError);
    expect(() => resolveOptions(options)).toThrow(name);
  });
});

test.each([
  [3, 2],
  [1000, 512],
  [32767, 16384],
])('a queueSize of %i is refused, and %i proposed', (queueSize, proposed) => {
  const text = `queueSize is ${queueSize}: give a power of two, ${proposed} say, or offer features.packed.`;
  expect(() => resolveOptions({ queueSize })).toThrow(new RangeError(text));
});

describe('6 features', () => {
  const none: FeatureOptions = {
    indirect: false,
    eventIdx: false,
    inOrder: false,
    ringReset: false,
    suspend: false,
    revision1: false,
  };
  const bits: [keyof FeatureOptions, bigint][] = [
    ['indirect', INDIRECT],
    ['eventIdx', EVENT_IDX],
    ['accessPlatform', feature(33)],
    ['packed', feature(34)],
    ['inOrder', feature(35)],
    ['notificationData', feature(38)],
    ['ringReset', feature(40)],
    ['suspend', feature(43)],
    ['adminQueue', feature(41)],
  ];

  test('a device may offer VERSION_1 alone', () => {
    const rig = new Rig({ offer: none, features: VERSION_1 });
    expect(rig.device.offeredFeatures).toBe(VERSION_1);
    expectWorks(rig);
  });

  test.each(bits)('%s is offered as bit 0x%x when it is asked for, and not when it is not', (name, bit) => {
    const on = new Rig({ offer: { ...none, [name]: true }, start: false });
    expect(on.device.offeredFeatures).toBe(VERSION_1 | bit);
    const off = new Rig({ offer: { [name]: false }, start: false });
    expect(off.device.offeredFeatures & bit).toBe(0n);
    off.negotiate(VERSION_1 | bit);
    expect(off.device.status & STATUS_FEATURES_OK).toBe(0);
  });

  test.each(bits.filter(([name]) => name !== 'packed'))('a split ring works with %s alone', (name, bit) => {
    expectWorks(new Rig({ offer: { ...none, [name]: true }, features: VERSION_1 | bit }));
  });

  test('an unknown feature is refused, with those that are known', () => {
    const features = { paket: true } as FeatureOptions;
    const known =
      'indirect, eventIdx, packed, inOrder, notificationData, ringReset, suspend, adminQueue, accessPlatform, revision1, stateless';
    const text = `features.paket is unknown: give ${known}.`;
    expect(() => resolveOptions({ features })).toThrow(new TypeError(text));
  });

  test.each([1, 'true', null, {}])('%o, no boolean, is refused', (value) => {
    const features = { packed: value } as unknown as FeatureOptions;
    const text = `features.packed is ${String(value)}: give true or false.`;
    expect(() => resolveOptions({ features })).toThrow(new TypeError(text));
  });

  test('what every object inherits is no feature', () => {
    const features = { toString: true } as unknown as FeatureOptions;
    expect(() => resolveOptions({ features })).toThrow('features.toString is unknown');
  });
});

describe('4.1.4.3.1 a queueSize that is no power of two', () => {
  const offer = { packed: true };

  test.each([
    [3, 2],
    [1000, 512],
    [32767, 16384],
    [32768, 32768],
    [1, 1],
  ])(
    'of %i is shown as it is to a driver that took RING_PACKED, as %i to one that did not [4.1.4.3.1-14]',
    (queueSize, split) => {
      const rig = new Rig({ queueSize, offer, ringSize: 1, start: false });
      const [queue] = rig.device.queues;
      expect(queue?.size).toBe(split);
      rig.negotiate(VERSION_1 | feature(34));
      expect([queue?.size, queue?.maxSize]).toEqual([queueSize, queueSize]);
      rig.negotiate(VERSION_1);
      expect([queue?.size, queue?.maxSize]).toEqual([split, split]);
      rig.negotiate(VERSION_1 | feature(34));
      rig.device.writeStatus(0);
      expect([queue?.size, queue?.maxSize]).toEqual([split, split]);
    },
  );
});

test.each([1000, 65537, 0, -65536, 0.5, MIB - 65536])(
  'memoryBytes of a bench of %d is refused',
  async (memoryBytes) => {
    const text = `memoryBytes is ${memoryBytes}: give a multiple of 65536 from 1 MiB.`;
    await expect(createBench({ memoryBytes })).rejects.toThrow(new RangeError(text));
  },
);

describe('guest', () => {
  const memory = () => new WebAssembly.Memory({ initial: 2, maximum: 4096 });
  const withRegions = (regions: { guestAddress: number; bytes: number; offset: number }[]) =>
    createCryptoDevice({ maxSessions: 1, maxRequestBytes: 1024, guest: { memory: memory(), regions } });
  const page = { guestAddress: 0, bytes: 4096, offset: 0 };

  test('16 regions are possible', () => {
    const regions = Array.from({ length: 16 }, (_, i) => ({ guestAddress: 8192 * i, bytes: 4096, offset: 4096 * i }));
    expect(() => withRegions(regions)).not.toThrow();
  });

  test('17 are refused', () => {
    const regions = Array.from({ length: 17 }, (_, i) => ({ guestAddress: 8192 * i, bytes: 4096, offset: 4096 * i }));
    expect(() => withRegions(regions)).toThrow('guest.regions has 17 entries: merge them, 16 at most are possible.');
  });

  test.each(['guestAddress', 'bytes', 'offset'] as const)('a %s that is no whole number is refused', (name) => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 60]) {
      expect(() => withRegions([page, { ...page, [name]: value }])).toThrow(
        new RangeError(`guest.regions[1].${name} is ${value}: give a whole number of bytes.`),
      );
    }
  });

  test('a region that reaches beyond the memory, where the engine will be, is refused', () => {
    for (const [offset, bytes] of [
      [131072 - 4095, 4096],
      [131072, 1],
      [0, 131073],
    ] as const) {
      expect(() => withRegions([{ guestAddress: 0, bytes, offset }])).toThrow(
        `guest.regions[0] ends at byte ${offset + bytes} of a memory of 131072: make it shorter, or the memory larger.`,
      );
    }
  });

  test('a memory that cannot grow is refused, with what would help', () => {
    const fixed = new WebAssembly.Memory({ initial: 2, maximum: 2 });
    const create = () => createCryptoDevice({ guest: { memory: fixed, regions: [page] } });
    expect(create).toThrow(RangeError);
    expect(create).toThrow(
      /cannot grow by the \d+ pages .* larger maximum, or lower maxSessions, queueSize or maxRequestBytes/,
    );
  });

  test('RAM that starts where the memory does is RAM from its first byte on', () => {
    const rig = new Rig({ regions: [{ guestAddress: 0, bytes: RAM_BYTES, offset: 0 }] });
    rig.data.describeChain([
      { address: 0, bytes: 72 },
      { address: 0x20000, bytes: 1, write: true },
    ]);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.device.fault).toBeUndefined();
    expect(rig.data.usedIdx).toBe(1);
  });

  test('two devices in one memory do not touch each other', () => {
    const one = new Rig({ maxSessions: 2 });
    const before = one.snapshot();
    expect(before.changes()).toEqual([]);
    const pages = one.memory.buffer.byteLength;
    const second = createCryptoDevice({
      maxSessions: 2,
      maxRequestBytes: 1024,
      guest: { memory: one.memory, regions: one.regions },
    });
    expect(one.memory.buffer.byteLength).toBeGreaterThan(pages);
    const after = one.snapshot();
    second.reset();
    second.dispose();
    expect(after.changesOutside([{ start: pages, end: one.memory.buffer.byteLength }])).toEqual([]);
  });
});
