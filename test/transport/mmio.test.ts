import { describe, expect, test } from 'vitest';
import { CONFIG_MAX_DATAQUEUES, CONFIG_STATUS } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import * as spec from '../../spec/virtio_mmio.ts';
import { StateError } from '../../src/device/state.ts';
import { MmioTransport } from '../../src/driver/mmio_transport.ts';
import { type MmioState, VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorks, prepare, reference, send, session } from '../support/requests.ts';
import { type AnyRig, NEEDS_RESET, PackedRig, RIGS, Rig, type RigOptions, UP } from '../support/rig.ts';

/** The registers of a rig's device, and the levels that its interrupt line took. */
function attach(rig: AnyRig) {
  const line: boolean[] = [];
  const registers = new VirtioMmio(rig.device, (level) => line.push(level));
  const read = (offset: number) => registers.read(offset, 4);
  const write = (offset: number, value: number) => registers.write(offset, 4, value);
  return { rig, registers, line, read, write };
}

const unstarted = (options: RigOptions = {}) => attach(new Rig({ ...options, start: false }));
const started = (options: RigOptions = {}) => attach(new Rig(options));

describe('4.2.2 MMIO device registers', () => {
  test('4.2.2.1 identity: magic value, version 2, device id 20, a vendor [4.2.2.1-1] [4.2.2.1-2]', () => {
    const { read } = unstarted();
    expect(read(spec.MMIO_MAGIC_VALUE)).toBe(0x74726976);
    expect(read(spec.MMIO_VERSION_REGISTER)).toBe(2);
    expect(read(spec.MMIO_DEVICE_ID)).toBe(20);
    expect(read(spec.MMIO_VENDOR_ID)).not.toBe(0);
  });

  test('DeviceFeatures shows 32 bits at DeviceFeaturesSel * 32, and 0 beyond 63', () => {
    const { rig, read, write } = unstarted();
    for (const [select, expected] of [
      [0, Number(rig.device.offeredFeatures & 0xffffffffn)],
      [1, Number(rig.device.offeredFeatures >> 32n)],
      [2, 0],
      [0xffffffff, 0],
    ] as const) {
      write(spec.MMIO_DEVICE_FEATURES_SEL, select);
      expect(read(spec.MMIO_DEVICE_FEATURES)).toBe(expected);
    }
  });

  test('DriverFeatures takes 32 bits at DriverFeaturesSel * 32, and none beyond 63', () => {
    const { rig, write } = unstarted();
    for (const [select, value] of [
      [0, 0x30000000],
      [1, 0x80000001],
      [2, 0xffffffff],
    ] as const) {
      write(spec.MMIO_DRIVER_FEATURES_SEL, select);
      write(spec.MMIO_DRIVER_FEATURES, value);
    }
    expect(rig.device.driverFeatures).toBe(0x80000001_30000000n);
  });

  test('QueueSizeMax is 0 where there is no queue', () => {
    const { read, write } = unstarted({ dataQueues: 3 });
    const sizes = [0, 1, 2, 3, 4, 0xffff, 0xffffffff].map((index) => {
      write(spec.MMIO_QUEUE_SEL, index);
      return read(spec.MMIO_QUEUE_SIZE_MAX);
    });
    expect(sizes).toEqual([64, 64, 64, 64, 0, 0, 0]);
  });

  test('the addresses of a queue are written in halves, in any order', () => {
    const { rig, write } = unstarted();
    write(spec.MMIO_QUEUE_SEL, 1);
    write(spec.MMIO_QUEUE_DESC_HIGH, 0xffffffff);
    write(spec.MMIO_QUEUE_DESC_LOW, 0x89abcdef);
    write(spec.MMIO_QUEUE_DRIVER_LOW, 0x80000000);
    write(spec.MMIO_QUEUE_DRIVER_HIGH, 1);
    write(spec.MMIO_QUEUE_DEVICE_HIGH, 2);
    write(spec.MMIO_QUEUE_SIZE, 8);
    expect(rig.device.queues[1]?.save()).toEqual({
      size: 8,
      enabled: false,
      desc: `${0xffffffff_89abcdefn}`,
      driver: `${0x1_80000000n}`,
      device: `${0x2_00000000n}`,
    });
    expect(rig.device.queues[0]?.desc).toBe(0n);
  });

  test('4.2.2.2 the registers of a queue that is ready are not changed', () => {
    const { rig, read, write } = started();
    const before = rig.device.queues[0]?.save();
    write(spec.MMIO_QUEUE_SEL, 0);
    expect(read(spec.MMIO_QUEUE_READY)).toBe(1);
    for (let offset = spec.MMIO_QUEUE_DESC_LOW; offset <= spec.MMIO_QUEUE_DEVICE_HIGH; offset += 4)
      write(offset, 0x1000);
    write(spec.MMIO_QUEUE_SIZE, 1);
    write(spec.MMIO_QUEUE_READY, 2);
    expect(rig.device.queues[0]?.save()).toEqual(before);
    expectWorks(rig);
  });

  test('a shared memory region that does not exist has length and base -1', () => {
    const { read, write } = unstarted();
    write(0x0ac, 0);
    expect([0x0b0, 0x0b4, 0x0b8, 0x0bc].map(read)).toEqual([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]);
  });

  test('registers that are written only, and what is none, read as 0', () => {
    const { read } = started();
    const readable = [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x044, 0x060, 0x070, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0fc];
    for (let offset = 0; offset < spec.MMIO_CONFIG; offset += 4) {
      if (!readable.includes(offset)) expect(read(offset), `offset 0x${offset.toString(16)}`).toBe(0);
    }
  });

  test('4.2.2.2 accesses that are not 32 bits wide and aligned read as 0 and change nothing', () => {
    const { rig, registers } = started();
    const before = rig.device.save();
    for (let offset = 0; offset < spec.MMIO_CONFIG; offset++) {
      for (const size of [1, 2, 4] as const) {
        if (size === 4 && offset % 4 === 0) continue;
        expect(registers.read(offset, size)).toBe(0);
        registers.write(offset, size, 0);
      }
    }
    expect(rig.device.save()).toEqual(before);
  });

  test('writes to registers that are read only, or none, change nothing', () => {
    const { rig, write, registers } = started();
    const before = [rig.device.save(), registers.save()];
    const written = [0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070, 0x0c0];
    for (let offset = 0; offset < spec.MMIO_BYTES; offset += 4)
      if (!written.includes(offset)) write(offset, 0xffffffff);
    expect([rig.device.save(), registers.save()]).toEqual(before);
  });
});

describe('4.2.2.1 QueueReady', () => {
  test('with QueueReady 0 nothing of a queue is read or written [4.2.2.1-7]', () => {
    const { rig, write } = started();
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
    write(spec.MMIO_QUEUE_SEL, 0);
    write(spec.MMIO_QUEUE_READY, 0);
    const before = rig.snapshot();
    write(spec.MMIO_QUEUE_NOTIFY, 0);
    expect(before.changes()).toEqual([]);
  });
});

describe('4.2.2 the configuration space', () => {
  test('stands at 0x100 and is read in bytes, halves and words', () => {
    const { rig, registers } = unstarted({ dataQueues: 5 });
    const at = spec.MMIO_CONFIG;
    for (let offset = 0; offset < 60; offset++) {
      expect(registers.read(at + offset, 1)).toBe(rig.device.config.byte(offset));
      const half = rig.device.config.byte(offset) + 256 * rig.device.config.byte(offset + 1);
      expect(registers.read(at + offset, 2)).toBe(half);
    }
    expect(registers.read(at + CONFIG_MAX_DATAQUEUES, 4)).toBe(5);
    expect(registers.read(spec.MMIO_BYTES - 4, 4)).toBe(0);
  });

  test('2.5.3 ConfigGeneration changes with the contents [4.2.2.1-6]', () => {
    const { rig, read } = started();
    const before = read(spec.MMIO_CONFIG_GENERATION);
    rig.device.setHardwareReady(false);
    expect(read(spec.MMIO_CONFIG_GENERATION)).not.toBe(before);
    expect(read(spec.MMIO_CONFIG + CONFIG_STATUS)).toBe(0);
  });
});

describe('4.2.2.1 interrupts', () => {
  const offer = (rig: AnyRig) => {
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
  };

  test('InterruptStatus holds each event until InterruptACK names it; the line is its sum [4.2.2.1-3] [4.2.2.1-4]', () => {
    const { rig, read, write, line } = started();
    offer(rig);
    write(spec.MMIO_INTERRUPT_ACK, 3);
    line.length = 0;
    write(spec.MMIO_QUEUE_NOTIFY, 0);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(spec.MMIO_INTERRUPT_QUEUE);
    rig.device.setHardwareReady(false);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(spec.MMIO_INTERRUPT_QUEUE | spec.MMIO_INTERRUPT_CONFIG);
    expect(line).toEqual([true]);
    write(spec.MMIO_INTERRUPT_ACK, spec.MMIO_INTERRUPT_QUEUE);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(spec.MMIO_INTERRUPT_CONFIG);
    expect(line).toEqual([true]);
    write(spec.MMIO_INTERRUPT_ACK, 0xffffffff);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(0);
    expect(line).toEqual([true, false]);
    write(spec.MMIO_INTERRUPT_ACK, 0xffffffff);
    expect(line).toEqual([true, false]);
  });

  test.each(['status', 'machine'])('a reset of the %s clears them all, and the ready bits [4.2.2.1-5]', (kind) => {
    const { rig, registers, read, write, line } = started();
    rig.device.setHardwareReady(false);
    write(spec.MMIO_QUEUE_SEL, 1);
    if (kind === 'status') write(spec.MMIO_STATUS, 0);
    else registers.reset();
    expect(read(spec.MMIO_STATUS)).toBe(0);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(0);
    expect(line).toEqual([true, false]);
    for (const index of [0, 1]) {
      write(spec.MMIO_QUEUE_SEL, index);
      expect(read(spec.MMIO_QUEUE_READY)).toBe(0);
      expect(read(spec.MMIO_QUEUE_RESET)).toBe(0);
    }
    rig.bringUp();
    expectWorks(rig);
  });

  test('2.1.2 a broken device sets DEVICE_NEEDS_RESET in Status and interrupts', () => {
    const { rig, read, write } = started();
    rig.data.describeChain([{ address: 2n ** 40n, bytes: 1 }]);
    rig.data.offer(0);
    write(spec.MMIO_QUEUE_NOTIFY, 0);
    expect(read(spec.MMIO_STATUS)).toBe(UP | NEEDS_RESET);
    expect(read(spec.MMIO_INTERRUPT_STATUS)).toBe(spec.MMIO_INTERRUPT_CONFIG);
  });

  test('save() and restore() keep what is selected and what is pending', () => {
    const from = started();
    from.write(spec.MMIO_QUEUE_SEL, 1);
    from.write(spec.MMIO_DEVICE_FEATURES_SEL, 1);
    from.rig.device.setHardwareReady(false);
    const to = started();
    to.rig.device.restore(JSON.parse(JSON.stringify(from.rig.device.save())));
    to.registers.restore(JSON.parse(JSON.stringify(from.registers.save())));
    expect(to.line).toEqual([true]);
    expect(to.read(spec.MMIO_INTERRUPT_STATUS)).toBe(spec.MMIO_INTERRUPT_CONFIG);
    expect(to.read(spec.MMIO_DEVICE_FEATURES)).toBe(Number(to.rig.device.offeredFeatures >> 32n));
    to.write(spec.MMIO_QUEUE_SIZE, 1);
    expect(to.registers.save()).toEqual(from.registers.save());
  });

  const selected = { deviceFeature: 0, driverFeature: 0, queue: 0 };
  test.each([
    [undefined, 'state'],
    [{}, 'interruptStatus'],
    [{ interruptStatus: 4, selected }, 'interruptStatus'],
    [{ interruptStatus: 'x', selected }, 'interruptStatus'],
    [{ interruptStatus: 1 }, 'selected'],
    [{ interruptStatus: 1, selected: { ...selected, queue: -1 } }, 'selected.queue'],
    [{ interruptStatus: 1, selected: { ...selected, page: 1 } }, 'selected.page'],
    [{ interruptStatus: 1, selected, version: 1 }, 'version'],
  ])('restore() refuses %j, and takes nothing of it', (state, place) => {
    const { registers, line } = started();
    const before = registers.save();
    const restore = () => registers.restore(state as MmioState);
    expect(restore).toThrow(StateError);
    expect(restore).toThrow(`The saved state of the MMIO transport is damaged: ${place}: `);
    expect(registers.save()).toEqual(before);
    expect(line).toEqual([]);
  });
});

describe.each(RIGS)('2.9 notifications of a %s ring', (_, makeRig) => {
  test('with NOTIFICATION_DATA the queue is in the low half, and the rest tells this device nothing', () => {
    const notificationData = 1n << BigInt(virtio.F_NOTIFICATION_DATA);
    const features = (1n << BigInt(virtio.F_VERSION_1)) | notificationData;
    const { rig, write } = attach(makeRig({ offer: { notificationData: true }, features }));
    rig.data.describeChain([
      { address: AT.free, bytes: 72 },
      { address: AT.status, bytes: 1, write: true },
    ]);
    for (const high of [0, 1, 0x8000, 0xffff]) {
      const before = rig.data.usedIdx;
      rig.data.offer(0);
      write(spec.MMIO_QUEUE_NOTIFY, high * 65536);
      expect(rig.data.usedIdx).toBe(before + 1);
    }
  });

  test('of a queue that does not exist are ignored', () => {
    const { rig, write } = attach(makeRig({}));
    for (const queue of [2, 77, 0xffff]) write(spec.MMIO_QUEUE_NOTIFY, queue);
    expectWorks(rig);
  });
});

describe('4.2.3 the reference driver', () => {
  test.each(['split', 'packed'] as const)('brings a device with a %s ring up and uses it', async (ring) => {
    const bench = await createBench({ transport: 'mmio', ring, dataQueues: 2, memoryBytes: 1024 * 1024 });
    expect(bench.registers).toBeInstanceOf(VirtioMmio);
    expect(bench.driver.readConfig()).toMatchObject({ hardwareReady: true, maxDataQueues: 2 });
    const [key, iv, data] = [noise(16), noise(16, 2), noise(4096, 3)];
    for (const queue of [0, 1, 0, 1]) {
      const result = await bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data, queue });
      expect(result).toEqual({ status: 'ok', data: reference('encrypt', key, iv, data) });
    }
    await bench.dispose();
  });

  test('refuses a window without a device, of another version, or of another type', () => {
    const { registers } = unstarted();
    const faulty = (offset: number, value: number) => ({
      read: (at: number, size: 1 | 2 | 4) => (at === offset ? value : registers.read(at, size)),
      write: () => {},
    });
    expect(() => new MmioTransport(faulty(spec.MMIO_MAGIC_VALUE, 0xffffffff), 20)).toThrow('no virtio device');
    expect(() => new MmioTransport(faulty(spec.MMIO_VERSION_REGISTER, 1), 20)).toThrow('has version 1');
    expect(() => new MmioTransport(registers, 4)).toThrow('The device is of type 20, not 4.');
  });
});

test('4.2.2 a packed ring may have any size that QueueSizeMax allows', () => {
  const { rig, read, write } = attach(new PackedRig({ queueSize: 100, ringSize: 77, start: false }));
  write(spec.MMIO_QUEUE_SEL, 0);
  expect(read(spec.MMIO_QUEUE_SIZE_MAX)).toBe(64);
  rig.negotiate();
  expect(read(spec.MMIO_QUEUE_SIZE_MAX)).toBe(100);
  rig.bringUp();
  rig.data.describeChain(prepare(rig, { id: session(rig) }));
  for (let i = 0; i < 100; i++) expect(send(rig, 'data').completed).toBe(true);
});
