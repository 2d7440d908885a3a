// The arithmetic on curves is loaded with the first session that needs it. Until it has come, requests wait in their ring.
import * as crypto from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BackendEvent } from '../../src/backend/contract.ts';
import type { Bench, BenchOptions } from '../../src/testing/bench.ts';

const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const KEY: Uint8Array = privateKey.export({ type: 'sec1', format: 'der' });
const DIGEST = crypto.createHash('sha256').update('a message').digest();
const SESSION = { service: 'akcipher', algorithm: 'ecdsa', curve: 'p-256', keyType: 'private', key: KEY } as const;
const REQUEST = { operation: 'sign', data: DIGEST, length: 80 } as const;
const MODULE = '../../src/backend/akcipher/on_demand.ts';

const open: Bench[] = [];
afterEach(async () => {
  for (const made of open.splice(0)) await made.dispose();
  vi.doUnmock(MODULE);
  vi.resetModules();
});

/** A device whose modules were loaded after `loads` was put in the place of what loads on demand. */
async function bench(loads: () => Promise<object>, options: BenchOptions = {}) {
  vi.resetModules();
  vi.doMock(MODULE, loads);
  const { createBench } = await import('../../src/testing/bench.ts');
  const events: BackendEvent[] = [];
  const made = await createBench({ backend: 'inline', onBackendEvent: (event) => events.push(event), ...options });
  open.push(made);
  return Object.assign(made, { events });
}

const real = () => vi.importActual<object>(MODULE);
const isRight = (signature: Uint8Array) => crypto.verify('sha256', Buffer.from('a message'), privateKey, signature);

describe('while it is loaded', () => {
  /** What loads once the test says so. */
  function gate() {
    let go = () => {};
    const opened = new Promise<void>((resolve) => {
      go = resolve;
    });
    return { go: () => go(), loads: () => opened.then(real) };
  }

  test.each(['split', 'packed'] as const)('requests wait in their %s ring, and other queues go on', async (ring) => {
    const { go, loads } = gate();
    const { driver, device } = await bench(loads, { ring, dataQueues: 2 });
    const session = await driver.createSession(SESSION);
    const result = driver.akcipherInSession(session, REQUEST);
    const zeros = new Uint8Array(16);
    const other = { algorithm: 'aes-cbc', direction: 'encrypt', key: zeros, iv: zeros, data: zeros, queue: 1 } as const;
    expect((await driver.cipher(other)).status).toBe('ok');
    expect(device.statistics().services.akcipher.requests).toBe(0);
    go();
    const { status, data } = await result;
    expect([status, isRight(data)]).toEqual(['ok', true]);
    expect(device.fault).toBeUndefined();
  });

  test('in stateless mode, too', async () => {
    const { go, loads } = gate();
    const { driver } = await bench(loads, { layout: 'revision1' });
    const { service: _, ...request } = { ...SESSION, ...REQUEST };
    const result = driver.akcipher({ ...request, stateless: true });
    go();
    expect(isRight((await result).data)).toBe(true);
  });

  test('a saved device has them in its ring', async () => {
    const { go, loads } = gate();
    const { driver, device } = await bench(loads);
    const session = await driver.createSession(SESSION);
    const result = driver.akcipherInSession(session, REQUEST);
    const saved = device.save({ includeKeys: true });
    device.restore(saved);
    go();
    expect(isRight((await result).data)).toBe(true);
  });

  test('3.4.2 of virtio 1.4: a suspended device leaves them in their ring, and takes them when it resumes', async () => {
    const { go, loads } = gate();
    const { driver, device } = await bench(loads);
    const session = await driver.createSession(SESSION);
    const result = driver.akcipherInSession(session, REQUEST);
    driver.suspend();
    go();
    // As long as the modules' loading may take.
    await real();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(device.statistics().services.akcipher.requests).toBe(0);
    driver.resume();
    expect(isRight((await result).data)).toBe(true);
  });

  test('a reset forgets them', async () => {
    const { go, loads } = gate();
    const { driver, device } = await bench(loads);
    const session = await driver.createSession(SESSION);
    const rejected = expect(driver.akcipherInSession(session, REQUEST)).rejects.toThrow();
    driver.start();
    await rejected;
    go();
    const again = await driver.createSession(SESSION);
    expect(isRight((await driver.akcipherInSession(again, REQUEST)).data)).toBe(true);
    expect(device.fault).toBeUndefined();
  });
});

test('if it cannot be loaded, requests are ERR, the owner is told, and RSA works', async () => {
  const { driver, events } = await bench(() => Promise.reject(new Error('There is no network.')), {
    backend: 'workers',
  });
  const session = await driver.createSession(SESSION);
  expect((await driver.akcipherInSession(session, REQUEST)).status).toBe('err');
  expect(events[0]).toMatchObject({ kind: 'unavailable' });
  const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  const key: Uint8Array = rsa.privateKey.export({ type: 'pkcs1', format: 'der' });
  const parameters = { algorithm: 'rsa', keyType: 'private', key, padding: 'pkcs1', hash: 'sha-256' } as const;
  const { data } = await driver.akcipher({ ...parameters, operation: 'sign', data: DIGEST });
  expect(crypto.verify('sha256', Buffer.from('a message'), rsa.publicKey, data)).toBe(true);
});
