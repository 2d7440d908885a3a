// Accesses as a host may make them: values wider than the access, signed ones, and numbers that are no register's.
import { describe, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import * as mmio from '../../spec/virtio_mmio.ts';
import * as spec from '../../spec/virtio_pci.ts';
import { type AccessSize, VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { expectWorks, session } from '../support/requests.ts';
import { Rig, UP } from '../support/rig.ts';

const SIZES: AccessSize[] = [1, 2, 4];

/** A number that a host hands over, and its lowest 32 bits. */
const VALUES: [given: number, word: number][] = [
  [0x100, 0x100],
  [0x103, 0x103],
  [0x1_0000, 0x1_0000],
  [0x1_0001, 0x1_0001],
  [0x8000_0001, 0x8000_0001],
  [-1, 0xffff_ffff],
  [-0x100, 0xffff_ff00],
  [-0x7fff_ffff, 0x8000_0001],
  [2 ** 32, 0],
  [2 ** 32 + 0x0102_0301, 0x0102_0301],
  [-(2 ** 32) + 0x0f, 0x0f],
  [2 ** 53, 0],
  [1.75, 1],
  [-0.5, 0],
  [-1.75, 0xffff_ffff],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
  [Number.NEGATIVE_INFINITY, 0],
];

const cut = (word: number, size: AccessSize) => word % 2 ** (8 * size);

function onPci(start = true) {
  const rig = new Rig({ start });
  const pci = new VirtioPci(rig.device, () => {}, { bar: 'memory', msix: { deliver: () => {} } });
  return { rig, pci };
}

function onMmio(start = true) {
  const rig = new Rig({ start });
  return { rig, registers: new VirtioMmio(rig.device, () => {}) };
}

/** Where a driver stands: before its features, with features and no queue, and at work. */
const STAGES: [name: string, prepare: (rig: Rig) => void][] = [
  [
    'while the driver negotiates',
    ({ device }) => {
      device.writeStatus(virtio.STATUS_ACKNOWLEDGE);
      device.writeStatus(virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER);
    },
  ],
  ['before the queues are enabled', (rig) => rig.negotiate()],
  ['while the driver works', (rig) => rig.bringUp()],
];

describe.each(STAGES)('%s, only the bytes of an access count', (_, prepare) => {
  test('PCI: BAR 0, every offset and width', () => {
    const [given, right] = [onPci(false), onPci(false)];
    const state = ({ rig, pci }: typeof given) => ({ device: rig.device.save(), pci: pci.save() });
    for (let offset = 0; offset <= layout.DEVICE.offset; offset++) {
      for (const size of SIZES) {
        for (const [value, word] of VALUES) {
          for (const { rig, pci } of [given, right]) {
            pci.reset();
            prepare(rig);
          }
          given.pci.writeBar(0, offset, size, value);
          right.pci.writeBar(0, offset, size, cut(word, size));
          expect(state(given), `${value} of ${size} bytes at ${offset}`).toEqual(state(right));
        }
      }
    }
  });

  test('MMIO: every register and width', () => {
    const [given, right] = [onMmio(false), onMmio(false)];
    const state = ({ rig, registers }: typeof given) => ({ device: rig.device.save(), mmio: registers.save() });
    for (let offset = 0; offset <= mmio.MMIO_CONFIG; offset++) {
      for (const size of SIZES) {
        for (const [value, word] of VALUES) {
          for (const { rig, registers } of [given, right]) {
            registers.reset();
            prepare(rig);
          }
          given.registers.write(offset, size, value);
          right.registers.write(offset, size, cut(word, size));
          expect(state(given), `${value} of ${size} bytes at ${offset}`).toEqual(state(right));
        }
      }
    }
  });
});

describe('4.1.3.1 registers take what the access carries', () => {
  const registers: [name: string, offset: number, size: AccessSize][] = [
    ['device_feature_select', spec.COMMON_DEVICE_FEATURE_SELECT, 4],
    ['driver_feature_select', spec.COMMON_DRIVER_FEATURE_SELECT, 4],
    ['queue_select', spec.COMMON_QUEUE_SELECT, 2],
    ['queue_size', spec.COMMON_QUEUE_SIZE, 2],
    ['queue_desc', spec.COMMON_QUEUE_DESC, 4],
    ['queue_driver, high half', spec.COMMON_QUEUE_DRIVER + 4, 4],
    ['queue_device', spec.COMMON_QUEUE_DEVICE, 4],
  ];

  test.each(registers)('%s', (_, offset, size) => {
    const { pci } = onPci(false);
    for (const [value, word] of VALUES) {
      pci.write(spec.COMMON_QUEUE_SELECT, 2, 0);
      pci.write(offset, size, value);
      expect(pci.read(offset, size), `${value}`).toBe(cut(word, size));
    }
  });

  test.each([0x100, -0x100, 2 ** 32, Number.NaN])('device_status: %s in 8 bits is 0, a reset', (value) => {
    const { rig, pci } = onPci();
    session(rig);
    pci.write(spec.COMMON_DEVICE_STATUS, 1, value);
    expect(rig.device.status).toBe(0);
    expect(rig.device.sessionCount).toBe(0);
    expect(rig.device.queues[0]?.enabled).toBe(false);
  });

  test('device_status: 0x103 in 8 bits is ACKNOWLEDGE and DRIVER', () => {
    const { rig, pci } = onPci(false);
    pci.write(spec.COMMON_DEVICE_STATUS, 1, 0x103);
    expect(rig.device.status).toBe(3);
  });

  test('queue_enable and queue_reset: 0x10001 in 16 bits is 1', () => {
    const { rig, pci } = onPci(false);
    rig.negotiate(rig.device.offeredFeatures);
    expect(rig.device.ringResetNegotiated).toBe(true);
    const queue = rig.device.queues[0] ?? expect.unreachable();
    Object.assign(queue, {
      size: rig.data.size,
      desc: BigInt(rig.data.desc),
      driver: BigInt(rig.data.avail),
      device: BigInt(rig.data.used),
    });
    pci.write(spec.COMMON_QUEUE_SELECT, 2, 0x1_0000);
    pci.write(spec.COMMON_QUEUE_ENABLE, 2, 0x1_0001);
    expect(queue.enabled).toBe(true);
    pci.write(spec.COMMON_QUEUE_RESET, 2, 0x1_0001);
    expect(queue.enabled).toBe(false);
  });

  test.each([
    [1, 0x1ff, 0xff],
    [2, 0x5_0001, 1],
    [4, 2 ** 32 + 0x7_0001, 1],
    [2, -1, 0xffff],
  ] as const)('a notification of %i bytes, %s, is for queue %i', (size, value, queue) => {
    const heard: number[] = [];
    const pci = new VirtioPci(new Rig().device, () => {}, { notify: (index) => heard.push(index) });
    pci.write(layout.NOTIFY.offset, size, value);
    expect(heard).toEqual([queue]);
  });

  test('MSI-X vectors: 0x10001 in 16 bits is vector 1', () => {
    const { pci } = onPci();
    for (const register of [spec.COMMON_CONFIG_MSIX_VECTOR, spec.COMMON_QUEUE_MSIX_VECTOR]) {
      pci.write(register, 2, 0x1_0001);
      expect(pci.read(register, 2)).toBe(1);
    }
  });

  test('an entry of the MSI-X table takes 32 bits of each word, and no narrower access', () => {
    const { pci } = onPci();
    for (const [value, word] of VALUES) {
      for (const field of [spec.MSIX_ENTRY_ADDRESS, spec.MSIX_ENTRY_ADDRESS_HIGH, spec.MSIX_ENTRY_DATA, 12]) {
        const at = spec.MSIX_ENTRY_BYTES + field;
        pci.writeBar(1, at, 4, value);
        const bits = { [spec.MSIX_ENTRY_ADDRESS]: 0xffff_fffc, [spec.MSIX_ENTRY_CONTROL]: 1 }[field] ?? 0xffff_ffff;
        expect(pci.readBar(1, at, 4), `${value} at ${at}`).toBe((word & bits) >>> 0);
        for (const size of [1, 2] as const) pci.writeBar(1, at, size, 0x3_0202);
        expect(pci.readBar(1, at, 4), `${value} at ${at}`).toBe((word & bits) >>> 0);
      }
    }
  });

  test('the PCI_CFG window passes on as many bytes as cap.length says', () => {
    const { pci } = onPci();
    const { CAP_PCI_CFG_AT } = layout;
    pci.writeConfig(CAP_PCI_CFG_AT + spec.CAP_OFFSET, 4, 2 ** 32 + spec.COMMON_DEVICE_STATUS);
    pci.writeConfig(CAP_PCI_CFG_AT + spec.CAP_LENGTH, 4, 2 ** 32 + 1);
    pci.writeConfig(CAP_PCI_CFG_AT + spec.CAP_PCI_CFG_DATA, 4, 0x5a5a_5a00);
    expect(pci.read(spec.COMMON_DEVICE_STATUS, 1)).toBe(0);
  });

  test('the configuration space takes 8, 16 and 32 bits of a value', () => {
    const { pci } = onPci();
    for (const [value, word] of VALUES) {
      for (const size of SIZES) {
        pci.writeConfig(spec.PCI_BAR0, 4, 0);
        pci.writeConfig(spec.PCI_BAR0, size, value);
        expect(pci.readConfig(spec.PCI_BAR0, 4), `${value} of ${size}`).toBe((cut(word, size) & 0xffff_f000) >>> 0);
        pci.writeConfig(spec.PCI_INTERRUPT_LINE, 1, value);
        expect(pci.readConfig(spec.PCI_INTERRUPT_LINE, 1)).toBe(cut(word, 1));
      }
    }
  });
});

const NO_OFFSETS = [-1, -4, 0.5, 4.5, 20.25, -0.5, Number.NaN, 2 ** 32, 2 ** 32 + 20, 2 ** 53, 1e300];
const INFINITE = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe.each([...NO_OFFSETS, ...INFINITE])('PCI 3.0, 6.1: at the offset %s there is nothing', (offset) => {
  test('PCI: reads give 0 and writes do nothing', () => {
    const { rig, pci } = onPci();
    const before = [rig.device.save(), pci.save()];
    for (const size of SIZES) {
      for (const value of [0, 1, -1]) {
        pci.write(offset, size, value);
        pci.writeConfig(offset, size, value);
        for (const bar of [0, 1, 2, -1, 0.5, Number.NaN]) pci.writeBar(bar, offset, size, value);
      }
      expect(pci.read(offset, size)).toBe(0);
      expect(pci.readConfig(offset, size)).toBe(0);
      for (const bar of [0, 1, 2, -1, 0.5, Number.NaN]) expect(pci.readBar(bar, offset, size)).toBe(0);
    }
    expect([rig.device.save(), pci.save()]).toEqual(before);
    expectWorks(rig);
  });

  test('MMIO: reads give 0 and writes do nothing', () => {
    const { rig, registers } = onMmio();
    const before = [rig.device.save(), registers.save()];
    for (const size of SIZES) {
      for (const value of [0, 1, -1]) registers.write(offset, size, value);
      expect(registers.read(offset, size)).toBe(0);
      expect(registers.read(mmio.MMIO_CONFIG + offset, size)).toBe(0);
    }
    expect(rig.device.config.byte(offset)).toBe(0);
    expect([rig.device.save(), registers.save()]).toEqual(before);
  });
});

test('an access that reaches beyond the configuration space, or a structure, reads 0 there', () => {
  const { pci } = onPci();
  pci.writeConfig(0xfe, 4, -1);
  expect(pci.readConfig(0xfe, 4)).toBe(0);
  const end = layout.DEVICE.offset + layout.DEVICE.bytes;
  expect(pci.read(end - 2, 4)).toBe(pci.read(end - 2, 2));
});

describe.each([0, 3, 8, -1, 1.5, Number.NaN, '4', undefined, 4n])('a size of %s is refused', (size) => {
  const wrong = size as AccessSize;
  const message = `size is ${size}: give 1, 2 or 4`;

  test.each([
    ['PCI', onPci],
    ['PCI after its removal', removed],
  ] as const)('%s', (_, plugged) => {
    const { pci } = plugged();
    const accesses = [
      () => pci.read(0, wrong),
      () => pci.write(0, wrong, 0),
      () => pci.readConfig(0, wrong),
      () => pci.writeConfig(0, wrong, 0),
      ...[0, 1, 2].flatMap((bar) => [() => pci.readBar(bar, 0, wrong), () => pci.writeBar(bar, 0, wrong, 0)]),
    ];
    for (const access of accesses) expect(access).toThrow(new RegExp(`^${message}`));
    for (const access of accesses) expect(access).toThrow(RangeError);
  });

  test('MMIO', () => {
    const { rig, registers } = onMmio();
    for (const access of [() => registers.read(0x70, wrong), () => registers.write(0x70, wrong, 0)]) {
      expect(access).toThrow(RangeError);
      expect(access).toThrow(message);
    }
    expect(rig.device.status).toBe(UP);
  });
});

function removed() {
  const plugged = onPci();
  plugged.pci.remove();
  return plugged;
}

test.each([undefined, null, '1', 1n, {}])('a value that is no number is refused: %s', (value) => {
  const wrong = value as number;
  const { rig, pci } = onPci();
  const { registers } = onMmio();
  const message = `value is ${value}: give a number.`;
  expect(() => pci.write(spec.COMMON_DEVICE_STATUS, 1, wrong)).toThrow(new TypeError(message));
  expect(() => pci.writeBar(1, 0, 4, wrong)).toThrow(new TypeError(message));
  expect(() => pci.writeConfig(0, 4, wrong)).toThrow(new TypeError(message));
  expect(() => registers.write(mmio.MMIO_STATUS, 4, wrong)).toThrow(new TypeError(message));
  expect(rig.device.status).toBe(UP);
});
