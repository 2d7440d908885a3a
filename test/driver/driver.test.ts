import { afterEach, describe, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import { findStructures } from '../../src/driver/pci_bus.ts';
import { statusName } from '../../src/driver/status.ts';
import type { Direction } from '../../src/driver/wire.ts';
import type { BenchOptions } from '../../src/testing/bench.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import { EVENT_IDX, INDIRECT, VERSION_1 } from '../support/rig.ts';

const MIB = 1024 * 1024;
const benches: Bench[] = [];
async function bench(options: BenchOptions = {}): Promise<Bench> {
  const made = await createBench({ memoryBytes: 2 * MIB, maxSessions: 16, queueSize: 64, ...options });
  benches.push(made);
  return made;
}
afterEach(async () => {
  for (const made of benches.splice(0)) await made.dispose();
});

const directions: Direction[] = ['encrypt', 'decrypt'];
const KEY = noise(16, 1);
const IV = noise(16, 2);

describe('cipher', () => {
  test.each([16, 24, 32].flatMap((bytes) => directions.map((direction) => [bytes * 8, direction, bytes] as const)))(
    'aes-%i-cbc %s gives what node:crypto gives, from 0 to 64 KiB [5.9.7.6.2-3] [5.9.7.6.2-5] [5.9.7.6.2-8]',
    async (_, direction, keyBytes) => {
      const { driver, device } = await bench();
      const key = noise(keyBytes, keyBytes);
      for (const bytes of [0, 16, 32, 112, 128, 144, 1024, 4096, 65536]) {
        const data = noise(bytes, bytes);
        const result = await driver.cipher({ algorithm: 'aes-cbc', direction, key, iv: IV, data });
        expect(result).toEqual({ status: 'ok', data: reference(direction, key, IV, data) });
      }
      expect(device.sessionCount).toBe(0);
    },
  );

  test('what cannot be is told by its status, with no data', async () => {
    const { driver } = await bench();
    const good = { algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data: noise(32) } as const;
    expect(await driver.cipher({ ...good, key: noise(15) })).toEqual({ status: 'err', data: new Uint8Array() });
    expect(await driver.cipher({ ...good, iv: noise(12) })).toEqual({ status: 'err', data: new Uint8Array() });
    expect(await driver.cipher({ ...good, data: noise(17) })).toEqual({ status: 'err', data: new Uint8Array() });
    expect(await driver.cipherInSession(7n, good)).toMatchObject({ status: 'invsess' });
    expect(await driver.destroySession(7n)).toBe('err');
    expect((await driver.cipher(good)).status).toBe('ok');
  });

  test('many at once over several queues, each with its own result', async () => {
    const { driver } = await bench({ dataQueues: 4 });
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', KEY);
    const all = Array.from({ length: 200 }, (_, i) => noise(16 * (1 + (i % 20)), i));
    const results = await Promise.all(
      all.map((data, i) =>
        driver.cipherInSession(id, { algorithm: 'aes-cbc', direction: 'encrypt', iv: IV, data, queue: i % 4 }),
      ),
    );
    for (const [i, data] of all.entries()) {
      expect(results[i]).toEqual({ status: 'ok', data: reference('encrypt', KEY, IV, data) });
    }
    expect(await driver.destroySession(id)).toBe('ok');
  });

  test('takes no memory for good', async () => {
    const { driver, allocator } = await bench();
    const before = allocator.taken;
    for (let i = 0; i < 50; i++) {
      await driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data: noise(16 * i) });
    }
    expect(allocator.taken).toBe(before);
  });
});

describe('features and queue sizes', () => {
  test.each([VERSION_1, VERSION_1 | INDIRECT, VERSION_1 | EVENT_IDX, VERSION_1 | INDIRECT | EVENT_IDX])(
    'works with features 0x%x, in queues of 8 to 64 entries',
    async (features) => {
      for (const queueSize of [8, 16, 64]) {
        const { driver } = await bench({ driver: { features, queueSize } });
        expect(driver.features).toBe(features);
        const data = noise(4096, 1);
        for (let i = 0; i < 100; i++) {
          const result = await driver.cipher({ algorithm: 'aes-cbc', direction: 'decrypt', key: KEY, iv: IV, data });
          expect(result.status).toBe('ok');
        }
      }
    },
  );

  const choices = [
    {},
    { indirect: false },
    { eventIdx: false },
    { indirect: false, eventIdx: false, inOrder: false, ringReset: false },
    { notificationData: true, accessPlatform: true },
  ];
  test.each(
    (['split', 'packed'] as const).flatMap((ring) =>
      (['pci', 'mmio'] as const).flatMap((transport) =>
        choices.map((features) => [ring, transport, features] as const),
      ),
    ),
  )('a %s ring over %s works with features %o', async (ring, transport, features) => {
    for (const queueSize of ring === 'packed' ? [8, 13, 64] : [8, 64]) {
      const { driver, allocator } = await bench({ ring, transport, features, queueSize, dataQueues: 2 });
      expect((driver.features >> 34n) & 1n).toBe(ring === 'packed' ? 1n : 0n);
      const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', KEY);
      const taken = allocator.taken;
      for (let round = 0; round < 30; round++) {
        const all = Array.from({ length: 2 }, (_, i) => noise(16 * (1 + ((round + i) % 9)), round + i));
        const results = await Promise.all(
          all.map((data, queue) =>
            driver.cipherInSession(id, { algorithm: 'aes-cbc', direction: 'encrypt', iv: IV, data, queue }),
          ),
        );
        expect(results).toEqual(all.map((data) => ({ status: 'ok', data: reference('encrypt', KEY, IV, data) })));
      }
      expect(allocator.taken).toBe(taken);
    }
  });

  test.each(['split', 'packed'] as const)('2.7.9, 2.8.8 a %s ring works in order', async (ring) => {
    const { driver } = await bench({ ring, queueSize: 8, driver: { inOrder: true } });
    expect((driver.features >> 35n) & 1n).toBe(1n);
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', KEY);
    const done: number[] = [];
    for (let round = 0; round < 20; round++) {
      const all = Array.from({ length: 5 }, (_, i) => noise(16 * (1 + i), round + i));
      const results = await Promise.all(
        all.map(async (data, i) => {
          const request = { algorithm: 'aes-cbc', direction: 'encrypt', iv: IV, data, hold: i < 4 } as const;
          const result = await driver.cipherInSession(id, request);
          done.push(i);
          return result;
        }),
      );
      expect(results).toEqual(all.map((data) => ({ status: 'ok', data: reference('encrypt', KEY, IV, data) })));
    }
    expect(done).toEqual(Array.from({ length: 100 }, (_, i) => i % 5));
  });

  test('the bench decides the ring, whatever else the device offers or the driver wants', async () => {
    const split = await bench({ features: { packed: true } });
    expect(split.device.offeredFeatures & (1n << 34n)).not.toBe(0n);
    expect(split.driver.features & (1n << 34n)).toBe(0n);
    const packed = await bench({ ring: 'packed', driver: { features: VERSION_1 } });
    expect(packed.driver.features).toBe(VERSION_1 | (1n << 34n));
  });

  test.each([{ ring: 'triangular' }, { transport: 'isa' }])('%o is refused', async (options) => {
    await expect(createBench(options as BenchOptions)).rejects.toThrow(/^(ring is triangular|transport is isa): give/);
  });

  test('3.1.1 a driver whose features the device refuses sets FAILED and says so', async () => {
    const { driver, device, ram, allocator } = await bench({ start: false });
    expect(driver.queues).toEqual([]);
    const stubborn = new CryptoDriver(driver.transport, ram, allocator, { features: INDIRECT });
    expect(() => stubborn.start()).toThrow('The device refuses the features 0x10000000.');
    expect(device.status & virtio.STATUS_FAILED).toBe(virtio.STATUS_FAILED);
    driver.start();
    expect(device.status & virtio.STATUS_DRIVER_OK).toBe(virtio.STATUS_DRIVER_OK);
  });

  test.each(['split', 'packed'] as const)('2.6 a chain has a buffer, on a %s ring', async (ring) => {
    const bench = await createBench({ ring });
    const { driver } = bench;
    const nothing = { readable: [], writable: [] };
    await expect(driver.submit({ queue: 0, ...nothing })).rejects.toThrow('The chain has no buffers: give one.');
    expect(() => driver.submitChain(0, nothing)).toThrow(RangeError);
    expect(driver.queues[0]?.inFlight).toBe(0);
    const { status } = await driver.hash({ algorithm: 'sha-256', data: new Uint8Array(1) });
    expect(status).toBe('ok');
    await bench.dispose();
  });

  test('a queue that is full says so, and keeps nothing of what it could not send', async () => {
    const { driver, allocator } = await bench({ driver: { queueSize: 2 } });
    const raw = { queue: 0, readable: [new Uint8Array(72)], writable: [1], hold: true };
    const held = [driver.submit(raw), driver.submit(raw)];
    const taken = allocator.taken;
    await expect(driver.submit(raw)).rejects.toThrow('Queue 0 has no 1 descriptors left.');
    await expect(driver.submit({ ...raw, readable: [new Uint8Array(72), new Uint8Array(2 * MIB)] })).rejects.toThrow(
      RangeError,
    );
    expect(allocator.taken).toBe(taken);
    driver.notify(0);
    await Promise.all(held);
    expect(await driver.submit({ ...raw, hold: false })).toMatchObject({ written: 1 });
  });
});

describe('submit', () => {
  test('a held notification is sent with the next one', async () => {
    const { driver, device } = await bench();
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', KEY);
    const raw = { queue: 0, readable: [new Uint8Array(72)], writable: [1] };
    const held = [driver.submit({ ...raw, hold: true }), driver.submit({ ...raw, hold: true })];
    expect(device.requests(0)).toBe(0);
    const last = driver.submit(raw);
    expect(device.requests(0)).toBe(3);
    expect((await Promise.all([...held, last])).map(({ written }) => written)).toEqual([1, 1, 1]);
    await driver.destroySession(id);
  });

  test('2.4 stop() rejects what is in flight and gives the rings back; start() begins anew', async () => {
    const { driver, device, allocator } = await bench();
    const pending = driver.submit({ queue: 0, readable: [noise(72)], writable: [1], hold: true });
    driver.stop();
    await expect(pending).rejects.toThrow('The driver was stopped.');
    expect(device.status).toBe(0);
    expect(allocator.taken).toBe(0);
    expect(() => driver.notify(0)).toThrow('There is no queue 0: the driver has 0, start() it first.');
    driver.start();
    const data = noise(64);
    const result = await driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data });
    expect(result.data).toEqual(reference('encrypt', KEY, IV, data));
  });

  test('2.1.2 a chain that breaks the device leaves the others to a reset', async () => {
    const { driver, device } = await bench();
    const broken = driver.submit({ queue: 0, readable: [noise(8)], writable: [1] });
    expect(device.status & virtio.STATUS_DEVICE_NEEDS_RESET).toBe(virtio.STATUS_DEVICE_NEEDS_RESET);
    driver.start();
    await expect(broken).rejects.toThrow('The device was reset.');
    const data = noise(64);
    expect((await driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data })).status).toBe(
      'ok',
    );
  });
});

test('a status that the specification does not define is no status', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(statusName)).toEqual([
    'ok',
    'err',
    'badmsg',
    'notsupp',
    'invsess',
    'nospc',
    'key-rejected',
    'soft-expiry',
  ]);
  for (const status of [8, 255, -1]) expect(() => statusName(status)).toThrow(`status ${status}`);
});

test('4.1.4.1 a capability list that loops, or lacks a structure, is told', () => {
  const space = new DataView(new ArrayBuffer(256));
  space.setUint16(0, 0x1af4, true);
  space.setUint16(2, 0x1054, true);
  space.setUint8(0x34, 0x40);
  space.setUint8(0x40, 9);
  space.setUint8(0x41, 0x40);
  const target = {
    readConfig: (offset: number, size: number) =>
      size === 1 ? space.getUint8(offset) : size === 2 ? space.getUint16(offset, true) : space.getUint32(offset, true),
    writeConfig: () => {},
    readBar: () => 0,
    writeBar: () => {},
  };
  expect(() => findStructures(target, 20)).toThrow('The device has no notification structure.');
});
