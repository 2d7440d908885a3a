import type { V86 } from 'v86';
import { describe, expect, test } from 'vitest';
import type { CryptoDriver } from '../../src/driver/driver.ts';
import { attachVirtioCrypto, type V86Options } from '../../src/v86/attach.ts';
import { cpuOf } from '../../src/v86/internals.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import {
  builtMachine,
  CONFIG_DATA,
  configWord,
  driverOf,
  inPort,
  newEmulator,
  onInterrupt,
  out32,
} from '../support/v86_guest.ts';

const SLOT = 0x0d;
const PORT = 0xac00;
const VENDOR_AND_DEVICE = 0x10541af4;
const ALL_ONES = -1;

describe('a device that is plugged into v86', () => {
  test('is on the bus, in its slot, and its BAR answers', async () => {
    const { cpu, attached } = await builtMachine();
    expect(configWord(cpu, 0)).toBe(VENDOR_AND_DEVICE);
    expect(inPort(cpu, PORT + 18, 16)).toBe(attached.device?.queues.length);
  });

  test('keeps to its limits as given', async () => {
    const { attached } = await builtMachine({ limits: { sessions: 7, requestsPerSecond: 5 } });
    expect(attached.device?.options).toMatchObject({
      maxSessions: 7,
      limits: { requests: { perSecond: 5, burst: 1 } },
    });
    const other = newEmulator();
    expect(() => attachVirtioCrypto(other, { limits: { sessions: 0 } })).toThrow('limits.sessions is 0');
    await attachVirtioCrypto(other).ready;
  });
});

describe('what the throttle held back in v86', () => {
  test('is completed from a timer, and interrupts the guest as a notification does', async () => {
    const { cpu, attached } = await builtMachine({ limits: { requestsPerSecond: 200, burstRequests: 1 } });
    const raised: number[] = [];
    let driver: CryptoDriver | undefined;
    onInterrupt(cpu, (slot) => {
      raised.push(slot);
      queueMicrotask(() => driver?.interrupt());
    });
    driver = driverOf(cpu);
    driver.start();
    const key = noise(16, 1);
    const iv = noise(16, 2);
    const data = noise(64, 3);
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
    raised.length = 0;
    const request = { algorithm: 'aes-cbc', direction: 'encrypt', iv, data } as const;
    const results = await Promise.all(Array.from({ length: 5 }, () => driver?.cipherInSession(id, request)));
    for (const result of results) expect(result).toEqual({ status: 'ok', data: reference('encrypt', key, iv, data) });
    // On a busy machine a timer comes late, and then stands for two.
    expect(raised.length).toBeGreaterThan(1);
    expect(new Set(raised)).toEqual(new Set([SLOT]));
    expect(attached.device?.statistics().queues[0]?.held).toBeGreaterThan(0);
    driver.stop();
  });
});

describe('a saved state of v86', () => {
  const key = noise(16, 1);
  const request = { algorithm: 'aes-cbc', direction: 'encrypt', iv: noise(16, 2), data: noise(64, 3) } as const;

  /** What a session answers after its machine was saved and restored. */
  async function afterRestore(options: V86Options): Promise<string | undefined> {
    const { cpu, emulator } = await builtMachine(options);
    let driver: CryptoDriver | undefined;
    onInterrupt(cpu, () => queueMicrotask(() => driver?.interrupt()));
    driver = driverOf(cpu);
    driver.start();
    const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
    expect((await driver.cipherInSession(id, request)).status).toBe('ok');
    await emulator.restore_state(await emulator.save_state());
    return (await driver.cipherInSession(id, request)).status;
  }

  test('carries the sessions with their keys, unless saveKeys is false', async () => {
    expect(await afterRestore({})).toBe('ok');
    expect(await afterRestore({ saveKeys: true })).toBe('ok');
    expect(await afterRestore({ saveKeys: false })).toBe('invsess');
  });

  test('saveKeys is true or false', () => {
    const options = { saveKeys: 'no' } as unknown as V86Options;
    const never = {} as unknown as V86;
    expect(() => attachVirtioCrypto(never, options)).toThrow(new TypeError('saveKeys is no: give true or false.'));
  });
});

describe('a device that is removed from v86', () => {
  test('leaves an empty slot and ports without a device', async () => {
    const { cpu, attached } = await builtMachine();
    attached.remove();
    for (const offset of [0, 4, 0x10, 0x34, 0x3c]) expect(configWord(cpu, offset)).toBe(ALL_ONES);
    expect(inPort(cpu, CONFIG_DATA, 16)).toBe(0xffff);
    for (let offset = 0; offset < 252; offset++) {
      expect(inPort(cpu, PORT + offset, 8)).toBe(0xff);
      expect(inPort(cpu, PORT + offset, 16)).toBe(0xffff);
      expect(inPort(cpu, PORT + offset, 32)).toBe(ALL_ONES);
    }
    expect(attached.device?.removed).toBe(true);
  });

  test('takes no configuration write: its BAR stays where it was', async () => {
    const { cpu, attached } = await builtMachine();
    const before = configWord(cpu, 0x10);
    expect(before).toBe(PORT | 1);
    attached.remove();
    expect(configWord(cpu, 0x10)).toBe(ALL_ONES);
    out32(cpu, CONFIG_DATA, 0xc001);
    expect(configWord(cpu, 0x10)).toBe(ALL_ONES);
    expect(inPort(cpu, PORT, 32)).toBe(ALL_ONES);
  });

  test('does not come back with a saved state, and a state saved without it is taken over by a machine that has one', async () => {
    const { emulator, attached, cpu } = await builtMachine();
    const state = await emulator.save_state();
    attached.remove();
    const without = await emulator.save_state();
    await emulator.restore_state(state);
    expect(attached.device?.removed).toBe(true);
    expect(configWord(cpu, 0)).toBe(ALL_ONES);
    const other = await builtMachine();
    await other.emulator.restore_state(without);
    expect(other.attached.device?.status).toBe(0);
    expect(configWord(other.cpu, 0)).toBe(VENDOR_AND_DEVICE);
  });

  test('before the machine is built, is never plugged in', async () => {
    const emulator = newEmulator();
    const attached = attachVirtioCrypto(emulator);
    attached.remove();
    await expect(attached.ready).rejects.toThrow('The device was removed before the emulator had built its machine.');
    expect(attached.device).toBeUndefined();
    expect(configWord(cpuOf(emulator), 0)).toBe(ALL_ONES);
  });
});
