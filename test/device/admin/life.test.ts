// The administration queue and the device's life: negotiation, transports, reset, saved states, removal.
import { afterEach, describe, expect, test } from 'vitest';
import { CONFIG_BYTES } from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import * as mmio from '../../../spec/virtio_mmio.ts';
import * as pci from '../../../spec/virtio_pci.ts';
import { StateError } from '../../../src/device/state.ts';
import { type Bench, type BenchOptions, createBench } from '../../../src/testing/bench.ts';
import { VirtioMmio } from '../../../src/transport/mmio/mmio.ts';
import { VirtioPci } from '../../../src/transport/pci/pci.ts';
import { LIMIT, LIMIT_CAP, limitOf, OBJECT, OBJECT_BYTES, testAdministered } from '../../support/administered.ts';
import { noise } from '../../support/memory.ts';
import { expectWorks } from '../../support/requests.ts';
import { feature, INDIRECT, Rig, UP, VERSION_1 } from '../../support/rig.ts';

const ADMIN = feature(virtio.F_ADMIN_VQ);
const DATA = noise(OBJECT_BYTES, 5).fill(1, 0, 1);
const open: Bench[] = [];
afterEach(async () => {
  for (const bench of open.splice(0)) await bench.dispose();
});

async function up(options: BenchOptions = {}) {
  const administered = testAdministered();
  const given = { features: { adminQueue: true }, administered, memoryBytes: 1024 * 1024, ...options };
  const bench = await createBench(given);
  open.push(bench);
  return { ...bench, ...administered };
}

async function ready(options: BenchOptions = {}) {
  const made = await up(options);
  const { admin } = made.driver;
  await admin.useAll();
  await admin.setCapability(LIMIT_CAP, limitOf(LIMIT));
  await admin.createObject(OBJECT, 3, DATA);
  return { ...made, admin };
}

/** Reads a register of the common configuration. */
function common(rig: Rig): (register: number) => number {
  const registers = new VirtioPci(rig.device, () => {});
  return (register) => registers.read(register, 2);
}

describe('4.1.4.3.1 PCI', () => {
  test('admin_queue_index is behind all queues of num_queues, and admin_queue_num counts one [4.1.4.3.1-15]', () => {
    const read = common(
      new Rig({ offer: { adminQueue: true }, features: VERSION_1 | ADMIN, dataQueues: 3, start: false }),
    );
    expect(read(pci.COMMON_NUM_QUEUES)).toBe(4);
    expect(read(pci.COMMON_ADMIN_QUEUE_INDEX)).toBe(4);
    expect(read(pci.COMMON_ADMIN_QUEUE_NUM)).toBe(1);
  });

  test('a device that does not offer the feature has no such queue', () => {
    const rig = new Rig({ start: false });
    const read = common(rig);
    expect(rig.device.offeredFeatures & ADMIN).toBe(0n);
    expect([read(pci.COMMON_ADMIN_QUEUE_INDEX), read(pci.COMMON_ADMIN_QUEUE_NUM)]).toEqual([0, 0]);
    expect(rig.device.queues.length).toBe(2);
  });

  test('without the feature negotiated the queue has size 0, and cannot be enabled', () => {
    const rig = new Rig({ offer: { adminQueue: true }, features: VERSION_1 | INDIRECT });
    const registers = new VirtioPci(rig.device, () => {});
    registers.write(pci.COMMON_QUEUE_SELECT, 2, 2);
    expect(registers.read(pci.COMMON_QUEUE_SIZE, 2)).toBe(0);
    registers.write(pci.COMMON_QUEUE_ENABLE, 2, 1);
    expect(registers.read(pci.COMMON_QUEUE_ENABLE, 2)).toBe(0);
    expect(rig.device.status).toBe(UP);
    expectWorks(rig);
  });

  test('it interrupts by a vector of its own', async () => {
    const { driver } = await ready({ msix: true });
    expect((await driver.admin.queryObject(OBJECT, 3, OBJECT_BYTES)).result).toEqual(DATA);
  });
});

test('6 MMIO does not offer it, because it has no registers for it', async () => {
  const rig = new Rig({ offer: { adminQueue: true }, start: false });
  const registers = new VirtioMmio(rig.device, () => {});
  registers.write(mmio.MMIO_DEVICE_FEATURES_SEL, 4, 1);
  expect((registers.read(mmio.MMIO_DEVICE_FEATURES, 4) >> (virtio.F_ADMIN_VQ - 32)) & 1).toBe(0);
  rig.negotiate(VERSION_1 | ADMIN);
  expect(rig.device.status & virtio.STATUS_FEATURES_OK).toBe(0);
  const bench = await up({ transport: 'mmio' });
  expect(() => bench.driver.admin).toThrow('VIRTIO_F_ADMIN_VQ was not negotiated');
  expect(bench.device.config.byte(CONFIG_BYTES)).toBe(0);
});

describe.each(['split', 'packed'] as const)('with a %s ring', (ring) => {
  test('a saved device has the driver’s commands, capabilities and objects, and its queue goes on', async () => {
    const from = await ready({ ring });
    await from.driver.admin.modifyObject(OBJECT, 3, DATA.slice().reverse().fill(7, 0, 1));
    const state = JSON.parse(JSON.stringify(from.device.save({ includeKeys: true })));
    const fresh = testAdministered();
    const to = await up({ ring, start: false, administered: fresh });
    to.ram().set(from.ram());
    to.device.restore(state);
    expect(fresh.objects.calls.filter((call) => call !== 'reset')).toEqual(['create 3']);
    expect(to.device.save({ includeKeys: true })).toEqual(state);
    expect(to.device.queues[2]?.enabled).toBe(true);
    expect(to.device.positions(2)).toEqual(from.device.positions(2));
  });

  test('without keys, objects that contain keys are lost', async () => {
    const from = await ready({ ring });
    const state = from.device.save();
    expect(state.administration?.objects).toEqual([]);
    from.device.restore(state);
    expect(await from.admin.queryObject(OBJECT, 3, OBJECT_BYTES)).toMatchObject({ status: 'enxio' });
    expect(await from.admin.createObject(OBJECT, 3, DATA)).toMatchObject({ status: 'ok' });
  });

  test('commands that wait while the device is suspended run when it resumes', async () => {
    const { driver, device, objects, ram, allocator } = await ready({ ring });
    device.observe({ beforeQueue: (queue) => (queue === 2 ? 0 : 0xffff), afterQueue: () => {} });
    const at = allocator.take(64);
    ram().fill(0, at, at + 64);
    const sent = driver.submitChain(2, {
      readable: [{ address: at, bytes: 24 }],
      writable: [{ address: at + 32, bytes: 16 }],
    });
    driver.suspend();
    device.observe(undefined);
    objects.calls.length = 0;
    driver.resume();
    expect((await sent).written).toBe(16);
    expect(objects.calls).toEqual([]);
  });

  test('removal ends its objects, and a command in flight gets no answer', async () => {
    const { device, objects, driver } = await ready({ ring });
    objects.calls.length = 0;
    const sent = driver.submit({ queue: 2, readable: [new Uint8Array(24)], writable: [16], hold: true });
    const rejected = expect(sent).rejects.toThrow('The driver was stopped.');
    device.remove();
    expect(objects.calls).toEqual(['reset']);
    driver.stop();
    await rejected;
  });

  test('what it holds is wiped from the engine when a command has run', async () => {
    const { memory, ram } = await ready({ ring });
    const guest = ram();
    const all = Buffer.from(memory.buffer);
    const isInGuest = (at: number) => at >= guest.byteOffset && at < guest.byteOffset + guest.length;
    const found: number[] = [];
    for (let at = all.indexOf(DATA); at >= 0; at = all.indexOf(DATA, at + 1)) if (!isInGuest(at)) found.push(at);
    expect(found).toEqual([]);
  });
});

describe('a damaged state is refused, and the device is reset', () => {
  const damages = [
    ['a command that there is not', { used: [0, 1, 5] }],
    ['a capability that there is not', { capabilities: [{ id: 5, data: '00' }] }],
    ['a capability of another length', { capabilities: [{ id: LIMIT_CAP, data: '00' }] }],
    ['a limit that is not offered', { capabilities: [{ id: LIMIT_CAP, data: 'ff00000000000000' }] }],
    ['an object beyond the limit', { objects: [{ type: OBJECT, id: LIMIT, data: '01'.repeat(16), state: '01' }] }],
    ['an object of another length', { objects: [{ type: OBJECT, id: 0, data: '01', state: '01' }] }],
    ['an object that is not possible', { objects: [{ type: OBJECT, id: 0, data: 'ff'.repeat(16), state: 'ff' }] }],
    ['an object without its state', { objects: [{ type: OBJECT, id: 0, data: '01'.repeat(16) }] }],
    ['an object with a wrong state', { objects: [{ type: OBJECT, id: 0, data: '01'.repeat(16), state: '0101' }] }],
    ['an unknown type', { objects: [{ type: 1, id: 0, data: '01'.repeat(16) }] }],
    ['no hexadecimal', { objects: [{ type: OBJECT, id: 0, data: 'zz' }] }],
  ] as const;

  test.each(damages)('%s', async (_what, damage) => {
    const { device } = await ready();
    const state = device.save({ includeKeys: true });
    const damaged = { ...state, administration: { ...state.administration, ...damage } };
    expect(() => device.restore(damaged)).toThrow(StateError);
  });

  test('a state without the queue does not fit a device with it', async () => {
    const { device } = await up({ features: {} });
    const state = device.save();
    const other = await up();
    expect(() => other.device.restore(state)).toThrow(StateError);
  });
});
