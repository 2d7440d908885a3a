import { expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { loadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import type { CryptoDeviceOptions } from '../../src/index.ts';
import { bootedMachineWith } from './booted.ts';

// Debian's kernel and driver once more, against devices that offer other features, queues and sizes: each has as many of them as go
// together.
const VARIANTS: { name: string; device: CryptoDeviceOptions; has?: number[]; lacks?: number[] }[] = [
  {
    name: 'packed rings of 1024, and eight data queues',
    device: { queueSize: 1024, dataQueues: 8, features: { packed: true } },
    has: [virtio.F_RING_PACKED, virtio.F_INDIRECT_DESC, virtio.F_EVENT_IDX],
  },
  {
    name: 'packed rings with neither indirect descriptors nor EVENT_IDX',
    device: { features: { packed: true, indirect: false, eventIdx: false } },
    has: [virtio.F_RING_PACKED],
    lacks: [virtio.F_INDIRECT_DESC, virtio.F_EVENT_IDX],
  },
  {
    name: 'split rings with neither',
    device: { features: { indirect: false, eventIdx: false } },
    lacks: [virtio.F_RING_PACKED, virtio.F_INDIRECT_DESC, virtio.F_EVENT_IDX],
  },
  {
    name: 'queues of two, and every algorithm in one layout',
    device: { queueSize: 2, algorithms: 'all', features: { revision1: false } },
  },
];

test.each(VARIANTS)(
  'the kernel passes its self-test with $name',
  async ({ device: options, has = [], lacks = [] }) => {
    const machine = await bootedMachineWith(await buildGuest(), options);
    try {
      await loadDriver(machine.console);
      expect(await waitForSelftest(machine.console)).toBe('passed');
      const { device } = machine;
      const negotiated = (bit: number) => (device.driverFeatures >> BigInt(bit)) & 1n;
      for (const bit of has) expect(negotiated(bit)).toBe(1n);
      for (const bit of lacks) expect(negotiated(bit)).toBe(0n);
      expect(device.requests(0)).toBeGreaterThan(0);
      expect(device.fault).toBeUndefined();
    } finally {
      await machine.stop();
    }
  },
  120_000,
);
