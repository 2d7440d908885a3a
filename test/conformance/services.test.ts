import { createCipheriv, createHash } from 'node:crypto';
import { cmac } from '@noble/ciphers/aes.js';
import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { aeadOperation, authOperation, chainOperation } from '../../src/driver/operations.ts';
import type { AeadSession, ChainSession, HashSession, MacSession } from '../../src/driver/sessions.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import { bench, LAYOUTS, modeOf, sendPatched, sessionOf } from './service_requests.ts';

const KEY = noise(16, 41);
const AUTH_KEY = noise(32, 42);
const IV = noise(16, 43);
const NONCE = noise(12, 44);
const AAD = noise(13, 45);
const DATA = noise(64, 46);
const TAG_BYTES = 16;
const DIGEST_BYTES = 32;
const NO_SESSION = 0xdeadn;

const HASH: HashSession = { service: 'hash', algorithm: 'sha-256' };
const MAC: MacSession = { service: 'mac', algorithm: 'cmac-aes', key: AUTH_KEY };
const CHAIN: ChainSession = {
  service: 'chain',
  order: 'cipher-then-hash',
  direction: 'encrypt',
  cipher: { algorithm: 'aes-cbc', key: KEY },
  hash: { mode: 'auth', algorithm: 'cmac-aes', key: AUTH_KEY },
};
const SEAL: AeadSession = {
  service: 'aead',
  algorithm: 'gcm',
  direction: 'encrypt',
  key: KEY,
  tagLength: TAG_BYTES,
  aadLength: AAD.length,
};
const OPEN: AeadSession = { ...SEAL, direction: 'decrypt' };

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const digestOf = (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest());
const macOf = (...parts: Uint8Array[]) => cmac(joined(...parts), AUTH_KEY);
const CIPHERTEXT = reference('encrypt', KEY, IV, DATA);

const gcm = createCipheriv('aes-128-gcm', KEY, NONCE).setAAD(AAD);
const SEALED = joined(gcm.update(DATA), gcm.final(), gcm.getAuthTag());

describe.each(LAYOUTS)('5.9.7.4 HASH in %s', (_, options) => {
  const opened = async () => {
    const made = await bench(options);
    const id = await sessionOf(made, HASH);
    const operation = (session = id, length = DIGEST_BYTES) =>
      authOperation(HASH, DATA, length, modeOf(made, HASH, session));
    return { made, operation };
  };

  test('the digest stands in hash_result, with OK [5.9.7.4.2-1] [5.9.7.4.2-3] [5.9.7.4.2-4]', async () => {
    const { made, operation } = await opened();
    const { status, results } = await sendPatched(made, operation());
    expect({ status, results }).toEqual({ status: 'ok', results: [digestOf(DATA)] });
  });

  test('an opcode that there is not, and an algorithm that is not offered, are NOTSUPP [5.9.7.4.2-5]', async () => {
    const { made, operation } = await opened();
    const answer = await sendPatched(made, operation(), { [spec.DATA_OPCODE]: spec.HASH | 1 });
    expect(answer).toMatchObject({ status: 'notsupp', written: 0 });
    const sha256Only = await bench({ ...options, algorithms: ['sha-256'] });
    expect(await sha256Only.driver.createSession({ ...HASH, algorithm: 'sha-512' })).toMatchObject({
      status: 'notsupp',
    });
  });

  test('an id that names no session is INVSESS [5.9.7.4.2-6]', async () => {
    const { made, operation } = await opened();
    expect(await sendPatched(made, operation(NO_SESSION))).toMatchObject({ status: 'invsess', written: 0 });
  });

  test('a result longer than the digest is ERR [5.9.7.4.2-7]', async () => {
    const { made, operation } = await opened();
    const answer = await sendPatched(made, operation(undefined, DIGEST_BYTES + 1));
    expect(answer).toMatchObject({ status: 'err', written: 0 });
  });
});

describe.each(LAYOUTS)('5.9.7.5 MAC in %s', (_, options) => {
  const opened = async () => {
    const made = await bench(options);
    const id = await sessionOf(made, MAC);
    const operation = (session = id, length = TAG_BYTES) =>
      authOperation(MAC, DATA, length, modeOf(made, MAC, session));
    return { made, operation };
  };

  test('the MAC stands in hash_result, with OK [5.9.7.5.2-2] [5.9.7.5.2-3]', async () => {
    const { made, operation } = await opened();
    const { status, results } = await sendPatched(made, operation());
    expect(status).toBe('ok');
    expect(results).toEqual([macOf(DATA)]);
  });

  test('an opcode that there is not, and an algorithm that is not offered, are NOTSUPP [5.9.7.5.2-4]', async () => {
    const { made, operation } = await opened();
    expect(await sendPatched(made, operation(), { [spec.DATA_OPCODE]: spec.MAC | 1 })).toMatchObject({
      status: 'notsupp',
      written: 0,
    });
    const aesOnly = await bench({ ...options, algorithms: ['cmac-aes'] });
    expect(await aesOnly.driver.createSession({ ...MAC, algorithm: 'xcbc-aes' })).toMatchObject({ status: 'notsupp' });
  });

  test('an id that names no session is INVSESS [5.9.7.5.2-5]', async () => {
    const { made, operation } = await opened();
    expect(await sendPatched(made, operation(NO_SESSION))).toMatchObject({ status: 'invsess', written: 0 });
  });

  test('a result longer than the MAC is ERR [5.9.7.5.2-6]', async () => {
    const { made, operation } = await opened();
    expect(await sendPatched(made, operation(undefined, TAG_BYTES + 1))).toMatchObject({ status: 'err', written: 0 });
  });

  test('max_auth_key_len is the longest key that is taken [5.9.5.1-10]', async () => {
    const made = await bench({ ...options, algorithms: ['cmac-aes'], limits: { keyBytes: 24 } });
    expect(made.device.config.byte(spec.CONFIG_MAX_AUTH_KEY_LEN)).toBe(24);
    expect(await made.driver.createSession({ ...MAC, key: AUTH_KEY.slice(0, 24) })).toMatchObject({ status: 'ok' });
    expect(await made.driver.createSession(MAC)).toMatchObject({ status: 'err', id: 0n });
  });
});

describe.each(LAYOUTS)('5.9.7.6 algorithm chaining in %s', (_, options) => {
  test('the result stands in dst_data and the MAC in hash_result [5.9.7.6.2-4] [5.9.7.6.2-7]', async () => {
    const made = await bench(options);
    const mode = modeOf(made, CHAIN, await sessionOf(made, CHAIN));
    const { status, results } = await sendPatched(made, chainOperation(CHAIN, { iv: IV, data: DATA }, TAG_BYTES, mode));
    expect(status).toBe('ok');
    expect(results).toEqual([CIPHERTEXT, macOf(CIPHERTEXT)]);
  });

  test('additional data is there only where add_len says so [5.9.7.6.2-6]', async () => {
    const made = await bench(options);
    for (const aad of [new Uint8Array(), AAD]) {
      const parameters = { ...CHAIN, aadLength: aad.length };
      const mode = modeOf(made, parameters, await sessionOf(made, parameters));
      const request = { iv: IV, data: DATA, aad };
      const { results } = await sendPatched(made, chainOperation(parameters, request, TAG_BYTES, mode));
      expect(results).toEqual([CIPHERTEXT, macOf(aad, CIPHERTEXT)]);
    }
  });
});

describe.each(LAYOUTS)('5.9.7.7 AEAD in %s', (_, options) => {
  const opened = async (parameters: AeadSession, data: Uint8Array) => {
    const made = await bench(options);
    const id = await sessionOf(made, parameters);
    const operation = (session = id, source = data, iv = NONCE) =>
      aeadOperation(parameters, { iv, aad: AAD, data: source }, modeOf(made, parameters, session));
    return { made, operation };
  };

  test('the ciphertext stands in dst_data, the tag behind it, with OK [5.9.7.7.2-2] [5.9.7.7.2-3] [5.9.7.7.2-5]', async () => {
    const { made, operation } = await opened(SEAL, DATA);
    const { status, results } = await sendPatched(made, operation());
    expect({ status, results }).toEqual({ status: 'ok', results: [SEALED] });
  });

  test('decryption verifies the tag: OK and the text, or BADMSG and nothing [5.9.7.7.2-4] [5.9.7.7.2-7]', async () => {
    const { made, operation } = await opened(OPEN, SEALED);
    const { status, results } = await sendPatched(made, operation());
    expect({ status, results }).toEqual({ status: 'ok', results: [DATA] });
    for (const at of [0, DATA.length, SEALED.length - 1]) {
      const changed = SEALED.map((byte, i) => (i === at ? byte ^ 1 : byte));
      const answer = await sendPatched(made, operation(undefined, changed));
      expect(answer).toEqual({ status: 'badmsg', results: [new Uint8Array(DATA.length)], written: 0 });
    }
  });

  test('an opcode that there is not, and an algorithm that is not offered, are NOTSUPP [5.9.7.7.2-6]', async () => {
    const { made, operation } = await opened(SEAL, DATA);
    const answer = await sendPatched(made, operation(), { [spec.DATA_OPCODE]: spec.AEAD_ENCRYPT | 2 });
    expect(answer).toMatchObject({ status: 'notsupp', written: 0 });
    const gcmOnly = await bench({ ...options, algorithms: ['gcm'] });
    expect(await gcmOnly.driver.createSession({ ...SEAL, algorithm: 'ccm' })).toMatchObject({ status: 'notsupp' });
  });

  test('an id that names no session is INVSESS [5.9.7.7.2-8]', async () => {
    const { made, operation } = await opened(SEAL, DATA);
    expect(await sendPatched(made, operation(NO_SESSION))).toMatchObject({ status: 'invsess', written: 0 });
  });

  test('no nonce is ERR [5.9.7.7.2-9]', async () => {
    const { made, operation } = await opened(SEAL, DATA);
    const answer = await sendPatched(made, operation(undefined, DATA, new Uint8Array()));
    expect(answer).toMatchObject({ status: 'err', written: 0 });
  });
});
