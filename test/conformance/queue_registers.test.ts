import { describe, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import * as mmio from '../../spec/virtio_mmio.ts';
import * as pci from '../../spec/virtio_pci.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { type AnyRig, feature, INDIRECT, RIGS, VERSION_1 } from '../support/rig.ts';

const FEATURES = VERSION_1 | INDIRECT | feature(virtio.F_RING_RESET);

/** The two registers that enable and reset the queue chosen, as a driver finds them over one transport. */
interface Registers {
  reset: () => number;
  enabled: () => number;
  writeReset: (value: number) => void;
  enable: () => void;
  resetDevice: () => void;
}

function overPci(rig: AnyRig): Registers {
  const registers = new VirtioPci(rig.device, () => {});
  return {
    reset: () => registers.read(pci.COMMON_QUEUE_RESET, 2),
    enabled: () => registers.read(pci.COMMON_QUEUE_ENABLE, 2),
    writeReset: (value) => registers.write(pci.COMMON_QUEUE_RESET, 2, value),
    enable: () => registers.write(pci.COMMON_QUEUE_ENABLE, 2, 1),
    resetDevice: () => registers.write(pci.COMMON_DEVICE_STATUS, 1, 0),
  };
}

function overMmio(rig: AnyRig): Registers {
  const registers = new VirtioMmio(rig.device, () => {});
  return {
    reset: () => registers.read(mmio.MMIO_QUEUE_RESET, 4),
    enabled: () => registers.read(mmio.MMIO_QUEUE_READY, 4),
    writeReset: (value) => registers.write(mmio.MMIO_QUEUE_RESET, 4, value),
    enable: () => registers.write(mmio.MMIO_QUEUE_READY, 4, 1),
    resetDevice: () => registers.write(mmio.MMIO_STATUS, 4, 0),
  };
}

describe.each(RIGS)('%s ring', (_, makeRig) => {
  test('over PCI a reset leaves queue_enable and queue_reset 0 [4.1.4.3.1-7] [4.1.4.3.1-8]', () => {
    expectZeroAfterReset(overPci(makeRig({ features: FEATURES })));
  });

  test('over MMIO a reset leaves QueueReady and QueueReset 0 [4.2.2.1-8]', () => {
    expectZeroAfterReset(overMmio(makeRig({ features: FEATURES })));
  });

  test('over PCI queue_reset is 0 after its own reset, with queue_enable, and once enabled again [4.1.4.3.1-9] [4.1.4.3.1-12]', () => {
    const rig = makeRig({ features: FEATURES });
    expectResetAndEnabled(rig, overPci(rig));
  });

  test('over MMIO QueueReset is 0 after its own reset, with QueueReady, and once ready again [4.2.2.1-9] [4.2.2.1-12]', () => {
    const rig = makeRig({ features: FEATURES });
    expectResetAndEnabled(rig, overMmio(rig));
  });
});

function expectZeroAfterReset({ reset, enabled, resetDevice }: Registers): void {
  expect(enabled()).toBe(1);
  resetDevice();
  expect([reset(), enabled()]).toEqual([0, 0]);
}

function expectResetAndEnabled(rig: AnyRig, { reset, enabled, writeReset, enable }: Registers): void {
  writeReset(1);
  expect([reset(), enabled()]).toEqual([0, 0]);
  const queue = rig.device.queues[0] ?? expect.unreachable();
  rig.data.clear();
  queue.desc = BigInt(rig.data.desc);
  queue.driver = BigInt(rig.data.avail);
  queue.device = BigInt(rig.data.used);
  enable();
  expect([reset(), enabled()]).toEqual([0, 1]);
}

test('4.1.5.1.2.1 after a reset no event has a vector, whatever the driver wrote before [4.1.5.1.2.1-7]', () => {
  const [, makeRig] = RIGS[0];
  const registers = new VirtioPci(makeRig({}).device, () => {});
  registers.write(pci.COMMON_CONFIG_MSIX_VECTOR, 2, 0);
  registers.write(pci.COMMON_QUEUE_MSIX_VECTOR, 2, 0);
  registers.write(pci.COMMON_DEVICE_STATUS, 1, 0);
  expect(registers.read(pci.COMMON_CONFIG_MSIX_VECTOR, 2)).toBe(pci.MSI_NO_VECTOR);
  expect(registers.read(pci.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(pci.MSI_NO_VECTOR);
});

test('4.1.4.4.1 with NOTIFICATION_DATA every queue has a register of 4 bytes within the structure [4.1.4.4.1-6] [4.1.4.4.1-8] [4.1.4.4.1-9]', () => {
  const [, makeRig] = RIGS[0];
  const rig = makeRig({ offer: { notificationData: true }, dataQueues: 64, start: false });
  const registers = new VirtioPci(rig.device, () => {});
  const space = new DataView(registers.configHeader(0x1000).buffer);
  let at = space.getUint8(pci.PCI_CAPABILITIES);
  while (at !== 0 && space.getUint8(at + pci.CAP_CFG_TYPE) !== pci.CAP_TYPE_NOTIFY)
    at = space.getUint8(at + pci.CAP_NEXT);
  expect(at).toBeGreaterThan(0);
  const multiplier = space.getUint32(at + pci.CAP_NOTIFY_MULTIPLIER, true);
  const bytes = space.getUint32(at + pci.CAP_LENGTH, true);
  expect(multiplier % 4).toBe(0);
  expect(multiplier & (multiplier - 1)).toBe(0);
  expect(bytes).toBeGreaterThanOrEqual(4);
  for (let queue = 0; queue < registers.read(pci.COMMON_NUM_QUEUES, 2); queue++) {
    registers.write(pci.COMMON_QUEUE_SELECT, 2, queue);
    const offset = registers.read(pci.COMMON_QUEUE_NOTIFY_OFF, 2);
    expect(offset * multiplier + 4).toBeLessThanOrEqual(bytes);
  }
});
