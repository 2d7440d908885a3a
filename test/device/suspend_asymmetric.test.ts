// VIRTIO_F_SUSPEND (3.4 of virtio 1.4) while asymmetric requests are under way: in slices of the device's thread, in workers, in node:crypto.
import * as crypto from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { STATUS_DRIVER_OK, STATUS_SUSPEND } from '../../spec/virtio.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';

const BITS = 2048;
const BYTES = BITS / 8;
const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: BITS });
const rsa = {
  service: 'akcipher',
  algorithm: 'rsa',
  keyType: 'private',
  key: new Uint8Array(privateKey.export({ type: 'pkcs1', format: 'der' })),
} as const;
const AES = new Uint8Array(16);
const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', key: AES, iv: AES, data: AES } as const;

/** A number below the modulus, and the result of the private operation on it. */
function sample(place: number): { data: Buffer; expected: Uint8Array } {
  const data = Buffer.alloc(BYTES, place + 1);
  data.writeUInt8(0, 0);
  const expected = crypto.privateDecrypt({ key: privateKey, padding: crypto.constants.RSA_NO_PADDING }, data);
  return { data, expected: new Uint8Array(expected) };
}

let bench: Bench;
afterEach(() => bench.dispose());

describe.each<[string, BenchOptions]>([
  ['in slices', { backend: 'inline' }],
  ['in workers', { backend: 'workers', workers: 2 }],
  ['in the host', { backend: 'host' }],
  ['by auto', { backend: 'auto' }],
])('3.4.2 private operations of RSA %s', (_, options) => {
  test.each(['split', 'packed'] as const)('are used before SUSPEND shows, with a %s ring', async (ring) => {
    bench = await createBench({ ...options, ring });
    const { driver, device } = bench;
    await device.backendReady;
    const session = await driver.createSession(rsa);
    const samples = numbers(6).map(sample);
    const decrypt = (data: Uint8Array) =>
      driver.akcipherInSession(session, { operation: 'decrypt', data, length: BYTES });
    let used = 0;
    const results = samples.map(async ({ data }) => {
      const result = await decrypt(data);
      used++;
      return result;
    });
    // The device has taken the requests, and none is done.
    for (const _ of numbers(20)) await Promise.resolve();
    expect(used).toBe(0);
    const { nextAvail, nextUsed } = device.positions(0);
    expect(nextAvail - nextUsed).toBe(samples.length);
    driver.suspend();
    expect(device.status & (STATUS_SUSPEND | STATUS_DRIVER_OK)).toBe(STATUS_SUSPEND);
    // Nothing of the device can complete them from now on.
    const done = await Promise.all(results);
    expect(done).toEqual(samples.map(({ expected }) => ({ status: 'ok', data: expected })));
    expect(device.status & STATUS_SUSPEND).toBe(STATUS_SUSPEND);
    driver.resume();
    // The session has stayed.
    const [one] = samples;
    expect(await decrypt(one?.data ?? AES)).toEqual({ status: 'ok', data: one?.expected });
    expect((await driver.cipher(cipher)).status).toBe('ok');
  });
});
