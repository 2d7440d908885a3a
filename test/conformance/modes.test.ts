import { createCipheriv, createHash } from 'node:crypto';
import { cmac } from '@noble/ciphers/aes.js';
import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { cipherOperation } from '../../src/driver/operations.ts';
import type { CipherSession } from '../../src/driver/sessions.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import { bench, modeOf, sendPatched, sessionOf } from './service_requests.ts';

const KEY = noise(16, 51);
const OTHER_KEY = noise(32, 52);
const IV = noise(16, 53);
const NONCE = noise(12, 54);
const DATA = noise(48, 55);

const cipher = (key: Uint8Array): CipherSession => ({
  service: 'cipher',
  algorithm: 'aes-cbc',
  direction: 'encrypt',
  key,
});

function sealed(key: Uint8Array): Uint8Array {
  const gcm = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, NONCE);
  return new Uint8Array(Buffer.concat([gcm.update(DATA), gcm.final(), gcm.getAuthTag()]));
}

describe('5.9.7.2.1.7 REVISION_1', () => {
  test('with it a full table is NOSPC, and the id is 0 [5.9.7.2.1.7-5]', async () => {
    const { driver } = await bench({ layout: 'revision1', maxSessions: 2 });
    for (let i = 0; i < 2; i++) expect((await driver.createSession(cipher(KEY))).status).toBe('ok');
    expect(await driver.createSession(cipher(KEY))).toMatchObject({ status: 'nospc', id: 0n });
  });

  test('with it, and without stateless mode, a request whose flag names no session is refused [5.9.7.3-1]', async () => {
    const made = await bench({ layout: 'revision1', driver: { stateless: false } });
    const parameters = cipher(KEY);
    const id = await sessionOf(made, parameters);
    const operation = () => cipherOperation(parameters, { iv: IV, data: DATA }, modeOf(made, parameters, id));
    expect(await sendPatched(made, operation())).toMatchObject({ status: 'ok' });
    const answer = await sendPatched(made, operation(), { [spec.DATA_FLAG]: 0 });
    expect(answer).toMatchObject({ status: 'notsupp', written: 0 });
  });
});

describe('stateless mode: the flag of each request says whether a session or the request has the key', () => {
  test('of a cipher [5.9.7.6.2-1]', async () => {
    const { driver } = await bench({ layout: 'revision1' });
    for (const [key, stateless] of [
      [KEY, true],
      [OTHER_KEY, false],
      [OTHER_KEY, true],
      [KEY, false],
    ] as const) {
      const result = await driver.cipher({
        algorithm: 'aes-cbc',
        direction: 'encrypt',
        key,
        iv: IV,
        data: DATA,
        stateless,
      });
      expect(result).toEqual({ status: 'ok', data: reference('encrypt', key, IV, DATA) });
    }
  });

  test('of a hash, which has no key and then needs no session [5.9.7.4.2-2]', async () => {
    const { driver, device } = await bench({ layout: 'revision1', maxSessions: 1 });
    expect((await driver.createSession(cipher(KEY))).status).toBe('ok');
    const request = { algorithm: 'sha-256', data: DATA } as const;
    const digest = new Uint8Array(createHash('sha256').update(DATA).digest());
    expect(await driver.hash({ ...request, stateless: true })).toEqual({ status: 'ok', data: digest });
    expect(await driver.hash(request)).toMatchObject({ status: 'nospc' });
    expect(device.sessionCount).toBe(1);
  });

  test('of a MAC [5.9.7.5.2-1]', async () => {
    const { driver } = await bench({ layout: 'revision1' });
    for (const stateless of [true, false, true]) {
      for (const key of [KEY, OTHER_KEY]) {
        const result = await driver.mac({ algorithm: 'cmac-aes', key, data: DATA, stateless });
        expect(result).toEqual({ status: 'ok', data: cmac(DATA, key) });
      }
    }
  });

  test('of an AEAD [5.9.7.7.2-1]', async () => {
    const { driver } = await bench({ layout: 'revision1' });
    for (const stateless of [true, false, true]) {
      for (const key of [KEY, OTHER_KEY]) {
        const request = { algorithm: 'gcm', key, iv: NONCE, stateless } as const;
        const encrypted = await driver.aead({ ...request, direction: 'encrypt', data: DATA });
        expect(encrypted).toEqual({ status: 'ok', data: sealed(key) });
        const decrypted = await driver.aead({ ...request, direction: 'decrypt', data: sealed(key) });
        expect(decrypted).toEqual({ status: 'ok', data: DATA });
      }
    }
  });
});
