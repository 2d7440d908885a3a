// Long requests of the AKCIPHER service in the device's workers: what they answer, and what becomes of them when a worker, the device or
// the session goes away meanwhile.
import * as crypto from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BackendEvent } from '../../src/backend/contract.ts';
import type { AkcipherOptions, Result } from '../../src/driver/requests.ts';
import type { BenchOptions } from '../../src/testing/bench.ts';
import { type Bench, createBench } from '../support/bench.ts';

const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
const der = (key: crypto.KeyObject): Uint8Array => key.export({ type: 'pkcs1', format: 'der' });
const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const EC_DER: Uint8Array = ec.privateKey.export({ type: 'sec1', format: 'der' });
const DIGEST = crypto.createHash('sha256').update('a message').digest();
const RSA_SIGN = {
  ...{ algorithm: 'rsa', keyType: 'private', key: der(privateKey), padding: 'pkcs1', hash: 'sha-256' },
  ...{ operation: 'sign', data: DIGEST },
} as const satisfies AkcipherOptions;
const RSA_SIGNATURE = Uint8Array.from(crypto.sign('sha256', Buffer.from('a message'), privateKey));
const EC_SIGN = {
  ...{ algorithm: 'ecdsa', curve: 'p-256', keyType: 'private', key: EC_DER, operation: 'sign', data: DIGEST },
} as const satisfies AkcipherOptions;
const EC_VERIFY = {
  ...{ ...EC_SIGN, operation: 'verify' },
  signature: Uint8Array.from(crypto.sign('sha256', Buffer.from('a message'), ec.privateKey)),
} as const satisfies AkcipherOptions;
const DECRYPT = {
  ...{ algorithm: 'rsa', keyType: 'private', key: der(privateKey), padding: 'raw', operation: 'decrypt', length: 128 },
  data: crypto.publicEncrypt({ key: publicKey, padding: crypto.constants.RSA_NO_PADDING }, Buffer.alloc(128, 1)),
} as const satisfies AkcipherOptions;

const open: Bench[] = [];
let workers: Worker[] = [];
const remember = (worker: Worker) => workers.push(worker);
beforeEach(() => void process.on('worker', remember));
afterEach(async () => {
  for (const made of open.splice(0)) await made.dispose();
  process.off('worker', remember);
  workers = [];
});

async function bench(options: BenchOptions = {}): Promise<Bench & { events: BackendEvent[] }> {
  const events: BackendEvent[] = [];
  const made = await createBench({ workers: 2, onBackendEvent: (event) => events.push(event), ...options });
  open.push(made);
  return Object.assign(made, { events });
}

/** Sends requests until a worker has answered one. */
async function warm({ driver, device }: Bench): Promise<void> {
  const answered = async () => {
    await driver.akcipher(RSA_SIGN);
    return device.statistics().elsewhere.workers;
  };
  await expect.poll(answered).toBeGreaterThan(0);
}

const elsewhere = ({ device }: Bench) => device.statistics().elsewhere;

describe('one answer, wherever a request runs', () => {
  const wrong = EC_VERIFY.signature.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
  const noPrimes = crypto.createPublicKey(privateKey).export({ format: 'jwk' });
  const requests: AkcipherOptions[] = [
    ...[RSA_SIGN, EC_SIGN, EC_VERIFY, DECRYPT],
    { ...EC_VERIFY, signature: wrong },
    { ...EC_SIGN, length: 8 },
    { ...RSA_SIGN, data: DIGEST.subarray(1) },
    { ...DECRYPT, data: Buffer.alloc(128, 0xff) },
    { ...DECRYPT, padding: 'pkcs1' },
    { ...DECRYPT, data: Buffer.from(noPrimes.n ?? '', 'base64url').subarray(0, 100) },
  ];

  test.each(['inline', 'workers', 'host', 'auto'] as const)('with the backend %s', async (backend) => {
    const made = await bench({ backend, layout: 'revision1' });
    const reference = await bench({ backend: 'inline', layout: 'revision1' });
    // Until workers are there, requests run in the device's thread.
    if (backend !== 'inline') await warm(made);
    const ran: Result[] = [];
    for (const stateless of [false, true]) {
      for (const request of requests) {
        const expected = await reference.driver.akcipher({ ...request, stateless });
        // Twice, because node:crypto has the second one in a session.
        const session = await made.driver.createSession({ service: 'akcipher', ...request });
        const content = { length: 1024, ...request };
        ran.push(
          await made.driver.akcipherInSession(session, content),
          await made.driver.akcipher({ ...request, stateless }),
        );
        expect(ran.splice(0)).toEqual([expected, expected]);
        expect(await made.driver.akcipherInSession(session, content)).toEqual(expected);
      }
    }
    expect(elsewhere(made).workers > 0).toBe(backend !== 'inline');
    expect(elsewhere(made).host > 0).toBe(backend === 'host' || backend === 'auto');
    expect([...made.events, ...reference.events]).toEqual([]);
  });

  test('a key moves to its worker: nothing of it stays in what was sent', async () => {
    const made = await bench({ backend: 'workers' });
    await warm(made);
    const spies = workers.map((worker) => vi.spyOn(worker, 'postMessage'));
    const session = await made.driver.createSession({ service: 'akcipher', ...RSA_SIGN });
    await made.driver.akcipherInSession(session, { ...RSA_SIGN, length: 128 });
    const sent = spies.flatMap(({ mock }) => mock.calls);
    const [opened] = sent.filter(([message]) => JSON.stringify(message).includes('"path":["open"]'));
    const [, [buffer] = []] = opened ?? expect.unreachable();
    expect(buffer).toBeInstanceOf(ArrayBuffer);
    expect(buffer).toHaveProperty('byteLength', 0);
  });

  test('the statistics say which worker ran what', async () => {
    const made = await bench({ backend: 'workers' });
    await warm(made);
    const before = elsewhere(made);
    const session = await made.driver.createSession({ service: 'akcipher', ...RSA_SIGN });
    await Promise.all(
      Array.from({ length: 12 }, () => made.driver.akcipherInSession(session, { ...RSA_SIGN, length: 128 })),
    );
    const after = elsewhere(made);
    expect(after.workers - before.workers).toBe(12);
    expect(after.host).toBe(0);
    const sum = (counts: typeof after) => counts.perWorker.reduce((total, { requests }) => total + requests, 0);
    expect(sum(after)).toBe(after.workers);
    const bytes = after.perWorker.reduce((total, each) => total + each.bytes, 0);
    expect(bytes).toBe(after.workers * DIGEST.length);
  });
});

describe('requests under way', () => {
  /** A device whose workers take requests, and a session. */
  async function up(options: BenchOptions = {}) {
    const made = await bench({ backend: 'workers', ...options });
    await warm(made);
    const session = await made.driver.createSession({ service: 'akcipher', ...RSA_SIGN });
    const sign = () => made.driver.akcipherInSession(session, { ...RSA_SIGN, length: 128 });
    return { ...made, made, session, sign };
  }

  test('go on in other workers, or in the device’s thread, if their worker is lost', async () => {
    const { sign, made, events } = await up();
    const results = Array.from({ length: 8 }, sign);
    for (const worker of workers.filter(({ threadId }) => threadId > 0)) void worker.terminate();
    for (const result of await Promise.all(results)) expect(result.data).toEqual(RSA_SIGNATURE);
    expect(events.map(({ kind }) => kind)).toContain('worker-lost');
    // New workers take their places.
    const before = elsewhere(made).workers;
    const again = async () => {
      expect((await sign()).data).toEqual(RSA_SIGNATURE);
      return elsewhere(made).workers;
    };
    await expect.poll(again).toBeGreaterThan(before);
  });

  test('are done when save() returns, and their workers’ answers are thrown away', async () => {
    const { sign, device, session } = await up();
    const results = Array.from({ length: 4 }, sign);
    const saved = device.save({ includeKeys: true });
    for (const result of await Promise.all(results)) expect(result.data).toEqual(RSA_SIGNATURE);
    const to = await bench({ backend: 'workers' });
    to.device.restore({ ...saved, queues: to.device.save().queues });
    const answer = await to.driver.akcipherInSession(session, { ...RSA_SIGN, length: 128 });
    expect(answer.data).toEqual(RSA_SIGNATURE);
    // The answers of the workers come now.
    expect((await sign()).data).toEqual(RSA_SIGNATURE);
    expect(device.fault).toBeUndefined();
  });

  test('are forgotten by a reset', async () => {
    const { sign, device, driver } = await up();
    const results = Array.from({ length: 4 }, sign);
    const rejected = Promise.all(results.map((result) => expect(result).rejects.toThrow()));
    driver.start();
    await rejected;
    expect(device.sessionCount).toBe(0);
    expect((await driver.akcipher(RSA_SIGN)).data).toEqual(RSA_SIGNATURE);
    expect(device.fault).toBeUndefined();
  });

  test('keep the key of a session that closes', async () => {
    const { sign, driver, session } = await up();
    const result = sign();
    expect(await driver.destroySession(session.id, 'akcipher')).toBe('ok');
    expect((await result).data).toEqual(RSA_SIGNATURE);
    expect((await sign()).status).toBe('invsess');
  });

  test('survive an exchange of the backend, with which their workers end', async () => {
    const { sign, device, made } = await up();
    const first = sign();
    await device.useBackend({ backend: 'inline' });
    expect((await first).data).toEqual(RSA_SIGNATURE);
    const before = elsewhere(made).workers;
    expect((await sign()).data).toEqual(RSA_SIGNATURE);
    expect(elsewhere(made).workers).toBe(before);
    // A worker that has ended has no number.
    await expect.poll(() => workers.every(({ threadId }) => threadId < 0)).toBe(true);
    await device.useBackend({ backend: 'workers', workers: 1 });
    expect((await sign()).data).toEqual(RSA_SIGNATURE);
  });

  test('complete in the order of the ring with IN_ORDER', async () => {
    const { sign, driver } = await up({ features: { inOrder: true }, driver: { inOrder: true } });
    const done: number[] = [];
    const all = Array.from({ length: 6 }, (_, at) =>
      (at % 2 === 0 ? sign() : driver.akcipher(RSA_SIGN)).then(({ data }) => {
        expect(data).toEqual(RSA_SIGNATURE);
        done.push(at);
      }),
    );
    await Promise.all(all);
    expect(done).toHaveLength(6);
  });
});
