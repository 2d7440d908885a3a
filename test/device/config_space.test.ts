import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { createBench } from '../../src/testing/bench.ts';
import { expectWorks } from '../support/requests.ts';
import { Rig, type RigOptions } from '../support/rig.ts';

function fields(options: RigOptions = {}): DataView {
  const { config } = new Rig({ ...options, start: false }).device;
  return new DataView(Uint8Array.from({ length: crypto.CONFIG_BYTES }, (_, i) => config.byte(i)).buffer);
}

describe('5.9.5 the configuration space', () => {
  test('offers the CIPHER service with aes-cbc, and nothing else [5.9.5.1-5] [5.9.5.1-6] [5.9.5.1-7] [5.9.5.1-9]', () => {
    const view = fields();
    expect(view.getUint32(crypto.CONFIG_STATUS, true)).toBe(crypto.S_HW_READY);
    expect(view.getUint32(crypto.CONFIG_CRYPTO_SERVICES, true)).toBe(1);
    expect(view.getUint32(crypto.CONFIG_CIPHER_ALGO_L, true)).toBe(1 << 3);
    for (const none of [
      crypto.CONFIG_CIPHER_ALGO_H,
      crypto.CONFIG_HASH_ALGO,
      crypto.CONFIG_MAC_ALGO_L,
      crypto.CONFIG_MAC_ALGO_H,
      crypto.CONFIG_AEAD_ALGO,
      crypto.CONFIG_MAX_AUTH_KEY_LEN,
      crypto.CONFIG_AKCIPHER_ALGO,
    ]) {
      expect(view.getUint32(none, true)).toBe(0);
    }
    expect(view.getUint32(crypto.CONFIG_MAX_CIPHER_KEY_LEN, true)).toBe(32);
  });

  test('shows the options [5.9.5.1-1]', () => {
    const view = fields({ dataQueues: 7, maxRequestBytes: 12345 });
    expect(view.getUint32(crypto.CONFIG_MAX_DATAQUEUES, true)).toBe(7);
    expect(view.getBigUint64(crypto.CONFIG_MAX_SIZE, true)).toBe(12345n);
  });

  test('5.9.2 the queues are the data queues and then the control queue', () => {
    for (const dataQueues of [1, 2, 64]) {
      const { queues } = new Rig({ dataQueues, start: false }).device;
      expect(queues).toHaveLength(dataQueues + 1);
      expect(queues.at(-1)?.maxSize).toBe(64);
    }
  });

  test('reads as 0 beyond its end', () => {
    const { config } = new Rig({ start: false }).device;
    for (const offset of [crypto.CONFIG_BYTES, 100, 4096]) expect(config.byte(offset)).toBe(0);
  });
});

describe('VIRTIO_CRYPTO_S_HW_READY', () => {
  test('2.5.3 a change raises the generation and interrupts the driver; no change does nothing', () => {
    const rig = new Rig();
    const { config } = rig.device;
    const generation = config.generation;
    rig.device.setHardwareReady(true);
    expect(config.generation).toBe(generation);
    expect(rig.interrupts).toEqual([]);
    rig.device.setHardwareReady(false);
    expect(config.hardwareReady).toBe(false);
    expect(config.byte(crypto.CONFIG_STATUS)).toBe(0);
    expect(config.generation).not.toBe(generation);
    expect(rig.interrupts).toEqual([{ kind: 'config', queue: 0 }]);
    rig.device.setHardwareReady(true);
    expect(config.byte(crypto.CONFIG_STATUS)).toBe(crypto.S_HW_READY);
    expect(rig.interrupts).toHaveLength(2);
    expectWorks(rig);
  });

  test('before DRIVER_OK a change interrupts nobody', () => {
    const rig = new Rig({ start: false });
    rig.device.setHardwareReady(false);
    rig.negotiate();
    rig.device.setHardwareReady(true);
    expect(rig.interrupts).toEqual([]);
  });

  test('4.1.4.3.1 the generation is one byte and differs after each change [4.1.4.3.1-5]', () => {
    const { device } = new Rig();
    for (let i = 0; i < 600; i++) {
      const before = device.config.generation;
      device.setHardwareReady(i % 2 === 1);
      expect(device.config.generation).not.toBe(before);
      expect(device.config.generation).toBeLessThan(256);
    }
  });

  test("outlasts a reset: readiness is the hardware's own", () => {
    const rig = new Rig();
    rig.device.setHardwareReady(false);
    rig.bringUp();
    expect(rig.device.config.hardwareReady).toBe(false);
  });

  test('2.5.1 a driver sees it, and is interrupted, over MMIO', async () => {
    const bench = await createBench({ memoryBytes: 1024 * 1024, transport: 'mmio' });
    const generation = bench.driver.transport.configGeneration;
    bench.device.setHardwareReady(false);
    expect(bench.registers.read(0x60, 4)).toBe(2);
    expect(bench.driver.transport.configGeneration).not.toBe(generation);
    expect(bench.driver.readConfig().hardwareReady).toBe(false);
    bench.driver.interrupt();
    expect(bench.registers.read(0x60, 4)).toBe(0);
    await bench.dispose();
  });

  test('2.5.1 a driver sees it, and is interrupted, over PCI', async () => {
    const bench = await createBench({ memoryBytes: 1024 * 1024 });
    expect(bench.driver.readConfig().hardwareReady).toBe(true);
    bench.device.setHardwareReady(false);
    expect(bench.registers.read(0x40, 1)).toBe(2);
    expect(bench.driver.readConfig().hardwareReady).toBe(false);
    await bench.dispose();
  });
});
