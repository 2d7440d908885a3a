// What a caller of the driver cannot mean: the error names the parameter, what it was and what to give, and nothing of it
// reaches the device.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bench } from '../../src/testing/bench.ts';
import { createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';

const KEY = noise(16, 1);
const IV = noise(16, 2);
const DATA = noise(32, 3);
const CIPHER = { algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data: DATA } as const;
const HASH = { algorithm: 'sha-256', data: DATA } as const;
const MAC = { algorithm: 'hmac-sha-256', key: KEY, data: DATA } as const;
const AEAD = { algorithm: 'gcm', direction: 'encrypt', key: KEY, iv: IV, data: DATA } as const;
const CHAIN = {
  order: 'cipher-then-hash',
  direction: 'encrypt',
  cipher: { algorithm: 'aes-cbc', key: KEY, iv: IV },
  hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: KEY },
  data: DATA,
} as const;

describe.each([false, true])('stateless: %s', (stateless) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench({ algorithms: 'all', layout: 'revision1' });
  });
  afterAll(async () => {
    await bench.dispose();
  });

  test.each<['cipher' | 'hash' | 'mac' | 'aead' | 'chain', object, string]>([
    ['cipher', { ...CIPHER, algorithm: 'aes128-cbc' }, 'algorithm is aes128-cbc: give one of arc4, aes-ecb, aes-cbc, '],
    ['cipher', { ...CIPHER, algorithm: 'sha-256' }, 'algorithm is sha-256: give one of arc4, '],
    ['cipher', { ...CIPHER, algorithm: 'toString' }, 'algorithm is toString: give one of arc4, '],
    ['cipher', { ...CIPHER, direction: 'seal' }, 'direction is seal: give one of encrypt, decrypt.'],
    ['cipher', { ...CIPHER, direction: undefined }, 'direction is undefined: give one of encrypt, decrypt.'],
    ['cipher', { ...CIPHER, key: '0123456789abcdef' }, 'key is 0123456789abcdef: give a Uint8Array.'],
    ['cipher', { ...CIPHER, iv: undefined }, 'iv is undefined: give a Uint8Array.'],
    ['cipher', { ...CIPHER, data: [1, 2, 3] }, 'data is an array: give a Uint8Array.'],
    ['cipher', { ...CIPHER, data: new ArrayBuffer(16) }, 'data is [object ArrayBuffer]: give a Uint8Array.'],
    ['cipher', { ...CIPHER, queue: 1 }, 'queue is 1, which is the control queue: give a data queue, 0 to 0.'],
    ['cipher', { ...CIPHER, queue: 2 }, 'There is no queue 2'],
    ['hash', { ...HASH, algorithm: 'sha256' }, 'algorithm is sha256: give one of md5, sha1, sha-224, sha-256, '],
    ['hash', { ...HASH, length: -1 }, 'length is -1: give a whole number from 0 to 4294967295.'],
    ['hash', { ...HASH, length: 1.5 }, 'length is 1.5: give a whole number from 0 to 4294967295.'],
    ['mac', { ...MAC, algorithm: 'sha-256' }, 'algorithm is sha-256: give one of hmac-md5, '],
    ['mac', { ...MAC, length: 2 ** 32 }, 'length is 4294967296: give a whole number from 0 to 4294967295.'],
    ['mac', { ...MAC, key: null }, 'key is null: give a Uint8Array.'],
    ['aead', { ...AEAD, algorithm: 'aes-gcm' }, 'algorithm is aes-gcm: give one of gcm, ccm, chacha20-poly1305.'],
    ['aead', { ...AEAD, tagLength: -1 }, 'tagLength is -1: give a whole number from 0 to 4294967295.'],
    ['aead', { ...AEAD, aad: 'header' }, 'aad is header: give a Uint8Array.'],
    ['chain', { ...CHAIN, order: 'both' }, 'order is both: give one of hash-then-cipher, cipher-then-hash.'],
    ['chain', { ...CHAIN, cipher: undefined }, 'cipher is undefined: give an object.'],
    [
      'chain',
      { ...CHAIN, cipher: { ...CHAIN.cipher, algorithm: 'gcm' } },
      'cipher.algorithm is gcm: give one of arc4, ',
    ],
    ['chain', { ...CHAIN, cipher: { ...CHAIN.cipher, start: -1 } }, 'cipher.start is -1: give a whole number from 0'],
    [
      'chain',
      { ...CHAIN, hash: { ...CHAIN.hash, mode: 'keyed' } },
      'hash.mode is keyed: give one of plain, auth, nested.',
    ],
    [
      'chain',
      { ...CHAIN, hash: { mode: 'plain', algorithm: 'hmac-sha1' } },
      'hash.algorithm is hmac-sha1: give one of md5',
    ],
    ['chain', { ...CHAIN, hash: { mode: 'nested', algorithm: 'sha1' } }, 'hash.key is undefined: give a Uint8Array.'],
    ['chain', { ...CHAIN, hash: { ...CHAIN.hash, length: 0.5 } }, 'hash.length is 0.5: give a whole number from 0 to'],
  ])('%s', async (service, request, message) => {
    const { driver, device } = bench;
    const send = driver[service].bind(driver) as (request: object) => Promise<unknown>;
    const before = device.requests(0);
    await expect(send({ ...request, stateless })).rejects.toThrow(message);
    expect(device.requests(0)).toBe(before);
    expect(device.sessionCount).toBe(0);
  });

  test('a session of no service', async () => {
    const parameters = { service: 'ipsec', algorithm: 'rsa' } as never;
    await expect(bench.driver.createSession(parameters)).rejects.toThrow(
      'service is ipsec: give cipher, hash, mac, aead, chain or akcipher.',
    );
  });
});
