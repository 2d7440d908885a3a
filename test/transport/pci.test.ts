import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio_pci.ts';
import { findStructures, type PciFunction } from '../../src/driver/pci_bus.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { type AccessSize, VirtioPci } from '../../src/transport/pci/pci.ts';
import { expectWorks, prepare, session } from '../support/requests.ts';
import { Rig, type RigOptions, UP, VERSION_1 } from '../support/rig.ts';

const SIZES: AccessSize[] = [1, 2, 4];

function plugged(options: RigOptions = {}) {
  const rig = new Rig(options);
  const lines: boolean[] = [];
  const pci = new VirtioPci(rig.device, (level) => lines.push(level));
  return { rig, pci, lines };
}

const unstarted = (options: RigOptions = {}) => plugged({ ...options, start: false });
const status = (pci: VirtioPci) => pci.read(spec.COMMON_DEVICE_STATUS, 1);
const setStatus = (pci: VirtioPci, value: number) => pci.write(spec.COMMON_DEVICE_STATUS, 1, value);

describe('4.1.2 identity', () => {
  const { pci } = unstarted();
  const space = new DataView(pci.configHeader(0xac00).buffer);

  test('4.1.2.1 vendor 1af4, device 1054, revision 1 or more, subsystem 0x40 or more [4.1.2.1-1] [4.1.2.1-2] [4.1.2.1-3] [4.1.2.1-4] [4.1.2.1-5]', () => {
    expect(space.byteLength).toBe(256);
    expect(space.getUint16(0, true)).toBe(0x1af4);
    expect(space.getUint16(2, true)).toBe(0x1054);
    expect(space.getUint8(8)).toBeGreaterThanOrEqual(1);
    expect(space.getUint16(0x2c, true)).toBe(0x1af4);
    expect(space.getUint16(0x2e, true)).toBeGreaterThanOrEqual(0x40);
  });

  test('is an encryption controller with an I/O BAR where it was put, interrupt pin A, and a capability list [4.1.1-1]', () => {
    expect(space.getUint8(0x0b)).toBe(0x10);
    expect(space.getUint8(0x0a)).toBe(0x80);
    expect(space.getUint32(0x10, true)).toBe(0xac01);
    expect([1, 2, 3, 4, 5].map((bar) => space.getUint32(0x10 + 4 * bar, true))).toEqual([0, 0, 0, 0, 0]);
    expect(space.getUint8(0x3d)).toBe(1);
    expect(space.getUint16(6, true) & 0x10).toBe(0x10);
    expect(space.getUint8(0x0e) & 0x7f).toBe(0);
  });
});

describe('4.1.4 capabilities', () => {
  const { pci } = unstarted({ dataQueues: 64 });
  const space = new DataView(pci.configHeader(0x1000).buffer);
  const capabilities: { at: number; length: number; type: number; bar: number; offset: number; bytes: number }[] = [];
  for (let at = space.getUint8(0x34), hops = 0; at && hops < 48; at = space.getUint8(at + 1), hops++) {
    expect(space.getUint8(at)).toBe(9);
    capabilities.push({
      at,
      length: space.getUint8(at + 2),
      type: space.getUint8(at + 3),
      bar: space.getUint8(at + 4),
      offset: space.getUint32(at + 8, true),
      bytes: space.getUint32(at + 12, true),
    });
  }
  const of = (type: number) => capabilities.find((capability) => capability.type === type) ?? expect.unreachable();

  test('there is one of each type: common, notify, ISR, device, PCI_CFG [4.1.4.3.1-2] [4.1.4.4.1-1] [4.1.4.5.1-1] [4.1.4.6-1] [4.1.4.9.1-1]', () => {
    expect(capabilities.map(({ type }) => type)).toEqual([1, 2, 3, 4, 5]);
  });

  test('each is as long as it says, aligned, apart from the others and behind the header [4.1.4.2-1]', () => {
    const bytes = new Set<number>();
    for (const { at, length, type } of capabilities) {
      expect(length).toBe(type === 2 || type === 5 ? 20 : 16);
      expect(at % 4).toBe(0);
      expect(at).toBeGreaterThanOrEqual(0x40);
      expect(at + length).toBeLessThanOrEqual(256);
      for (let i = at; i < at + length; i++) {
        expect(bytes.has(i)).toBe(false);
        bytes.add(i);
      }
    }
  });

  test('the structures lie in BAR 0, apart from each other, aligned as each section demands [4.1.4.3.1-1] [4.1.4.4.1-2] [4.1.4.4.1-7] [4.1.4.6.1-1]', () => {
    const bytes = new Set<number>();
    for (const { type, bar, offset, bytes: length } of capabilities.filter(({ type }) => type !== 5)) {
      expect(bar).toBe(0);
      expect(offset + length).toBeLessThanOrEqual(pci.barBytes);
      expect(offset % (type === 2 ? 2 : type === 3 ? 1 : 4)).toBe(0);
      for (let i = offset; i < offset + length; i++) {
        expect(bytes.has(i)).toBe(false);
        bytes.add(i);
      }
    }
    expect(pci.barBytes).toBeLessThanOrEqual(256);
  });

  test('4.1.4.4.1 the notification structure holds queue_notify_off * multiplier + 2 for every queue [4.1.4.4.1-3] [4.1.4.4.1-4] [4.1.4.4.1-5]', () => {
    const multiplier = space.getUint32(of(2).at + 16, true);
    expect(multiplier === 0 || (multiplier & (multiplier - 1)) === 0).toBe(true);
    for (let queue = 0; queue <= 64; queue++) {
      pci.write(spec.COMMON_QUEUE_SELECT, 2, queue);
      const offset = pci.read(spec.COMMON_QUEUE_NOTIFY_OFF, 2);
      expect(of(2).bytes).toBeGreaterThanOrEqual(offset * multiplier + 2);
    }
  });

  test('a driver finds every structure by the list', () => {
    const read = { 1: 'getUint8', 2: 'getUint16', 4: 'getUint32' } as const;
    const target: PciFunction = {
      readConfig: (offset, size) => space[read[size]](offset, true),
      writeConfig: () => {},
      readBar: () => 0,
      writeBar: () => {},
    };
    const found = findStructures(target, 20);
    expect(found.common).toMatchObject({ bar: 0, offset: 0, bytes: 0x40 });
    expect(found.device.bytes).toBe(56);
    expect(() => findStructures(target, 4)).toThrow('PCI 1af4:1054 is not a modern virtio device of type 4.');
  });
});

describe('4.1.4.3 the common configuration', () => {
  test('device_feature shows 32 bits at device_feature_select * 32, and 0 beyond 63 [4.1.4.3.1-3]', () => {
    const { pci, rig } = unstarted();
    for (const [select, expected] of [
      [0, Number(rig.device.offeredFeatures & 0xffffffffn)],
      [1, Number(rig.device.offeredFeatures >> 32n)],
      [2, 0],
      [0xffffffff, 0],
    ] as const) {
      pci.write(spec.COMMON_DEVICE_FEATURE_SELECT, 4, select);
      expect(pci.read(spec.COMMON_DEVICE_FEATURE_SELECT, 4)).toBe(select);
      expect(pci.read(spec.COMMON_DEVICE_FEATURE, 4)).toBe(expected);
    }
  });

  test('driver_feature shows what the driver wrote, word by word [4.1.4.3.1-4]', () => {
    const { pci, rig } = unstarted();
    setStatus(pci, 3);
    for (const [select, value] of [
      [0, 0xf0000001],
      [1, 0x80000001],
    ] as const) {
      pci.write(spec.COMMON_DRIVER_FEATURE_SELECT, 4, select);
      pci.write(spec.COMMON_DRIVER_FEATURE, 4, value);
      expect(pci.read(spec.COMMON_DRIVER_FEATURE, 4)).toBe(value);
    }
    expect(rig.device.driverFeatures).toBe(0x80000001f0000001n);
  });

  test('num_queues counts the control queue; without MSI-X no vector is assigned or can be [4.1.5.1.2.1-9]', () => {
    const { pci } = unstarted({ dataQueues: 5 });
    expect(pci.read(spec.COMMON_NUM_QUEUES, 2)).toBe(6);
    for (const vector of [spec.COMMON_CONFIG_MSIX_VECTOR, spec.COMMON_QUEUE_MSIX_VECTOR]) {
      pci.write(vector, 2, 1);
      expect(pci.read(vector, 2)).toBe(0xffff);
    }
  });

  test('the driver writes device_status, and a 0 there resets device and selectors [4.1.4.3.1-6]', () => {
    const { pci, rig } = plugged();
    session(rig);
    pci.write(spec.COMMON_QUEUE_SELECT, 2, 1);
    pci.write(spec.COMMON_DEVICE_FEATURE_SELECT, 4, 1);
    expect(status(pci)).toBe(UP);
    setStatus(pci, 0);
    expect(status(pci)).toBe(0);
    expect(rig.device.sessionCount).toBe(0);
    expect(pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(0);
    expect(pci.read(spec.COMMON_DEVICE_FEATURE_SELECT, 4)).toBe(0);
    expect(pci.read(spec.COMMON_QUEUE_ENABLE, 2)).toBe(0);
  });

  test('registers that are read-only stay as they are', () => {
    const { pci } = plugged();
    for (const [offset, size] of [
      [spec.COMMON_DEVICE_FEATURE, 4],
      [spec.COMMON_NUM_QUEUES, 2],
      [spec.COMMON_CONFIG_GENERATION, 1],
      [spec.COMMON_QUEUE_NOTIFY_OFF, 2],
    ] as const) {
      const before = pci.read(offset, size);
      pci.write(offset, size, 0x5a5a5a5a);
      expect(pci.read(offset, size)).toBe(before);
    }
  });

  test('4.1.4.3.1 queue_select of a queue that does not exist: size 0, and writes go nowhere [4.1.4.3.1-13]', () => {
    const { pci, rig } = plugged();
    for (const index of [2, 3, 255, 0xffff]) {
      pci.write(spec.COMMON_QUEUE_SELECT, 2, index);
      expect(pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(index);
      pci.write(spec.COMMON_QUEUE_SIZE, 2, 8);
      for (let half = spec.COMMON_QUEUE_DESC; half < spec.COMMON_BYTES; half += 4) pci.write(half, 4, 0x12345678);
      pci.write(spec.COMMON_QUEUE_ENABLE, 2, 1);
      expect(pci.read(spec.COMMON_QUEUE_SIZE, 2)).toBe(0);
      expect(pci.read(spec.COMMON_QUEUE_ENABLE, 2)).toBe(0);
      for (let half = spec.COMMON_QUEUE_DESC; half < spec.COMMON_BYTES; half += 4) expect(pci.read(half, 4)).toBe(0);
    }
    expect(rig.needsReset).toBe(false);
    expectWorks(rig);
  });

  test('queue addresses of 64 bits are written and read in two halves, in any order', () => {
    const { pci, rig } = unstarted();
    const registers = [spec.COMMON_QUEUE_DESC, spec.COMMON_QUEUE_DRIVER, spec.COMMON_QUEUE_DEVICE];
    for (const [i, register] of registers.entries()) {
      pci.write(register + 4, 4, 0xdead0000 + i);
      pci.write(register, 4, 0xffff0000 + i);
      expect(pci.read(register, 4)).toBe(0xffff0000 + i);
      expect(pci.read(register + 4, 4)).toBe(0xdead0000 + i);
      pci.write(register + 4, 4, 1);
    }
    const { desc, driver, device } = rig.device.queues[0] ?? expect.unreachable();
    expect([desc, driver, device]).toEqual([0x1ffff0000n, 0x1ffff0001n, 0x1ffff0002n]);
  });

  test('4.1.4.3.2 a queue that is enabled keeps its size and addresses; 0 in queue_enable does nothing', () => {
    const { pci, rig } = plugged();
    expect(pci.read(spec.COMMON_QUEUE_ENABLE, 2)).toBe(1);
    pci.write(spec.COMMON_QUEUE_SIZE, 2, 8);
    pci.write(spec.COMMON_QUEUE_DESC, 4, 0x100);
    pci.write(spec.COMMON_QUEUE_ENABLE, 2, 0);
    expect(pci.read(spec.COMMON_QUEUE_SIZE, 2)).toBe(64);
    expect(pci.read(spec.COMMON_QUEUE_DESC, 4)).toBe(rig.data.desc);
    expect(pci.read(spec.COMMON_QUEUE_ENABLE, 2)).toBe(1);
    expectWorks(rig);
  });
});

describe('4.1.3.1 widths', () => {
  const registers: [name: string, offset: number, size: AccessSize, value: number][] = [
    ['device_feature_select', spec.COMMON_DEVICE_FEATURE_SELECT, 4, 1],
    ['driver_feature_select', spec.COMMON_DRIVER_FEATURE_SELECT, 4, 1],
    ['driver_feature', spec.COMMON_DRIVER_FEATURE, 4, 0x30000000],
    ['device_status', spec.COMMON_DEVICE_STATUS, 1, 1],
    ['queue_select', spec.COMMON_QUEUE_SELECT, 2, 1],
    ['queue_size', spec.COMMON_QUEUE_SIZE, 2, 16],
    ['queue_desc', spec.COMMON_QUEUE_DESC, 4, 0x1000],
    ['queue_desc, high half', spec.COMMON_QUEUE_DESC + 4, 4, 1],
    ['queue_driver', spec.COMMON_QUEUE_DRIVER, 4, 0x1000],
    ['queue_device', spec.COMMON_QUEUE_DEVICE, 4, 0x1000],
  ];

  test.each(registers)('%s is written with its own width, and ignores any other', (_, offset, size, value) => {
    const { pci } = unstarted();
    const before = pci.read(offset, size);
    for (const other of SIZES.filter((width) => width !== size)) {
      pci.write(offset, other, value);
      expect(pci.read(offset, size)).toBe(before);
    }
    pci.write(offset, size, value);
    expect(pci.read(offset, size)).toBe(value);
  });

  test('a register can be read in any width: little-endian bytes of the structure', () => {
    const { pci } = plugged();
    for (let offset = 0; offset < spec.COMMON_BYTES; offset++) {
      const bytes = [0, 1, 2, 3].map((i) => pci.read(offset + i, 1));
      expect(pci.read(offset, 2)).toBe((bytes[0] ?? 0) + 256 * (bytes[1] ?? 0));
      if (offset + 4 <= spec.COMMON_BYTES) {
        expect(pci.read(offset, 4)).toBe(bytes.reduceRight((sum, byte) => sum * 256 + byte, 0));
      }
    }
  });

  test('4.1.3.1 a 64-bit field of the device configuration is read in two halves [4.1.3.2-1]', () => {
    const { pci } = unstarted({ maxRequestBytes: 0x12345 });
    expect(pci.read(layout.DEVICE.offset + 48, 4)).toBe(0x12345);
    expect(pci.read(layout.DEVICE.offset + 52, 4)).toBe(0);
  });

  test('reading or writing any offset of the BAR in any width never throws', () => {
    const { pci, rig } = plugged();
    for (const value of [0, 1, 0x80, 0xffff, 0xffffffff, -1, 0x12345678]) {
      for (let offset = 0; offset < 256; offset++) {
        for (const size of SIZES) {
          const read = pci.read(offset, size);
          expect(Number.isInteger(read) && read >= 0 && read < 2 ** (8 * size)).toBe(true);
          pci.write(offset, size, value);
        }
      }
    }
    rig.interrupts = [];
    pci.reset();
    rig.bringUp();
    expectWorks(rig);
  });

  test('what belongs to no structure reads as 0', () => {
    const { pci } = plugged();
    const structures = [layout.COMMON, layout.ISR, layout.DEVICE];
    for (let offset = 0; offset < 256; offset++) {
      if (structures.some((place) => offset >= place.offset && offset < place.offset + place.bytes)) continue;
      expect(pci.read(offset, 1), `offset ${offset}`).toBe(0);
    }
  });
});

test('4.1.4.3 a driver that never uses anything but registers brings the device up', () => {
  const { pci, rig } = unstarted({ features: VERSION_1 });
  setStatus(pci, 0);
  setStatus(pci, 1);
  setStatus(pci, 3);
  pci.write(spec.COMMON_DRIVER_FEATURE_SELECT, 4, 1);
  pci.write(spec.COMMON_DRIVER_FEATURE, 4, 1);
  setStatus(pci, 11);
  expect(status(pci)).toBe(11);
  for (const [index, ring] of [rig.data, rig.control].entries()) {
    ring.clear();
    pci.write(spec.COMMON_QUEUE_SELECT, 2, index);
    expect(pci.read(spec.COMMON_QUEUE_SIZE, 2)).toBe(64);
    pci.write(spec.COMMON_QUEUE_SIZE, 2, ring.size);
    pci.write(spec.COMMON_QUEUE_DESC, 4, ring.desc);
    pci.write(spec.COMMON_QUEUE_DRIVER, 4, ring.avail);
    pci.write(spec.COMMON_QUEUE_DEVICE, 4, ring.used);
    pci.write(spec.COMMON_QUEUE_ENABLE, 2, 1);
    expect(pci.read(spec.COMMON_QUEUE_ENABLE, 2)).toBe(1);
  }
  setStatus(pci, 15);
  expect(status(pci)).toBe(15);
  rig.data.describeChain(prepare(rig, { id: session(rig) }));
  rig.data.offer(0);
  pci.write(layout.NOTIFY.offset, 2, 0);
  expect(rig.data.usedIdx).toBe(1);
  expectWorks(rig);
});
