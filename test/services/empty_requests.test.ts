// Requests whose source has 0 bytes, of every algorithm: docs/parameters.md says what they get.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
} from '../../spec/names.ts';
import { resultBytes } from '../../src/driver/results.ts';
import type { ChainHash } from '../../src/driver/sessions.ts';
import { AEADS, CIPHERS, MACS } from '../support/algorithms.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';
import { hashResult, macResult, nestedHashResult, sealed } from '../support/oracle.ts';

const EMPTY = new Uint8Array();
const REFUSED = { status: 'err', data: EMPTY };
const names = <Name extends string>(table: Record<Name, number>) => Object.keys(table) as Name[];
const ciphers: CipherAlgorithm[] = names(CIPHER_ALGORITHMS);
const hashes: HashAlgorithm[] = names(HASH_ALGORITHMS);
const macs: MacAlgorithm[] = names(MAC_ALGORITHMS);
const aeads: AeadAlgorithm[] = names(AEAD_ALGORITHMS);
const DIRECTIONS = ['encrypt', 'decrypt'] as const;
const ORDERS = ['cipher-then-hash', 'hash-then-cipher'] as const;

test('every algorithm is here', () => {
  expect([ciphers.length, hashes.length, macs.length, aeads.length]).toEqual([14, 12, 16, 3]);
});

describe.each([
  ['legacy', { layout: 'legacy' }, false],
  ['REVISION_1', { layout: 'revision1', driver: { stateless: false } }, false],
  ['session mode beside stateless', { layout: 'revision1' }, false],
  ['stateless', { layout: 'revision1' }, true],
] as const)('%s', (_, options, stateless) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench({ ...options, algorithms: 'all' });
  });
  afterAll(async () => {
    await bench.dispose();
  });

  describe.each(ciphers)('5.9.7.6 %s', (algorithm) => {
    const { keys, iv: ivBytes } = CIPHERS[algorithm];
    const iv = noise(ivBytes, 2);
    const answer = algorithm === 'aes-xts' ? REFUSED : { status: 'ok', data: EMPTY };

    test.each(DIRECTIONS)('%s', async (direction) => {
      for (const keyBytes of keys) {
        const request = { algorithm, direction, key: noise(keyBytes, 1), iv, data: EMPTY, stateless };
        expect(await bench.driver.cipher(request)).toEqual(answer);
        expect(await bench.driver.cipher({ ...request, iv: noise(ivBytes + 1) })).toEqual(REFUSED);
      }
    });

    test('in a chain without data, and in one whose window has no bytes', async () => {
      const key = noise(keys[0] ?? 0, 1);
      for (const order of ORDERS) {
        for (const data of [EMPTY, noise(40, 3)]) {
          const result = await bench.driver.chain({
            order,
            direction: 'encrypt',
            cipher: { algorithm, key, iv, start: data.length, length: 0 },
            hash: { mode: 'plain', algorithm: 'sha-256' },
            data,
            stateless,
          });
          expect(result).toEqual(
            algorithm === 'aes-xts'
              ? { ...REFUSED, digest: EMPTY }
              : { status: 'ok', data, digest: hashResult('sha-256', data, 32) },
          );
        }
      }
    });
  });

  /** A chain over data of 16 bytes whose hash has a window of none. */
  const chained = (hash: ChainHash, aad: Uint8Array) =>
    bench.driver.chain({
      order: 'cipher-then-hash',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-ctr', key: noise(16), iv: noise(16), start: 0, length: 0 },
      hash: { ...hash, start: 16, length: 0 },
      aad,
      data: noise(16),
      stateless,
    });

  test.each(hashes)('5.9.7.4 %s gives the digest of the empty message, alone and in a chain', async (algorithm) => {
    const length = resultBytes(algorithm);
    const digest = hashResult(algorithm, EMPTY, length);
    expect(await bench.driver.hash({ algorithm, data: EMPTY, stateless })).toEqual({ status: 'ok', data: digest });
    expect(await chained({ mode: 'plain', algorithm }, EMPTY)).toEqual({ status: 'ok', data: noise(16), digest });
    const aad = noise(20, 4);
    expect((await chained({ mode: 'plain', algorithm }, aad)).digest).toEqual(hashResult(algorithm, aad, length));
    const key = noise(10, 5);
    const nested = nestedHashResult(algorithm, key, EMPTY, length);
    expect((await chained({ mode: 'nested', algorithm, key }, EMPTY)).digest).toEqual(nested);
  });

  test.each(macs)('5.9.7.5 %s, alone and in a chain', async (algorithm) => {
    const { keys, least, bytes } = MACS[algorithm];
    for (const keyBytes of keys) {
      const key = noise(keyBytes, 1);
      const hash = { mode: 'auth', algorithm, key } as const;
      // What stands at the start of the source is no message yet.
      const head = noise(least, 6);
      const mac = macResult(algorithm, key, head, bytes);
      expect(await bench.driver.mac({ algorithm, key, data: head, stateless })).toEqual({ status: 'ok', data: mac });
      expect(await chained(hash, head)).toEqual({ status: 'ok', data: noise(16), digest: mac });
      for (let short = 0; short < least; short++) {
        const data = head.subarray(0, short);
        expect(await bench.driver.mac({ algorithm, key, data, stateless })).toEqual(REFUSED);
        expect(await chained(hash, data)).toEqual({ ...REFUSED, digest: EMPTY });
      }
    }
  });

  test.each(['cbcmac-aes', 'cbcmac-kasumi-f9'] as const)('5.9.7.5 %s of nothing is zeros', async (algorithm) => {
    const { data } = await bench.driver.mac({ algorithm, key: noise(16), data: EMPTY, stateless });
    expect(data).toEqual(new Uint8Array(MACS[algorithm].bytes));
  });

  test.each(aeads)('5.9.7.7 %s', async (algorithm) => {
    const { keys, ivs, tags } = AEADS[algorithm];
    for (const ivBytes of ivs) {
      for (const tagLength of tags) {
        for (const aad of [EMPTY, noise(20, 4)]) {
          const [key, iv] = [noise(keys.at(-1) ?? 0, 1), noise(ivBytes, 2)];
          const request = { algorithm, key, iv, aad, tagLength, stateless };
          const tag = sealed(algorithm, key, iv, aad, EMPTY, tagLength);
          const encrypted = await bench.driver.aead({ ...request, direction: 'encrypt', data: EMPTY });
          expect(encrypted).toEqual({ status: 'ok', data: tag });
          const open = (data: Uint8Array) => bench.driver.aead({ ...request, direction: 'decrypt', data });
          expect(await open(tag)).toEqual({ status: 'ok', data: EMPTY });
          expect(await open(tag.map((byte) => byte ^ 1))).toEqual({ status: 'badmsg', data: EMPTY });
          expect(await open(EMPTY)).toEqual(REFUSED);
          expect(await open(tag.subarray(1))).toEqual(REFUSED);
        }
      }
    }
  });
});
