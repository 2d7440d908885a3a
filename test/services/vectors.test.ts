// Published vectors for the symmetric algorithms, and those of Project Wycheproof, which lie beside the repository where they are kept at
// all.
import { createCipheriv } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CIPHERS } from '../support/algorithms.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { counterBlock } from '../support/reference/gcm.ts';
import { MODE_NAMES, MODES } from '../support/service_rig.ts';
import { PUBLISHED } from './published_vectors.ts';

const FOLDER = resolve(import.meta.dirname, '../../../shared/vectors/wycheproof');

const hex = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2})*$/),
  v.transform((text) => new Uint8Array(Buffer.from(text, 'hex'))),
);
const Result = v.picklist(['valid', 'invalid']);
const Cipher = v.object({ tcId: v.number(), key: hex, iv: hex, msg: hex, ct: hex, result: Result });
const Aead = v.object({ ...Cipher.entries, aad: hex, tag: hex });
const Mac = v.object({ tcId: v.number(), key: hex, msg: hex, tag: hex, result: Result });

const HAS_WYCHEPROOF = existsSync(FOLDER);
beforeAll(() => {
  if (!HAS_WYCHEPROOF)
    console.info(`Project Wycheproof's vectors are not at ${FOLDER}: the published ones alone are used.`);
});

/** The published vectors that go with a file of Project Wycheproof, and then all of the file. */
function vectors<Schema extends v.GenericSchema>(file: string, schema: Schema): v.InferOutput<Schema>[] {
  const published = v.parse(v.pipe(v.array(schema), v.minLength(1)), PUBLISHED[file]);
  return HAS_WYCHEPROOF ? [...published, ...wycheproof(file, schema)] : published;
}

function wycheproof<Schema extends v.GenericSchema>(file: string, schema: Schema): v.InferOutput<Schema>[] {
  const groups = v.object({ numberOfTests: v.number(), testGroups: v.array(v.object({ tests: v.array(schema) })) });
  const { numberOfTests, testGroups } = v.parse(groups, JSON.parse(readFileSync(resolve(FOLDER, file), 'utf8')));
  const tests = testGroups.flatMap((group) => group.tests);
  expect(tests.length).toBe(numberOfTests);
  return tests;
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** PKCS #5, which is the driver's business: the device pads nothing. */
function padded(message: Uint8Array): Uint8Array {
  const bytes = 16 - (message.length % 16);
  return joined(message, new Uint8Array(bytes).fill(bytes));
}

function unpadded(message: Uint8Array): Uint8Array | undefined {
  const bytes = message.at(-1) ?? 0;
  const right = bytes >= 1 && bytes <= 16 && message.subarray(-bytes).every((byte) => byte === bytes);
  return right ? message.slice(0, -bytes) : undefined;
}

const aesOf = (key: Uint8Array) => (blocks: Buffer) =>
  createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
    .setAutoPadding(false)
    .update(blocks);

describe.each(MODE_NAMES)('%s', (mode) => {
  const { stateless } = MODES[mode];
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench({ ...MODES[mode].options, algorithms: 'all' });
  });
  afterAll(async () => {
    await bench.dispose();
  });

  test('5.9.7.6 aes-cbc: aes_cbc_pkcs5_test.json', async () => {
    for (const { tcId, key, iv, msg, ct, result } of vectors('aes_cbc_pkcs5_test.json', Cipher)) {
      const request = { algorithm: 'aes-cbc', key, iv, stateless } as const;
      const decrypted = await bench.driver.cipher({ ...request, direction: 'decrypt', data: ct });
      expect(decrypted.status, `${tcId}`).toBe(ct.length % 16 === 0 ? 'ok' : 'err');
      if (result === 'invalid') {
        expect(unpadded(decrypted.data), `${tcId}`).toBeUndefined();
        continue;
      }
      expect(unpadded(decrypted.data), `${tcId}`).toEqual(msg);
      const encrypted = await bench.driver.cipher({ ...request, direction: 'encrypt', data: padded(msg) });
      expect(encrypted, `${tcId}`).toEqual({ status: 'ok', data: ct });
    }
  });

  test('5.9.7.6 aes-xts: aes_xts_test.json', async () => {
    for (const { tcId, key, iv, msg, ct, result } of vectors('aes_xts_test.json', Cipher)) {
      expect(result).toBe('valid');
      // The number of a data unit is little-endian.
      const request = {
        algorithm: 'aes-xts',
        key,
        iv: joined(iv, new Uint8Array(16 - iv.length)),
        stateless,
      } as const;
      const takes = CIPHERS['aes-xts'].keys.includes(key.length);
      for (const [direction, data, expected] of [
        ['encrypt', msg, ct],
        ['decrypt', ct, msg],
      ] as const) {
        expect(await bench.driver.cipher({ ...request, direction, data }), `${tcId}`).toEqual(
          // IEEE 1619 has no XTS of AES-192.
          takes ? { status: 'ok', data: expected } : { status: 'err', data: new Uint8Array() },
        );
      }
    }
  });

  test('5.9.7.7 gcm: aes_gcm_test.json', async () => {
    for (const { tcId, key, iv, aad, msg, ct, tag, result } of vectors('aes_gcm_test.json', Aead)) {
      const request = { algorithm: 'gcm', key, aad, stateless } as const;
      const refused = { status: 'err', data: new Uint8Array() };
      if (iv.length !== 12) {
        // 16 bytes are J0 itself, and of any other length there is none.
        const direct = await bench.driver.aead({ ...request, iv, direction: 'decrypt', data: joined(ct, tag) });
        expect(direct, `${tcId}`).toEqual(iv.length === 16 ? { ...refused, status: 'badmsg' } : refused);
        if (iv.length === 0) {
          expect(result).toBe('invalid');
          continue;
        }
      }
      const j0 = iv.length === 12 ? iv : new Uint8Array(counterBlock(aesOf(key), Buffer.from(iv)));
      await expectAead({ ...request, iv: j0 }, msg, joined(ct, tag), result, tcId);
    }
  });

  test('5.9.7.7 chacha20-poly1305: chacha20_poly1305_test.json', async () => {
    for (const { tcId, key, iv, aad, msg, ct, tag, result } of vectors('chacha20_poly1305_test.json', Aead)) {
      const request = { algorithm: 'chacha20-poly1305', key, iv, aad, stateless } as const;
      if (iv.length === 12) {
        await expectAead(request, msg, joined(ct, tag), result, tcId);
      } else {
        expect(result).toBe('invalid');
        for (const direction of ['encrypt', 'decrypt'] as const) {
          const refused = await bench.driver.aead({ ...request, direction, data: joined(ct, tag) });
          expect(refused, `${tcId}`).toEqual({ status: 'err', data: new Uint8Array() });
        }
      }
    }
  });

  test.each([
    ['hmac-sha1', 'hmac_sha1_test.json'],
    ['hmac-sha-256', 'hmac_sha256_test.json'],
  ] as const)('5.9.7.5 %s: %s', async (algorithm, file) => {
    for (const { tcId, key, msg, tag, result } of vectors(file, Mac)) {
      const { status, data } = await bench.driver.mac({ algorithm, key, data: msg, length: tag.length, stateless });
      expect(status, `${tcId}`).toBe('ok');
      expect(Buffer.from(data).equals(tag), `${tcId}`).toBe(result === 'valid');
    }
  });

  /** A valid vector encrypts and decrypts; an invalid one is BADMSG, and nothing comes of it. */
  async function expectAead(
    request: Omit<Parameters<Bench['driver']['aead']>[0], 'direction' | 'data'>,
    plaintext: Uint8Array,
    sealed: Uint8Array,
    result: 'valid' | 'invalid',
    tcId: number,
  ): Promise<void> {
    const opened = await bench.driver.aead({ ...request, direction: 'decrypt', data: sealed });
    const encrypted = await bench.driver.aead({ ...request, direction: 'encrypt', data: plaintext });
    if (result === 'valid') {
      expect(opened, `${tcId}`).toEqual({ status: 'ok', data: plaintext });
      expect(encrypted, `${tcId}`).toEqual({ status: 'ok', data: sealed });
    } else {
      expect(opened, `${tcId}`).toEqual({ status: 'badmsg', data: new Uint8Array() });
      expect(encrypted.data, `${tcId}`).not.toEqual(sealed);
    }
  }
});
