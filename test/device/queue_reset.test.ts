import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import * as mmio from '../../spec/virtio_mmio.ts';
import * as pci from '../../spec/virtio_pci.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorks, prepare, reference, request, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, RIGS, type RigOptions, VERSION_1 } from '../support/rig.ts';

const RING_RESET = feature(virtio.F_RING_RESET);
const FEATURES = VERSION_1 | INDIRECT | RING_RESET;

/** Resets a queue as a driver does over each transport, and answers what it reads back of reset and enable. */
const TRANSPORTS = [
  [
    'PCI',
    (rig: AnyRig, index: number) => {
      const registers = new VirtioPci(rig.device, () => {});
      registers.write(pci.COMMON_QUEUE_SELECT, 2, index);
      registers.write(pci.COMMON_QUEUE_RESET, 2, 1);
      const read = (offset: number) => registers.read(offset, 2);
      return [read(pci.COMMON_QUEUE_RESET), read(pci.COMMON_QUEUE_ENABLE)];
    },
  ],
  [
    'MMIO',
    (rig: AnyRig, index: number) => {
      const registers = new VirtioMmio(rig.device, () => {});
      registers.write(mmio.MMIO_QUEUE_SEL, 4, index);
      registers.write(mmio.MMIO_QUEUE_RESET, 4, 1);
      return [registers.read(mmio.MMIO_QUEUE_RESET, 4), registers.read(mmio.MMIO_QUEUE_READY, 4)];
    },
  ],
] as const;

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  const up = (options: RigOptions = {}) => makeRig({ features: FEATURES, ...options });

  describe.each(TRANSPORTS)('over %s', (_transport, reset) => {
    test('2.6.1.1.1 a queue that was reset executes nothing and interrupts nobody [2.6.1.1.1-1] [4.1.4.3.1-10] [4.2.2.1-10]', () => {
      const rig = up();
      const id = session(rig);
      rig.data.describeChain(prepare(rig, { id }));
      rig.data.offer(0);
      expect(reset(rig, 0)).toEqual([0, 0]);
      const interrupts: unknown[] = [];
      rig.device.onInterrupt((kind) => interrupts.push(kind));
      const before = rig.snapshot();
      rig.device.notify(0);
      expect(before.changes()).toEqual([]);
      expect(interrupts).toEqual([]);
      expect(rig.needsReset).toBe(false);
    });

    test('2.6.1.1.1 its registers and positions are those of the start [2.6.1.1.1-2]', () => {
      const rig = up({ ringSize: 8 });
      const id = session(rig);
      for (let i = 0; i < 3; i++) expect(request(rig, { id }).status).toBe(CRYPTO_OK);
      reset(rig, 0);
      expect(rig.device.queues[0]?.save()).toEqual({ size: 64, enabled: false, desc: '0', driver: '0', device: '0' });
      expect(rig.device.requests(0)).toBe(0);
      rig.enable(0, rig.data);
      for (let i = 0; i < 20; i++) expect(request(rig, { id }).status).toBe(CRYPTO_OK);
    });

    test('2.6.1.2 it may be enabled again with another size, at another place [2.6.1.2.1-1]', () => {
      const rig = up();
      const id = session(rig);
      reset(rig, 0);
      rig.data = rig.ringAt(0x60000, 16);
      rig.enable(0, rig.data);
      for (let i = 0; i < 40; i++) expect(request(rig, { id }).status).toBe(CRYPTO_OK);
      expectWorks(rig);
    });

    test('2.6.1 the other queues and the sessions are left alone', () => {
      const rig = up({ dataQueues: 2 });
      const id = session(rig);
      request(rig, { id });
      reset(rig, rig.controlIndex);
      expect(request(rig, { id }).status).toBe(CRYPTO_OK);
      expect(rig.device.sessionCount).toBe(1);
      rig.enable(rig.controlIndex, rig.control);
      expectWorks(rig);
    });

    test('without VIRTIO_F_RING_RESET the register does nothing', () => {
      for (const options of [
        { features: VERSION_1 | INDIRECT },
        { features: VERSION_1, offer: { ringReset: false } },
      ]) {
        const rig = up(options);
        expect(reset(rig, 0)).toEqual([0, 1]);
        expectWorks(rig);
      }
    });

    test('a queue that does not exist, or is not enabled, takes it without harm', () => {
      const rig = up();
      for (const index of [2, 77, 0xffff]) reset(rig, index);
      reset(rig, 0);
      reset(rig, 0);
      rig.enable(0, rig.data);
      expectWorks(rig);
    });

    test('2.1.2 a device that needs a reset goes on needing one', () => {
      const rig = up();
      rig.data.describeChain([{ address: 2n ** 40n, bytes: 1 }]);
      rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.needsReset).toBe(true);
      reset(rig, 0);
      expect(rig.needsReset).toBe(true);
      rig.bringUp();
      expectWorks(rig);
    });
  });

  test('4.1.4.3 only a 1 resets', () => {
    const rig = up();
    const registers = new VirtioPci(rig.device, () => {});
    for (const value of [0, 2, 0xffff]) registers.write(pci.COMMON_QUEUE_RESET, 2, value);
    registers.write(pci.COMMON_QUEUE_RESET, 1, 1);
    registers.write(pci.COMMON_QUEUE_RESET, 4, 1);
    expect(rig.device.queues[0]?.enabled).toBe(true);
    const window = new VirtioMmio(rig.device, () => {});
    for (const value of [0, 2, 0xffffffff]) window.write(mmio.MMIO_QUEUE_RESET, 4, value);
    expect(rig.device.queues[0]?.enabled).toBe(true);
  });

  test('4.2.2.2 QueueReady 0 stops a queue on MMIO, whatever was negotiated [4.2.2.1-7]', () => {
    const rig = up({ features: VERSION_1 | INDIRECT });
    const registers = new VirtioMmio(rig.device, () => {});
    registers.write(mmio.MMIO_QUEUE_SEL, 4, 0);
    registers.write(mmio.MMIO_QUEUE_READY, 4, 0);
    expect(registers.read(mmio.MMIO_QUEUE_READY, 4)).toBe(0);
    rig.data.describeChain([{ address: AT.free, bytes: 1 }]);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.needsReset).toBe(false);
    rig.enable(0, rig.data);
    expectWorks(rig);
  });
});

describe('the reference driver', () => {
  describe.each(['split', 'packed'] as const)('%s ring', (ring) => {
    test.each(['pci', 'mmio'] as const)(
      '2.6.1 resets a queue over %s and goes on with an empty one',
      async (transport) => {
        const bench = await createBench({ ring, transport, queueSize: 8, memoryBytes: 1024 * 1024 });
        const { driver, allocator } = bench;
        const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', key: noise(16), iv: noise(16, 2) } as const;
        const data = noise(64);
        const expected = { status: 'ok', data: reference('encrypt', cipher.key, cipher.iv, data) };
        expect(await driver.cipher({ ...cipher, data })).toEqual(expected);
        const taken = allocator.taken;
        const lost = driver.submit({ queue: 0, readable: [noise(72)], writable: [1], hold: true });
        driver.resetQueue(0);
        await expect(lost).rejects.toThrow('Queue 0 was reset.');
        expect(allocator.taken).toBe(taken);
        for (let i = 0; i < 20; i++) expect(await driver.cipher({ ...cipher, data })).toEqual(expected);
        driver.resetQueue(driver.controlQueue);
        expect(await driver.cipher({ ...cipher, data })).toEqual(expected);
        await bench.dispose();
      },
    );

    test('does not, where VIRTIO_F_RING_RESET was not negotiated', async () => {
      const bench = await createBench({ ring, features: { ringReset: false }, memoryBytes: 1024 * 1024 });
      expect(() => bench.driver.resetQueue(0)).toThrow('VIRTIO_F_RING_RESET was not negotiated.');
      await bench.dispose();
    });
  });
});
