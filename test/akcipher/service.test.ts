import * as crypto from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { RSA_SESSION } from '../../spec/layouts.ts';
import type { Refusal } from '../../src/device/refusals.ts';
import { akcipherOperation } from '../../src/driver/operations.ts';
import { type AkcipherSession, createSessionRequest } from '../../src/driver/sessions.ts';
import type { BenchOptions } from '../../src/testing/bench.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { contains } from '../support/memory.ts';

const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
const PUBLIC: Uint8Array = publicKey.export({ type: 'pkcs1', format: 'der' });
const PRIVATE: Uint8Array = privateKey.export({ type: 'pkcs1', format: 'der' });
const BYTES = 128;
const NO_PADDING = crypto.constants.RSA_NO_PADDING;
const DIGEST = crypto.createHash('sha256').update('a message').digest();
const SIGNATURE = Uint8Array.from(crypto.sign('sha256', Buffer.from('a message'), privateKey));

const open: Bench[] = [];
const bench = async (options: BenchOptions = {}): Promise<Bench> => {
  const made = await createBench(options);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const made of open.splice(0)) await made.dispose();
});

const text = (): Buffer => Buffer.concat([Buffer.alloc(1), crypto.randomBytes(BYTES - 1)]);
const rsa = { algorithm: 'rsa' } as const;
const secret = { ...rsa, keyType: 'private', key: PRIVATE } as const;
const shown = { ...rsa, keyType: 'public', key: PUBLIC } as const;

describe.each([
  ['split', 'legacy', false],
  ['packed', 'legacy', false],
  ['split', 'revision1', false],
  ['split', 'revision1', true],
  ['packed', 'revision1', true],
] as const)('RSA with the %s ring, layout %s, stateless: %s', (ring, layout, stateless) => {
  test('[5.9.7.8.2-1] [5.9.7.8.2-2] [5.9.7.8.2-3] encrypts and decrypts without padding as node:crypto does', async () => {
    const { driver } = await bench({ ring, layout });
    for (let round = 0; round < 3; round++) {
      const plain = text();
      const encrypted = await driver.akcipher({
        ...shown,
        operation: 'encrypt',
        data: plain,
        length: BYTES,
        stateless,
      });
      const expected = crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, plain);
      expect(encrypted).toEqual({ status: 'ok', data: Uint8Array.from(expected) });
      const { data } = encrypted;
      expect(await driver.akcipher({ ...secret, operation: 'decrypt', data, length: BYTES, stateless })).toEqual({
        status: 'ok',
        data: Uint8Array.from(plain),
      });
    }
  });

  test('5.9.7.8 encrypts and decrypts with PKCS #1 padding: the result is shorter than its room', async () => {
    const { driver } = await bench({ ring, layout });
    const padded = { padding: 'pkcs1', hash: 'sha1', stateless } as const;
    const data = Buffer.from('a short message');
    const encrypted = await driver.akcipher({ ...shown, ...padded, operation: 'encrypt', data });
    expect(encrypted.data.length).toBe(BYTES);
    const back = await driver.akcipher({
      ...secret,
      ...padded,
      operation: 'decrypt',
      data: encrypted.data,
      length: BYTES,
    });
    expect(back).toEqual({ status: 'ok', data: Uint8Array.from(data) });
  });

  test('[5.9.7.8.2-3] [5.9.7.8.2-7] signs as node:crypto does, and verifies: a wrong signature is KEY_REJECTED', async () => {
    const { driver, device } = await bench({ ring, layout });
    const signing = { padding: 'pkcs1', hash: 'sha-256', data: DIGEST, stateless } as const;
    expect(await driver.akcipher({ ...secret, ...signing, operation: 'sign' })).toEqual({
      status: 'ok',
      data: SIGNATURE,
    });
    const verify = (signature: Uint8Array) => driver.akcipher({ ...shown, ...signing, operation: 'verify', signature });
    expect(await verify(SIGNATURE)).toEqual({ status: 'ok', data: new Uint8Array() });
    const wrong = SIGNATURE.map((byte, at) => (at === 60 ? byte ^ 1 : byte));
    expect(await verify(wrong)).toEqual({ status: 'key-rejected', data: new Uint8Array() });
    expect(device.statistics().services.akcipher).toMatchObject({ requests: 3 });
  });
});

describe.each([
  ['split', 'legacy', false],
  ['packed', 'legacy', false],
  ['split', 'revision1', false],
  ['packed', 'revision1', true],
] as const)('ECDSA with the %s ring, layout %s, stateless: %s', (ring, layout, stateless) => {
  test('[5.9.7.8.2-3] [5.9.7.8.2-7] node:crypto verifies what it signs, and it what node:crypto signs', async () => {
    const { driver, device } = await bench({ ring, layout });
    const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const key: Uint8Array = pair.privateKey.export({ type: 'sec1', format: 'der' });
    // The point stands at the end of SubjectPublicKeyInfo.
    const point: Uint8Array = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-97);
    const parameters = { algorithm: 'ecdsa', curve: 'p-384', data: DIGEST, stateless } as const;
    const { status, data } = await driver.akcipher({ ...parameters, keyType: 'private', key, operation: 'sign' });
    expect(status).toBe('ok');
    expect(crypto.verify('sha256', Buffer.from('a message'), pair.publicKey, data)).toBe(true);
    const theirs = crypto.sign('sha256', Buffer.from('a message'), pair.privateKey);
    const verify = async (signature: Uint8Array) => {
      const request = { ...parameters, keyType: 'public', key: point, operation: 'verify', signature } as const;
      return (await driver.akcipher(request)).status;
    };
    expect(await verify(theirs)).toBe('ok');
    theirs[50] = (theirs[50] ?? 0) ^ 1;
    expect(await verify(theirs)).toBe('key-rejected');
    expect(device.statistics().services.akcipher).toMatchObject({ requests: 3, errors: { 'key-rejected': 1 } });
  });
});

describe('the AKCIPHER service', () => {
  test('saves and restores sessions of ECDSA', async () => {
    const [from, to] = [await bench(), await bench()];
    const { privateKey: secretKey, publicKey: shownKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key: Uint8Array = secretKey.export({ type: 'sec1', format: 'der' });
    const parameters = { service: 'akcipher', algorithm: 'ecdsa', keyType: 'private', key, curve: 'p-256' } as const;
    const session = await from.driver.createSession(parameters);
    to.device.restore({ ...from.device.save({ includeKeys: true }), queues: to.device.save().queues });
    const { data } = await to.driver.akcipherInSession(session, { operation: 'sign', data: DIGEST, length: 80 });
    expect(crypto.verify('sha256', Buffer.from('a message'), shownKey, data)).toBe(true);
  });

  test('5.9.5 is in the configuration space, with the algorithms that the device has', async () => {
    const config = (made: Bench, offset: number) =>
      [0, 1, 2, 3].reduce((sum, at) => sum + made.device.config.byte(offset + at) * 256 ** at, 0);
    const made = await bench();
    expect(config(made, spec.CONFIG_CRYPTO_SERVICES) >> spec.SERVICE_AKCIPHER).toBe(1);
    expect(config(made, spec.CONFIG_AKCIPHER_ALGO)).toBe((1 << spec.AKCIPHER_RSA) | (1 << spec.AKCIPHER_ECDSA));
    const without = await bench({ algorithms: ['aes-cbc'] });
    expect(config(without, spec.CONFIG_CRYPTO_SERVICES) >> spec.SERVICE_AKCIPHER).toBe(0);
    expect(config(without, spec.CONFIG_AKCIPHER_ALGO)).toBe(0);
    expect((await without.driver.createSession({ service: 'akcipher', ...shown })).status).toBe('notsupp');
    const alone = await bench({ algorithms: ['rsa'] });
    expect(config(alone, spec.CONFIG_CRYPTO_SERVICES)).toBe(1 << spec.SERVICE_AKCIPHER);
    expect(config(alone, spec.CONFIG_AKCIPHER_ALGO)).toBe(1 << spec.AKCIPHER_RSA);
    expect(config(await bench({ algorithms: ['ecdsa'] }), spec.CONFIG_AKCIPHER_ALGO)).toBe(1 << spec.AKCIPHER_ECDSA);
  });

  test('5.9.7.2.1 refuses algorithms, key types, paddings and hashes that it does not have with NOTSUPP', async () => {
    const { driver } = await bench({ layout: 'revision1' });
    const patched = async (offset: number, value: number): Promise<number> => {
      const session = { service: 'akcipher', ...shown, padding: 'pkcs1', hash: 'sha-256' } as const;
      const { header, readable } = createSessionRequest(session, true);
      new DataView(header.buffer).setUint32(offset, value, true);
      const { writable } = await driver.submit({
        queue: driver.controlQueue,
        readable: [header, ...readable],
        writable: [spec.CREATE_INPUT_BYTES],
      });
      const input = Buffer.from(writable[0] ?? []);
      expect(input.readBigUInt64LE(spec.CREATE_INPUT_SESSION_ID) === 0n).toBe(
        input.readUInt32LE(spec.CREATE_INPUT_STATUS) !== 0,
      );
      return input.readUInt32LE(spec.CREATE_INPUT_STATUS);
    };
    const at = (name: string) =>
      RSA_SESSION.fields.find((field) => field.name === name)?.offset ?? expect.unreachable();
    expect(await patched(at('algo'), 1)).toBe(spec.CRYPTO_OK);
    // 3 is ECDSA in the headers of Linux, and nothing here.
    for (const algorithm of [0, 3, 0xffffffff]) expect(await patched(at('algo'), algorithm)).toBe(spec.CRYPTO_NOTSUPP);
    for (const type of [0, 3, 0xffffffff]) expect(await patched(at('key_type'), type)).toBe(spec.CRYPTO_NOTSUPP);
    for (const padding of [2, 0xffffffff])
      expect(await patched(at('algo_flf.padding_algo'), padding)).toBe(spec.CRYPTO_NOTSUPP);
    for (const hash of [2, 10]) expect(await patched(at('algo_flf.hash_algo'), hash)).toBe(spec.CRYPTO_NOTSUPP);
    expect(await patched(at('key_type'), 2)).toBe(spec.CRYPTO_ERR);
    expect(await patched(at('key_len'), PUBLIC.length - 1)).toBe(spec.CRYPTO_ERR);
    expect(await patched(at('key_len'), PUBLIC.length + 1)).toBe(spec.CRYPTO_ERR);
    expect(await patched(at('key_len'), 0xffffffff)).toBe(spec.CRYPTO_ERR);
    expect(await patched(0, spec.CIPHER_CREATE_SESSION | 0x400)).toBe(spec.CRYPTO_NOTSUPP);
  });

  test('[5.9.7.8.2-6] a request in a session of another service is INVSESS, both ways', async () => {
    const { driver } = await bench();
    const key = new Uint8Array(16);
    const cipher = await driver.createCipherSession('aes-cbc', 'encrypt', key);
    const asymmetric = await driver.createSession({ service: 'akcipher', ...shown });
    const request = { algorithm: 'aes-cbc', direction: 'encrypt', iv: key, data: key } as const;
    expect((await driver.cipherInSession(asymmetric.id, request)).status).toBe('invsess');
    const content = { operation: 'encrypt', data: text(), length: BYTES } as const;
    expect((await driver.akcipherInSession({ ...asymmetric, id: cipher.id }, content)).status).toBe('invsess');
    expect((await driver.akcipherInSession(asymmetric, content)).status).toBe('ok');
    expect(await driver.destroySession(asymmetric.id, 'akcipher')).toBe('ok');
    expect((await driver.akcipherInSession(asymmetric, content)).status).toBe('invsess');
  });

  test('[5.9.7.8.2-4] RAW must not be used for signatures: NOTSUPP', async () => {
    const { driver } = await bench();
    expect((await driver.akcipher({ ...secret, operation: 'sign', data: DIGEST })).status).toBe('notsupp');
    const verify = { operation: 'verify', data: DIGEST, signature: SIGNATURE } as const;
    expect((await driver.akcipher({ ...shown, ...verify })).status).toBe('notsupp');
  });

  test('onRefused says why a request was refused', async () => {
    const refusals: Refusal[] = [];
    const { driver } = await bench({ onRefused: (refusal) => refusals.push(refusal) });
    await driver.createSession({ service: 'akcipher', ...shown, key: PRIVATE });
    await driver.akcipher({ ...shown, operation: 'decrypt', data: text() });
    const signed = { padding: 'pkcs1', hash: 'sha1', operation: 'verify' } as const;
    await driver.akcipher({ ...shown, ...signed, data: DIGEST, signature: SIGNATURE });
    const { id } = await driver.createSession({ service: 'akcipher', ...shown });
    const mode = { revision1: false, statelessLayout: false, session: id };
    const content = { operation: 'encrypt', data: new Uint8Array(600), length: BYTES } as const;
    const { readable, writable } = akcipherOperation({ service: 'akcipher', ...shown }, content, mode);
    const pieces = Array.from({ length: 600 }, () => new Uint8Array(1));
    await driver.submit({ queue: 0, readable: [...readable.slice(0, 1), ...pieces], writable });
    const unknown = createSessionRequest({ service: 'akcipher', ...shown }, false);
    unknown.header[spec.CTRL_AKCIPHER_KEY_TYPE] = 7;
    await driver.submit({
      queue: driver.controlQueue,
      readable: [unknown.header, ...unknown.readable],
      writable: [spec.CREATE_INPUT_BYTES],
    });
    expect(refusals.map(({ check, status }) => [check, status])).toEqual([
      ['key', 'err'],
      ['akcipher', 'err'],
      ['signature', 'key-rejected'],
      ['pieces', 'err'],
      ['key_type', 'notsupp'],
    ]);
  });

  test('5.9.5.1 content beyond max_size is refused, in stateless mode with the key', async () => {
    const { driver } = await bench({ layout: 'revision1', maxRequestBytes: 1024 });
    const request = { ...shown, operation: 'encrypt', data: text() } as const;
    expect((await driver.akcipher({ ...request, length: 1024 - BYTES })).status).toBe('ok');
    expect((await driver.akcipher({ ...request, length: 1025 - BYTES })).status).toBe('err');
    const left = 1024 - BYTES - PUBLIC.length;
    expect((await driver.akcipher({ ...request, length: left, stateless: true })).status).toBe('ok');
    expect((await driver.akcipher({ ...request, length: left + 1, stateless: true })).status).toBe('err');
  });

  test('limits.modulusBits bounds moduli and the length of keys', async () => {
    const { driver } = await bench({ limits: { modulusBits: 1023, keyBytes: 64 } });
    expect((await driver.createSession({ service: 'akcipher', ...shown })).status).toBe('err');
    const exact = await bench({ limits: { modulusBits: 1024, keyBytes: 64 } });
    expect((await exact.driver.createSession({ service: 'akcipher', ...secret })).status).toBe('ok');
    const long = { service: 'akcipher', ...shown, key: new Uint8Array(4.5 * BYTES + 97) } as const;
    expect((await exact.driver.createSession(long)).status).toBe('err');
  });
});

describe('2.7.8.2 the used element and what is written', () => {
  const session: AkcipherSession = { service: 'akcipher', ...secret, padding: 'pkcs1', hash: 'sha1' };
  /** Sends a request whose writable part has `room` bytes in all, full of 0xaa. */
  async function written(data: Uint8Array, length: number, room: number, operation: 'decrypt' | 'encrypt' = 'decrypt') {
    const { driver } = await bench();
    const { id } = await driver.createSession(session);
    const mode = { revision1: false, statelessLayout: false, session: id };
    const { readable } = akcipherOperation(session, { operation, data, length }, mode);
    return driver.submit({ queue: 0, readable, writable: [room] });
  }

  test('a result and one byte more, which is zero unless it is the status', async () => {
    const message = Buffer.from('0123456789');
    const padding = crypto.constants.RSA_PKCS1_PADDING;
    const data = crypto.publicEncrypt({ key: publicKey, padding }, message);
    const exact = await written(data, 10, 11);
    expect(exact.written).toBe(11);
    expect(Buffer.from(exact.writable[0] ?? [])).toEqual(Buffer.concat([message, Buffer.of(0)]));
    for (const [length, room] of [
      [10, 40],
      [39, 40],
      [20, 40],
    ] as const) {
      const result = await written(data, length, room);
      expect(result.written).toBe(11);
      expect(Buffer.from(result.writable[0] ?? []).subarray(0, 11)).toEqual(Buffer.concat([message, Buffer.of(0)]));
      expect(result.writable[0]?.at(-1)).toBe(spec.CRYPTO_OK);
    }
  });

  test('[5.9.7.8.2-8] an error writes the status, and one zero in front', async () => {
    const result = await written(new Uint8Array(BYTES).fill(1), 20, 30);
    expect(result.written).toBe(1);
    expect(result.writable[0]?.[0]).toBe(0);
    expect(result.writable[0]?.at(-1)).toBe(spec.CRYPTO_ERR);
    const refused = await written(new Uint8Array(BYTES), 2 ** 31, 30);
    expect(refused.written).toBe(1);
    expect(refused.writable[0]?.at(-1)).toBe(spec.CRYPTO_ERR);
  });
});

describe('private operations run in slices', () => {
  test('the notification returns before they are done; other requests go on; results come in order', async () => {
    const clock = new FakeClock();
    const { driver, device } = await bench({ clock });
    const opened = await driver.createSession({ service: 'akcipher', ...secret });
    const plain = text();
    const data = crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, plain);
    const done: string[] = [];
    const first = driver.akcipherInSession(opened, { operation: 'decrypt', data, length: BYTES }).then((result) => {
      done.push('private');
      return result;
    });
    await driver.cipher({
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      key: new Uint8Array(16),
      iv: new Uint8Array(16),
      data: new Uint8Array(64),
    });
    done.push('cipher');
    await driver.akcipher({ ...shown, operation: 'encrypt', data: plain, length: BYTES });
    done.push('public');
    clock.advance(1);
    expect((await first).data).toEqual(Uint8Array.from(plain));
    expect(done).toEqual(['cipher', 'public', 'private']);
    expect(device.sessionCount).toBe(1);
  });

  test('save() completes them, and a reset forgets them', async () => {
    const clock = new FakeClock();
    const { driver, device } = await bench({ clock });
    const opened = await driver.createSession({ service: 'akcipher', ...secret });
    const data = crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, text());
    const request = { operation: 'decrypt', data, length: BYTES } as const;
    const first = driver.akcipherInSession(opened, request);
    device.save();
    expect((await first).status).toBe('ok');
    const second = driver.akcipherInSession(opened, request);
    const rejected = expect(second).rejects.toThrow();
    driver.start();
    await rejected;
    clock.advance(1);
    expect(device.sessionCount).toBe(0);
    expect((await driver.akcipher({ ...shown, operation: 'encrypt', data: text(), length: BYTES })).status).toBe('ok');
  });

  test('more requests than can be under way wait in their ring, and all are answered', async () => {
    const { driver } = await bench({ queueSize: 256 });
    const opened = await driver.createSession({ service: 'akcipher', ...secret });
    const plains = Array.from({ length: 40 }, text);
    const results = plains.map((plain, at) =>
      driver.akcipherInSession(
        opened,
        { operation: at % 3 === 0 ? 'encrypt' : 'decrypt', data: plain, length: BYTES },
        { hold: at < 39 },
      ),
    );
    for (const [at, result] of (await Promise.all(results)).entries()) {
      const plain = plains[at] ?? Buffer.alloc(0);
      const options = { padding: NO_PADDING };
      const expected =
        at % 3 === 0
          ? crypto.publicEncrypt({ key: publicKey, ...options }, plain)
          : crypto.privateDecrypt({ key: privateKey, ...options }, plain);
      expect(result).toEqual({ status: 'ok', data: Uint8Array.from(expected) });
    }
  });

  test('a session may close while its request is under way', async () => {
    const clock = new FakeClock();
    const { driver } = await bench({ clock });
    const opened = await driver.createSession({ service: 'akcipher', ...secret });
    const plain = text();
    const data = crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, plain);
    const result = driver.akcipherInSession(opened, { operation: 'decrypt', data, length: BYTES });
    expect(await driver.destroySession(opened.id, 'akcipher')).toBe('ok');
    clock.advance(1);
    expect((await result).data).toEqual(Uint8Array.from(plain));
  });
});

describe('keys', () => {
  test('are saved and restored with their sessions, if the host wants it', async () => {
    const [from, to] = [await bench(), await bench()];
    const opened = await from.driver.createSession({
      service: 'akcipher',
      ...secret,
      padding: 'pkcs1',
      hash: 'sha-256',
    });
    expect(from.device.sessions()[0]?.key).toBe(Buffer.from(PRIVATE).toString('hex'));
    const saved = JSON.parse(JSON.stringify(from.device.save({ includeKeys: true })));
    expect(JSON.stringify(from.device.save())).not.toContain(Buffer.from(PRIVATE).toString('hex').slice(20, 60));
    to.ram().set(from.ram());
    to.device.restore(saved);
    expect(to.device.sessionCount).toBe(1);
    expect(to.device.sessions()).toEqual(from.device.sessions());
    expect(
      (await to.driver.akcipherInSession(opened, { operation: 'sign', data: DIGEST, length: BYTES })).data,
    ).toEqual(SIGNATURE);
  });

  test('a saved key that is damaged is not restored', async () => {
    const [from, to] = [await bench(), await bench()];
    await from.driver.createSession({ service: 'akcipher', ...secret });
    const saved = from.device.save({ includeKeys: true });
    const [session] = saved.sessions;
    if (!session?.key) throw new Error('There is no session in the state.');
    session.key = `00${session.key.slice(2)}`;
    expect(() => to.device.restore(saved)).toThrow(/not possible here/);
    expect(to.device.sessionCount).toBe(0);
  });

  test('never lie in the engine, and stay when the backend changes', async () => {
    const { driver, device, memory } = await bench({ guestMemory: (given) => given });
    const opened = await driver.createSession({ service: 'akcipher', ...secret, padding: 'pkcs1', hash: 'sha-256' });
    const request = { operation: 'sign', data: DIGEST, length: BYTES } as const;
    expect((await driver.akcipherInSession(opened, request)).data).toEqual(SIGNATURE);
    const d = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    // The engine's region is behind the guest's RAM, which still holds what the driver sent.
    const ram = 16 * 1024 * 1024;
    const region = { start: ram + 65536, end: memory.buffer.byteLength };
    expect(region.end - region.start).toBeGreaterThan(device.options.maxRequestBytes);
    expect(contains(memory, region, d.subarray(0, 32))).toBe(false);
    await device.useBackend({ backend: 'workers', workers: 1 });
    expect((await driver.akcipherInSession(opened, request)).data).toEqual(SIGNATURE);
    await device.useBackend({ backend: 'inline' });
    expect((await driver.akcipherInSession(opened, request)).data).toEqual(SIGNATURE);
  });
});
