import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { F_RING_PACKED } from '../../spec/virtio.ts';
import { StateError } from '../../src/device/state.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { IO_BAR_BYTES } from '../../src/transport/pci/layout.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { createBench } from '../support/bench.ts';
import { contains } from '../support/memory.ts';
import { KEY, prepare, session } from '../support/requests.ts';
import { type AnyRig, RIGS, Rig, UP } from '../support/rig.ts';

const TRANSPORTS = [
  ['PCI', VirtioPci, IO_BAR_BYTES],
  ['MMIO', VirtioMmio, VirtioMmio.windowBytes],
] as const;
const SIZES = [1, 2, 4] as const;

describe.each(RIGS)('a device with a %s ring that is taken out of a running machine', (_ring, makeRig) => {
  describe.each(TRANSPORTS)('over %s', (_transport, Transport, windowBytes) => {
    const pulled = () => {
      const rig = makeRig({});
      const levels: boolean[] = [];
      const registers = new Transport(rig.device, (level) => levels.push(level));
      const id = session(rig);
      rig.data.describeChain(prepare(rig, { id }));
      rig.data.offer(0);
      return { rig, registers, levels };
    };

    test('reads as all ones, whatever is read and however wide', () => {
      const { registers } = pulled();
      registers.remove();
      for (const size of SIZES) {
        for (let offset = 0; offset < windowBytes; offset++) {
          expect(registers.read(offset, size)).toBe(2 ** (8 * size) - 1);
        }
      }
    });

    test('takes no write, writes nothing, and interrupts nobody', () => {
      const { rig, registers, levels } = pulled();
      registers.remove();
      levels.length = 0;
      const before = rig.snapshot();
      for (const size of SIZES) {
        for (let offset = 0; offset < windowBytes; offset += size) {
          for (const value of [0, 1, 15, 0xff]) registers.write(offset, size, value);
        }
      }
      rig.device.notify(0);
      rig.device.setHardwareReady(false);
      registers.reset();
      expect(before.changes()).toEqual([]);
      expect(levels).toEqual([]);
      expect(rig.device.status).toBe(0);
    });

    test('lets its interrupt line fall', () => {
      const { rig, registers, levels } = pulled();
      rig.device.notify(0);
      expect(levels).toEqual([true]);
      registers.remove();
      expect(levels).toEqual([true, false]);
    });

    test('twice is as once', () => {
      const { rig, registers } = pulled();
      registers.remove();
      registers.remove();
      expect(rig.device.removed).toBe(true);
      expect(registers.read(0, 4)).toBe(0xffffffff);
    });

    test('keeps no key, and takes over no state', () => {
      const { rig, registers } = pulled();
      const state = rig.device.save();
      expect(contains(rig.memory, rig.engine, KEY)).toBe(true);
      registers.remove();
      expect(contains(rig.memory, rig.engine, KEY)).toBe(false);
      expect(rig.device.sessionCount).toBe(0);
      expect(() => rig.device.restore(state)).toThrow(StateError);
    });
  });
});

test('a device that is only disposed of is still there: its registers answer', () => {
  const rig: AnyRig = new Rig();
  const registers = new VirtioPci(rig.device, () => {});
  rig.device.dispose();
  expect(rig.device.removed).toBe(false);
  expect(registers.read(0x14, 1)).toBe(0);
});

test.each(['split', 'packed'] as const)(
  'a driver of a %s ring whose device is gone sees a status of all ones, as after a surprise removal',
  async (ring) => {
    for (const transport of ['pci', 'mmio'] as const) {
      const bench = await createBench({ ring, transport, memoryBytes: 1024 * 1024 });
      expect(bench.driver.features & (1n << BigInt(F_RING_PACKED))).toBe(ring === 'packed' ? 1n << 34n : 0n);
      expect(bench.device.status).toBe(UP);
      const lost = bench.driver.submit({
        queue: 0,
        readable: [new Uint8Array(crypto.DATA_LEGACY_BYTES)],
        writable: [1],
        hold: true,
      });
      bench.registers.remove();
      bench.driver.notify(0);
      expect(bench.driver.transport.status).toBe(transport === 'pci' ? 0xff : 0xffffffff);
      bench.driver.stop();
      await expect(lost).rejects.toThrow('The driver was stopped.');
      await bench.dispose();
    }
  },
);
