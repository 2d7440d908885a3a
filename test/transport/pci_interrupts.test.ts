import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio_pci.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { WINDOW_DATA_AT } from '../../src/transport/pci/window.ts';
import { expectWorks, prepare, session } from '../support/requests.ts';
import { NEEDS_RESET, Rig, type RigOptions, UP } from '../support/rig.ts';

function plugged(options: RigOptions = {}) {
  const rig = new Rig(options);
  const lines: boolean[] = [];
  const pci = new VirtioPci(rig.device, (level) => lines.push(level));
  const id = session(rig);
  pci.read(layout.ISR.offset, 1);
  lines.length = 0;
  rig.data.describeChain(prepare(rig, { id }));
  return { rig, pci, lines };
}

const notify = (pci: VirtioPci, queue: number, size: 1 | 2 | 4 = 2) => pci.write(layout.NOTIFY.offset, size, queue);

describe('4.1.5.2 notifications', () => {
  test('the queue whose index is written runs', () => {
    const { rig, pci } = plugged();
    rig.data.offer(0);
    notify(pci, 1);
    expect(rig.data.usedIdx).toBe(0);
    notify(pci, 0);
    expect(rig.data.usedIdx).toBe(1);
    rig.data.offer(0);
    notify(pci, 0, 4);
    expect(rig.data.usedIdx).toBe(2);
  });

  test('the index of a queue that does not exist does nothing', () => {
    const { rig, pci, lines } = plugged();
    const snapshot = rig.snapshot();
    for (const queue of [2, 3, 64, 0xffff, -1, 0xffffffff]) notify(pci, queue, 4);
    expect(snapshot.changes()).toEqual([]);
    expect(lines).toEqual([]);
  });
});

describe('4.1.4.5 the ISR status', () => {
  test('4.1.4.5.1 a used buffer sets the queue bit and the line; reading clears both [4.1.4.5.1-3] [4.1.4.5.1-5]', () => {
    const { rig, pci, lines } = plugged();
    rig.data.offer(0);
    notify(pci, 0);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_QUEUE);
    expect(lines).toEqual([true, false]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(0);
    expect(lines).toEqual([true, false]);
  });

  test('4.1.4.5.1 a change of configuration sets the configuration bit [4.1.4.5.1-2]', () => {
    const { rig, pci, lines } = plugged();
    rig.device.setHardwareReady(false);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_CONFIG);
    expect(lines).toEqual([true, false]);
  });

  test('several causes keep the line at one level until they are read, both at once', () => {
    const { rig, pci, lines } = plugged();
    rig.data.offer(0);
    notify(pci, 0);
    rig.device.setHardwareReady(false);
    rig.data.offer(0);
    notify(pci, 0);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_QUEUE | spec.ISR_CONFIG);
    expect(lines).toEqual([true, false]);
  });

  test('2.1.2 DEVICE_NEEDS_RESET is a change of configuration', () => {
    const { rig, pci, lines } = plugged();
    rig.data.setAvailIdx(1000);
    notify(pci, 0);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(UP | NEEDS_RESET);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_CONFIG);
  });

  test('4.1.4.3.1 a reset by the driver, or of the machine, takes the line back', () => {
    for (const reset of [
      (pci: VirtioPci) => pci.write(spec.COMMON_DEVICE_STATUS, 1, 0),
      (pci: VirtioPci) => pci.reset(),
    ]) {
      const { rig, pci, lines } = plugged();
      rig.data.offer(0);
      notify(pci, 0);
      reset(pci);
      expect(lines).toEqual([true, false]);
      expect(pci.read(layout.ISR.offset, 1)).toBe(0);
      expect(rig.device.status).toBe(0);
      rig.bringUp();
      expectWorks(rig);
    }
  });

  test('reading or writing what stands beside it clears nothing', () => {
    const { rig, pci, lines } = plugged();
    rig.data.offer(0);
    notify(pci, 0);
    for (let offset = 0; offset < 256; offset++) if (offset !== layout.ISR.offset) pci.read(offset, 1);
    pci.write(layout.ISR.offset, 1, 0);
    expect(lines).toEqual([true]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_QUEUE);
  });

  test('a driver that wants no interrupt gets none', () => {
    const { rig, pci, lines } = plugged();
    rig.data.setAvailFlags(1);
    rig.data.offer(0);
    notify(pci, 0);
    expect(rig.data.usedIdx).toBe(1);
    expect(lines).toEqual([]);
    expect(pci.read(layout.ISR.offset, 1)).toBe(0);
  });
});

describe('saving the transport', () => {
  test('ISR, line and selectors are kept, through JSON', () => {
    const from = plugged();
    from.rig.data.offer(0);
    notify(from.pci, 0);
    from.pci.write(spec.COMMON_QUEUE_SELECT, 2, 1);
    from.pci.write(spec.COMMON_DRIVER_FEATURE_SELECT, 4, 1);
    const to = plugged();
    to.pci.restore(JSON.parse(JSON.stringify(from.pci.save())));
    expect(to.lines).toEqual([true]);
    expect(to.pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(1);
    expect(to.pci.read(spec.COMMON_DRIVER_FEATURE_SELECT, 4)).toBe(1);
    expect(to.pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_QUEUE);
    expect(to.lines).toEqual([true, false]);
  });
});

describe('4.1.4.9 the PCI_CFG window', () => {
  /** The configuration space with cap.bar, cap.offset and cap.length as a driver writes them. */
  function select(pci: VirtioPci, offset: number, length: number, bar = 0): DataView {
    const space = new DataView(pci.configHeader(0x1000).buffer);
    space.setUint8(layout.CAP_PCI_CFG_AT + spec.CAP_BAR, bar);
    space.setUint32(layout.CAP_PCI_CFG_AT + spec.CAP_OFFSET, offset, true);
    space.setUint32(layout.CAP_PCI_CFG_AT + spec.CAP_LENGTH, length, true);
    return space;
  }

  test('4.1.4.9.1 a read executes a read of cap.length bytes at cap.offset [4.1.4.9.1-3]', () => {
    const { pci } = plugged();
    for (const size of [1, 2, 4] as const) {
      for (let offset = 0; offset + size <= 256; offset += size) {
        expect(pci.window.read(select(pci, offset, size))).toBe(pci.read(offset, size));
      }
    }
  });

  test('4.1.4.9.1 a write executes a write of the first cap.length bytes [4.1.4.9.1-2]', () => {
    const { pci } = plugged();
    pci.window.write(select(pci, spec.COMMON_QUEUE_SELECT, 2), 0xffff0001);
    expect(pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(1);
    pci.window.write(select(pci, spec.COMMON_DEVICE_FEATURE_SELECT, 4), 0xfedcba98);
    expect(pci.read(spec.COMMON_DEVICE_FEATURE_SELECT, 4)).toBe(0xfedcba98);
    pci.window.write(select(pci, spec.COMMON_DEVICE_STATUS, 1), 0xffffff00);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(0);
  });

  test('4.1.4.5.1 reading the ISR through it acknowledges', () => {
    const { rig, pci, lines } = plugged();
    rig.data.offer(0);
    pci.window.write(select(pci, layout.NOTIFY.offset, 2), 0);
    expect(rig.data.usedIdx).toBe(1);
    expect(pci.window.read(select(pci, layout.ISR.offset, 1))).toBe(spec.ISR_QUEUE);
    expect(lines).toEqual([true, false]);
  });

  test.each([0, 3, 5, 8, 16, 255, 256, 0x80000000, 0xffffffff])('a cap.length of %i is no access', (length) => {
    const { pci, lines } = plugged();
    const space = select(pci, spec.COMMON_DEVICE_STATUS, length);
    expect(pci.window.read(space)).toBe(0);
    pci.window.write(space, 0);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(UP);
    expect(lines).toEqual([]);
  });

  test.each([
    ['misaligned', 0x15, 2],
    ['misaligned', 0x16, 4],
    ['beyond the BAR', 256, 1],
    ['that ends beyond the BAR', 254, 4],
    ['at 2^31', 0x80000000, 4],
    ['whose end wraps 2^32', 0xfffffffc, 4],
    ['at the last byte of 4 GiB', 0xffffffff, 1],
  ])('a cap.offset %s is no access', (_, offset, length) => {
    const { rig, pci } = plugged();
    const space = select(pci, offset, length);
    const snapshot = rig.snapshot();
    expect(pci.window.read(space)).toBe(0);
    pci.window.write(space, 0);
    pci.window.write(space, 0xffffffff);
    expect(snapshot.changes()).toEqual([]);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(UP);
    expect(pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(0);
  });

  test.each([1, 2, 5, 6, 255])('a cap.bar of %i, which the device does not have, is no access', (bar) => {
    const { pci } = plugged();
    const space = select(pci, spec.COMMON_DEVICE_STATUS, 1, bar);
    expect(pci.window.read(space)).toBe(0);
    pci.window.write(space, 0);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(UP);
  });

  test('covers the four bytes of pci_cfg_data, however they are reached', () => {
    const { pci } = plugged();
    for (let offset = 0; offset < 256; offset++) {
      for (const size of [1, 2, 4]) {
        const touches = [0, 1, 2, 3].some((i) => WINDOW_DATA_AT + i >= offset && WINDOW_DATA_AT + i < offset + size);
        expect(pci.window.covers(offset, size)).toBe(touches);
      }
    }
    expect(WINDOW_DATA_AT).toBe(layout.CAP_PCI_CFG_AT + 16);
  });
});
