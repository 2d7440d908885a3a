// A browser's host: WebCrypto, which answers later. Node has it too, once node:crypto is out of sight.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import '../support/without_node_crypto.ts';
import { type Bench, createBench } from '../../src/testing/index.ts';
import { BYTES, Flight, numbers } from '../support/flight.ts';
import { session } from '../support/requests.ts';
import { RIGS } from '../support/rig.ts';

const plain = (bytes: Uint8Array) => new Uint8Array(bytes);

describe('WebCrypto', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench({ backend: 'host', algorithms: 'all' });
  });
  afterAll(() => bench.dispose());

  /** How many requests WebCrypto answered. */
  async function counted<Result>(work: Promise<Result>): Promise<{ result: Result; requests: number }> {
    const before = bench.device.statistics().elsewhere.host;
    const result = await work;
    return { result, requests: bench.device.statistics().elsewhere.host - before };
  }

  describe.each([16, 32])('with a key of %i bytes', (keyBytes) => {
    const key = randomBytes(keyBytes);

    test.each([16, 48, 4096])('encrypts and decrypts %i bytes of CBC without padding', async (bytes) => {
      const [iv, data] = [randomBytes(16), randomBytes(bytes)];
      const name = `aes-${8 * keyBytes}-cbc`;
      const sealed = plain(createCipheriv(name, key, iv).setAutoPadding(false).update(data));
      const request = { algorithm: 'aes-cbc', key, iv } as const;
      expect(await counted(bench.driver.cipher({ ...request, direction: 'encrypt', data }))).toEqual({
        result: { status: 'ok', data: sealed },
        requests: 1,
      });
      expect(await counted(bench.driver.cipher({ ...request, direction: 'decrypt', data: sealed }))).toEqual({
        result: { status: 'ok', data: plain(data) },
        requests: 1,
      });
    });

    test('counts in CTR over all 128 bits, and takes texts of any length', async () => {
      const [iv, data] = [Buffer.alloc(16, 0xff), randomBytes(77)];
      const sealed = plain(createCipheriv(`aes-${8 * keyBytes}-ctr`, key, iv).update(data));
      for (const [direction, from, to] of [
        ['encrypt', data, sealed],
        ['decrypt', sealed, data],
      ] as const) {
        const request = bench.driver.cipher({ algorithm: 'aes-ctr', key, iv, direction, data: from });
        expect(await counted(request)).toEqual({ result: { status: 'ok', data: plain(to) }, requests: 1 });
      }
    });

    test.each([12, 16])('seals and opens GCM with a tag of %i bytes, and refuses a wrong one', async (tagLength) => {
      const [iv, aad, data] = [randomBytes(12), randomBytes(20), randomBytes(1000)];
      const name = keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
      const cipher = createCipheriv(name, key, iv, { authTagLength: tagLength }).setAAD(aad);
      const sealed = plain(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]));
      const request = { algorithm: 'gcm', key, iv, aad, tagLength } as const;
      expect(await counted(bench.driver.aead({ ...request, direction: 'encrypt', data }))).toEqual({
        result: { status: 'ok', data: sealed },
        requests: 1,
      });
      expect(await counted(bench.driver.aead({ ...request, direction: 'decrypt', data: sealed }))).toEqual({
        result: { status: 'ok', data: plain(data) },
        requests: 1,
      });
      const wrong = sealed.with(-1, (sealed.at(-1) ?? 0) ^ 1);
      const { status } = await bench.driver.aead({ ...request, direction: 'decrypt', data: wrong });
      expect(status).toBe('badmsg');
    });
  });

  test.each([
    ['sha1', 'sha1'],
    ['sha-256', 'sha256'],
    ['sha-384', 'sha384'],
    ['sha-512', 'sha512'],
  ] as const)('makes %s and its HMAC, cut where the request says so', async (algorithm, name) => {
    const [key, data] = [randomBytes(200), randomBytes(1000)];
    expect(await counted(bench.driver.hash({ algorithm, data }))).toEqual({
      result: { status: 'ok', data: plain(createHash(name).update(data).digest()) },
      requests: 1,
    });
    expect(await counted(bench.driver.mac({ algorithm: `hmac-${algorithm}`, key, data, length: 12 }))).toEqual({
      result: { status: 'ok', data: plain(createHmac(name, key).update(data).digest().subarray(0, 12)) },
      requests: 1,
    });
  });

  test('leaves to the engine what it does not know, or does otherwise', async () => {
    const [key, iv, data] = [randomBytes(24), randomBytes(16), randomBytes(64)];
    const long = { algorithm: 'aes-cbc', key, iv, direction: 'encrypt', data } as const;
    expect(await counted(bench.driver.cipher(long))).toEqual({
      result: {
        status: 'ok',
        data: plain(createCipheriv('aes-192-cbc', key, iv).setAutoPadding(false).update(data)),
      },
      requests: 0,
    });
    expect((await counted(bench.driver.hash({ algorithm: 'sha3-256', data }))).requests).toBe(0);
    const odd = { ...long, key: randomBytes(16), data: randomBytes(17) };
    expect((await counted(bench.driver.cipher(odd))).result.status).toBe('err');
    const nonce = { algorithm: 'gcm', key: randomBytes(16), iv, aad: data, direction: 'encrypt', data } as const;
    expect((await counted(bench.driver.aead(nonce))).requests).toBe(0);
  });

  test('takes an empty HMAC key, which WebCrypto refuses, to the engine', async () => {
    const data = randomBytes(64);
    const key = new Uint8Array();
    const { result } = await counted(bench.driver.mac({ algorithm: 'hmac-sha-256', key, data }));
    expect(result).toEqual({ status: 'ok', data: plain(createHmac('sha256', key).update(data).digest()) });
  });

  test('serves requests that carry their keys with them', async () => {
    const modern = await createBench({ backend: 'host', layout: 'revision1' });
    const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(160)];
    const sealed = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data);
    const request = { algorithm: 'aes-cbc', key, iv, direction: 'decrypt', data: sealed, stateless: true } as const;
    expect(await modern.driver.cipher(request)).toEqual({ status: 'ok', data: plain(data) });
    expect(modern.device.statistics().elsewhere.host).toBe(1);
    await modern.dispose();
  });
});

describe.each(RIGS)('requests under way in WebCrypto, with a %s ring', (_, makeRig) => {
  test('are done once each, more of them than it has room for', async () => {
    const rig = makeRig({ backend: 'host', queueSize: 1024 });
    const flight = new Flight(rig);
    const id = session(rig);
    const before = rig.data.usedIdx;
    for (const place of numbers(100)) flight.offer(place, id);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(before);
    await flight.used(before, 100);
    for (const place of numbers(100)) flight.expectDone(place);
    expect(rig.device.statistics().elsewhere).toMatchObject({ host: 100, hostBytes: 100 * (16 + BYTES) });
    rig.device.dispose();
  });

  test('are done before a device that is saved, and forgotten by one that is reset', async () => {
    const rig = makeRig({ backend: 'host', queueSize: 1024 });
    const flight = new Flight(rig);
    const id = session(rig);
    const before = rig.data.usedIdx;
    for (const place of numbers(10)) flight.offer(place, id);
    rig.device.notify(0);
    rig.device.settle();
    expect((rig.data.usedIdx - before) & 0xffff).toBe(10);
    for (const place of numbers(10)) flight.expectDone(place);
    for (const place of numbers(10)) flight.offer(place + 10, id);
    rig.device.notify(0);
    rig.device.reset();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const place of numbers(10)) flight.expectUntouched(place + 10);
    expect(rig.device.statistics().elsewhere.host).toBe(0);
    rig.device.dispose();
  });
});
