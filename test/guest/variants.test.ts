import { expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { loadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import type { CryptoDeviceOptions } from '../../src/index.ts';

// Debian's kernel and driver once more, against devices that offer other features, queues and sizes.
const VARIANTS: { name: string; device: CryptoDeviceOptions; has?: number; lacks?: number }[] = [
  { name: 'a packed ring', device: { features: { packed: true } }, has: virtio.F_RING_PACKED },
  { name: 'no indirect descriptors', device: { features: { indirect: false } }, lacks: virtio.F_INDIRECT_DESC },
  { name: 'no EVENT_IDX', device: { features: { eventIdx: false } }, lacks: virtio.F_EVENT_IDX },
  { name: 'a packed ring of neither', device: { features: { packed: true, indirect: false, eventIdx: false } } },
  { name: 'eight data queues', device: { dataQueues: 8 } },
  { name: 'queues of two', device: { queueSize: 2 } },
  { name: 'a packed ring of 1024', device: { queueSize: 1024, features: { packed: true } }, has: virtio.F_RING_PACKED },
  { name: 'every algorithm, in one layout', device: { algorithms: 'all', features: { revision1: false } } },
];

test.each(VARIANTS)(
  'the kernel passes its self-test with $name',
  async ({ device: options, has, lacks }) => {
    const machine = await startMachine({ files: await buildGuest(), memoryMiB: 128, device: options });
    try {
      await waitForShell(machine);
      await loadDriver(machine.console);
      expect(await waitForSelftest(machine.console)).toBe('passed');
      const { device } = machine;
      const negotiated = (bit: number) => (device.driverFeatures >> BigInt(bit)) & 1n;
      if (has !== undefined) expect(negotiated(has)).toBe(1n);
      if (lacks !== undefined) expect(negotiated(lacks)).toBe(0n);
      expect(device.requests(0)).toBeGreaterThan(0);
      expect(device.fault).toBeUndefined();
    } finally {
      await machine.stop();
    }
  },
  120_000,
);
