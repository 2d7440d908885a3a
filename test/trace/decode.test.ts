// Fields of requests that bring their keys with them, and of asymmetric ones, as the specification lays them out.
import { createCipheriv, createHmac, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { type Bench, createBench } from '../../src/testing/bench.ts';
import { DeviceTracer, decodeRequest, summarise, type TracedRequest, toJsonLines } from '../../src/trace/index.ts';
import { noise } from '../support/memory.ts';

const KEY = noise(16, 1);
const AUTH_KEY = noise(20, 2);
const IV = noise(16, 3);
const AAD = noise(24, 4);
const DATA = noise(64, 5);
let bench: Bench;
let tracer: DeviceTracer;

afterEach(() => bench.dispose());

function lastRequest(): TracedRequest {
  const request = tracer.requestsSince(0).at(-1);
  if (!request) throw new Error('nothing was traced');
  return request;
}

const fieldsOf = (request: TracedRequest) => new Map(decodeRequest(request).map((field) => [field.name, field]));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('where stateless mode was negotiated', () => {
  beforeEach(async () => {
    bench = await createBench({ layout: 'revision1', backend: 'inline' });
    tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
  });

  test('5.9.7.6 a cipher’s request has its algorithm, its key and its data', async () => {
    const request = { algorithm: 'aes-cbc', key: KEY, iv: IV, direction: 'encrypt', data: DATA } as const;
    await bench.driver.cipher({ ...request, stateless: true });
    const fields = fieldsOf(lastRequest());
    expect(fields.get('sess_para.algo')).toMatchObject({ value: 'aes-cbc', section: '5.9.7.6' });
    expect(fields.get('sess_para.op')?.value).toBe('encrypt');
    expect(fields.get('cipher_key')).toMatchObject({ data: KEY, secret: true });
    expect(fields.get('iv')?.data).toEqual(IV);
    expect(fields.get('src_data')?.data).toEqual(DATA);
    const expected = createCipheriv('aes-128-cbc', KEY, IV).setAutoPadding(false).update(DATA);
    expect(fields.get('dst_data')?.data).toEqual(new Uint8Array(expected));
    expect(summarise(lastRequest())).toEqual({
      operation: 'CIPHER_ENCRYPT',
      algorithm: 'aes-cbc',
      bytes: 64,
      session: '-',
      status: 'OK',
    });
  });

  test('5.9.7.6 a chain’s request has both keys, and its additional data before its source', async () => {
    await bench.driver.chain({
      order: 'hash-then-cipher',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-cbc', key: KEY, iv: IV },
      hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: AUTH_KEY },
      aad: AAD,
      data: DATA,
      stateless: true,
    });
    const fields = fieldsOf(lastRequest());
    expect(fields.get('sess_para.alg_chain_order')?.value).toBe('HASH_THEN_CIPHER');
    expect(fields.get('sess_para.hash.algo')?.value).toBe('hmac-sha-256');
    expect(fields.get('cipher_key')?.data).toEqual(KEY);
    expect(fields.get('auth_key')?.data).toEqual(AUTH_KEY);
    expect(fields.get('aad')?.data).toEqual(AAD);
    expect(fields.get('src_data')?.data).toEqual(DATA);
    const digest = createHmac('sha256', AUTH_KEY).update(AAD).update(DATA).digest();
    expect(fields.get('hash_result')?.data).toEqual(new Uint8Array(digest));
    expect(summarise(lastRequest()).algorithm).toBe('aes-cbc + hmac-sha-256');
  });

  test('5.9.7.4, 5.9.7.5, 5.9.7.7 so have requests of the other services', async () => {
    await bench.driver.hash({ algorithm: 'sha-256', data: DATA, stateless: true });
    expect(fieldsOf(lastRequest()).get('src_data')).toMatchObject({ data: DATA, section: '5.9.7.4' });
    await bench.driver.mac({ algorithm: 'hmac-sha-256', key: AUTH_KEY, data: DATA, stateless: true });
    expect(fieldsOf(lastRequest()).get('auth_key')).toMatchObject({ data: AUTH_KEY, section: '5.9.7.5' });
    const iv = IV.slice(0, 12);
    const request = { algorithm: 'gcm', key: KEY, iv, aad: AAD, direction: 'encrypt', data: DATA } as const;
    await bench.driver.aead({ ...request, stateless: true });
    const fields = fieldsOf(lastRequest());
    expect(fields.get('key')).toMatchObject({ data: KEY, section: '5.9.7.7' });
    expect(fields.get('aad')?.data).toEqual(AAD);
    expect(fields.get('tag_len')?.value).toBe('16 bytes');
  });

  test('a request that names a session has the same fields, and no key', async () => {
    await bench.driver.cipher({ algorithm: 'aes-cbc', key: KEY, iv: IV, direction: 'encrypt', data: DATA });
    const request = tracer.requestsSince(0).findLast(({ control }) => !control);
    if (!request) throw new Error('nothing was traced');
    const fields = fieldsOf(request);
    expect(fields.has('cipher_key')).toBe(false);
    expect(fields.get('iv')?.data).toEqual(IV);
    expect(fields.get('src_data')?.data).toEqual(DATA);
  });

  test('no key leaves with a trace', async () => {
    await bench.driver.mac({ algorithm: 'hmac-sha-256', key: AUTH_KEY, data: DATA, stateless: true });
    const lines = toJsonLines([lastRequest()]);
    expect(lines).not.toContain(hexOf(AUTH_KEY));
    expect(lines).toContain(hexOf(DATA));
  });
});

test('5.9.7.6 without REVISION_1 a chain’s additional data stand before its source', async () => {
  bench = await createBench({ backend: 'inline' });
  tracer = new DeviceTracer(bench.device);
  await bench.driver.chain({
    order: 'cipher-then-hash',
    direction: 'encrypt',
    cipher: { algorithm: 'aes-cbc', key: KEY, iv: IV },
    hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: AUTH_KEY },
    aad: AAD,
    data: DATA,
  });
  const request = tracer.requestsSince(0).findLast(({ control }) => !control);
  if (!request) throw new Error('nothing was traced');
  expect(fieldsOf(request).get('aad')?.data).toEqual(AAD);
  expect(fieldsOf(request).get('src_data')?.data).toEqual(DATA);
});

describe('asymmetric requests, whatever the device answers', () => {
  const words = (bytes: number, values: Record<number, number>): Uint8Array => {
    const header = new DataView(new ArrayBuffer(bytes));
    for (const [offset, value] of Object.entries(values)) header.setUint32(Number(offset), value, true);
    return new Uint8Array(header.buffer);
  };
  beforeEach(async () => {
    bench = await createBench({ backend: 'inline' });
    tracer = new DeviceTracer(bench.device);
  });

  test('5.9.7.2.1 a session of RSA: the key, and how it pads', async () => {
    const header = words(crypto.CTRL_AKCIPHER_BYTES, {
      [crypto.CTRL_OPCODE]: 0x0404,
      [crypto.CTRL_AKCIPHER_ALGO]: crypto.AKCIPHER_RSA,
      [crypto.CTRL_AKCIPHER_KEY_TYPE]: crypto.AKCIPHER_KEY_PRIVATE,
      [crypto.CTRL_AKCIPHER_KEY_LEN]: 64,
      [crypto.CTRL_AKCIPHER_PARAMETERS + crypto.RSA_PADDING_ALGO]: 1,
      [crypto.CTRL_AKCIPHER_PARAMETERS + crypto.RSA_HASH_ALGO]: 6,
    });
    await bench.driver.submit({ queue: 1, readable: [header, DATA], writable: [16] });
    const fields = fieldsOf(lastRequest());
    expect(fields.get('opcode')?.value).toBe('AKCIPHER_CREATE_SESSION');
    expect(fields.get('key_type')?.value).toBe('PRIVATE');
    expect(fields.get('algo_flf.padding_algo')?.value).toBe('PKCS1');
    expect(fields.get('algo_flf.hash_algo')?.value).toBe('SHA256');
    expect(fields.get('key')).toMatchObject({ data: DATA, secret: true });
  });

  test('5.9.7.2.1 a session of ECDSA: its curve', async () => {
    const header = words(crypto.CTRL_AKCIPHER_BYTES, {
      [crypto.CTRL_OPCODE]: 0x0404,
      [crypto.CTRL_AKCIPHER_ALGO]: crypto.AKCIPHER_ECDSA,
      [crypto.CTRL_AKCIPHER_PARAMETERS + crypto.ECDSA_CURVE_ID]: 3,
    });
    await bench.driver.submit({ queue: 1, readable: [header], writable: [16] });
    expect(fieldsOf(lastRequest()).get('algo_flf.curve_id')?.value).toBe('NIST_P256');
  });

  test('5.9.7.2.1, 5.9.7.8 what the driver sends of ECDSA and RSA, in the layout of REVISION_1', async () => {
    const rsaKey = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({
      type: 'pkcs1',
      format: 'der',
    });
    const ecKey = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey.export({
      type: 'sec1',
      format: 'der',
    });
    const made = await createBench({ layout: 'revision1' });
    const traced = new DeviceTracer(made.device);
    const last = (control: boolean) => {
      // Every session is closed at once.
      const isIt = (each: TracedRequest) => each.control === control && !summarise(each).operation.includes('DESTROY');
      const request = traced.requestsSince(0).findLast(isIt);
      if (!request) throw new Error('nothing was traced');
      return request;
    };
    const request = { operation: 'sign', keyType: 'private', data: DATA.subarray(0, 20), length: 64 } as const;
    const ecdsa = { ...request, algorithm: 'ecdsa', curve: 'p-224', key: ecKey } as const;
    await made.driver.akcipher(ecdsa);
    expect(fieldsOf(last(true)).get('algo_flf.curve_id')?.value).toBe('NIST_P224');
    expect(fieldsOf(last(true)).get('key')).toMatchObject({ data: Uint8Array.from(ecKey), secret: true });
    const { data, status } = await made.driver.akcipher({ ...ecdsa, stateless: true });
    expect(status).toBe('ok');
    const own = fieldsOf(last(false));
    expect(own.get('sess_para.algo')?.value).toBe('ecdsa');
    expect(own.get('sess_para.curve_id')?.value).toBe('NIST_P224');
    expect(own.get('akcipher_key')).toMatchObject({ data: Uint8Array.from(ecKey), secret: true });
    expect(own.get('src_data')?.data).toEqual(request.data);
    expect(own.get('dst_data')?.data?.subarray(0, data.length)).toEqual(data);
    expect(summarise(last(false))).toMatchObject({ operation: 'AKCIPHER_SIGN', algorithm: 'ecdsa' });
    const rsa = { ...request, algorithm: 'rsa', key: rsaKey, padding: 'pkcs1', hash: 'sha1' } as const;
    const signed = await made.driver.akcipher(rsa);
    expect(fieldsOf(last(true)).get('algo_flf.hash_algo')?.value).toBe('SHA1');
    expect(fieldsOf(last(false)).get('dst_data')?.data).toEqual(signed.data);
    expect(summarise(last(false))).toMatchObject({ operation: 'AKCIPHER_SIGN', algorithm: 'rsa' });
    await made.dispose();
  });

  test('5.9.7.8 to verify, the signature and what was signed are both read', async () => {
    const header = words(crypto.DATA_LEGACY_BYTES, {
      [crypto.DATA_OPCODE]: 0x0403,
      [crypto.DATA_AKCIPHER_SRC_LEN]: 24,
      [crypto.DATA_AKCIPHER_DST_LEN]: 64,
    });
    await bench.driver.submit({ queue: 0, readable: [header, AAD, DATA], writable: [1] });
    const fields = fieldsOf(lastRequest());
    expect(fields.get('opcode')?.value).toBe('AKCIPHER_VERIFY');
    expect(fields.get('src_data (signature)')).toMatchObject({ data: AAD, section: '5.9.7.8' });
    expect(fields.get('src_data (signed data)')?.data).toEqual(DATA);
    expect(summarise(lastRequest()).bytes).toBe(AAD.length + DATA.length);
  });
});
