import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';
import { type Bench, createBench } from '../support/bench.ts';

const HASHES: [HashAlgorithm, string][] = [
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha-224', 'sha224'],
  ['sha-256', 'sha256'],
  ['sha-384', 'sha384'],
  ['sha-512', 'sha512'],
  ['sha3-224', 'sha3-224'],
  ['sha3-256', 'sha3-256'],
  ['sha3-384', 'sha3-384'],
  ['sha3-512', 'sha3-512'],
  ['shake128', 'shake128'],
  ['shake256', 'shake256'],
];
const HMACS = HASHES.slice(0, 6).map(([name, node]) => [`hmac-${name}` as MacAlgorithm, node] as const);
const LENGTHS = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 135, 136, 1000, 4096];
const bytes = (buffer: Buffer) => new Uint8Array(buffer);

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

  test.each(HASHES)('5.9.7.4 %s equals node:crypto', async (algorithm, name) => {
    for (const length of LENGTHS) {
      const data = randomBytes(length);
      const full = algorithm.startsWith('shake') ? 200 : createHash(name).digest().length;
      for (const resultLength of [1, full >> 1, full]) {
        const shake = algorithm.startsWith('shake') ? { outputLength: resultLength } : {};
        const expected = bytes(createHash(name, shake).update(data).digest()).slice(0, resultLength);
        const result = await bench.driver.hash({ algorithm, data, length: resultLength, stateless });
        expect(result).toEqual({ status: 'ok', data: expected });
      }
    }
  });

  test.each(HMACS)('5.9.7.5 %s equals node:crypto, with keys of every kind of length', async (algorithm, name) => {
    for (const keyLength of [0, 1, 20, 64, 65, 128, 129, 512]) {
      for (const length of [0, 1, 63, 64, 65, 200, 1000]) {
        const [key, data] = [randomBytes(keyLength), randomBytes(length)];
        const expected = bytes(createHmac(name, key).update(data).digest());
        const request = { algorithm, key, data, stateless };
        expect(await bench.driver.mac(request)).toEqual({ status: 'ok', data: expected });
        const cut = { status: 'ok', data: expected.slice(0, 10) };
        expect(await bench.driver.mac({ ...request, length: 10 })).toEqual(cut);
      }
    }
  });

  test.each(['plain', 'auth', 'nested'] as const)('5.9.7.6 a chain of aes-ctr and sha-256, %s', async (mode) => {
    for (const order of ['cipher-then-hash', 'hash-then-cipher'] as const) {
      for (const aad of [new Uint8Array(), randomBytes(21)]) {
        const [key, iv, authKey, data] = [randomBytes(32), randomBytes(16), randomBytes(24), randomBytes(333)];
        const cipher = createCipheriv('aes-256-ctr', key, iv);
        const window = cipher.update(data.subarray(16, 300));
        const expected = Buffer.concat([data.subarray(0, 16), window, data.subarray(300)]);
        const hashed = (order === 'cipher-then-hash' ? expected : data).subarray(4, 320);
        const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
        const digest = {
          plain: () => sha(aad, hashed),
          auth: () => createHmac('sha256', authKey).update(aad).update(hashed).digest(),
          nested: () => sha(authKey, sha(authKey, aad, hashed)),
        }[mode]();
        const hash =
          mode === 'auth'
            ? ({ mode, algorithm: 'hmac-sha-256', key: authKey } as const)
            : ({ mode, algorithm: 'sha-256', key: authKey } as const);
        const result = await bench.driver.chain({
          order,
          direction: 'encrypt',
          cipher: { algorithm: 'aes-ctr', key, iv, start: 16, length: 284 },
          hash: { ...hash, start: 4, length: 316 },
          aad,
          data,
          stateless,
        });
        expect(result).toEqual({ status: 'ok', data: bytes(expected), digest: bytes(digest) });
      }
    }
  });

  // A chained session is one of several requests only where there are sessions.
  const inSessions = stateless ? [] : (['sha1', 'sha-256', 'sha-512'] as const);
  test.each(inSessions)(
    '5.9.7.6 chains of aes-cbc and hmac-%s in one notification: results as if run one by one',
    async (name) => {
      const algorithm = `hmac-${name}` as const;
      const [key, authKey] = [randomBytes(16), randomBytes(32)];
      const open = await bench.driver.createSession({
        service: 'chain',
        order: 'cipher-then-hash',
        direction: 'encrypt',
        cipher: { algorithm: 'aes-cbc', key },
        hash: { mode: 'auth', algorithm, key: authKey },
      });
      expect(open.status).toBe('ok');
      const requests = Array.from({ length: 23 }, (_, i) => ({ iv: randomBytes(16), data: randomBytes(16 * (i % 7)) }));
      const results = await Promise.all(
        requests.map((request, i) => bench.driver.chainInSession(open, request, { hold: i < requests.length - 1 })),
      );
      results.forEach((result, i) => {
        const { iv, data } = requests[i] as { iv: Buffer; data: Buffer };
        const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
        const expected = cipher.update(data);
        const digest = createHmac(name.replace('-', ''), authKey).update(expected).digest();
        expect(result, `request ${i}`).toEqual({ status: 'ok', data: bytes(expected), digest: bytes(digest) });
      });
      await bench.driver.destroySession(open.id);
    },
  );
});
