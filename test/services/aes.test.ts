import { createCipheriv, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, createBench } from '../support/bench.ts';

const LENGTHS = [16, 32, 64, 240, 256, 1024, 4096];

// The same requests in the layout of the field, with REVISION_1, and in stateless mode.
describe.each([
  ['legacy', { layout: 'legacy' }, false],
  ['REVISION_1', { layout: 'revision1', driver: { stateless: false } }, false],
  ['session mode beside stateless', { layout: 'revision1' }, false],
  ['stateless', { layout: 'revision1' }, true],
] as const)('%s', (_, options, stateless) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench(options);
  });
  afterAll(async () => {
    await bench.dispose();
  });

  test.each(['ecb', 'cbc', 'ctr', 'xts'])('5.9.7.6 aes-%s equals node:crypto', async (mode) => {
    for (const bits of mode === 'xts' ? [128, 256] : [128, 192, 256]) {
      for (const length of LENGTHS) {
        const key = randomBytes(mode === 'xts' ? bits / 4 : bits / 8);
        const iv = randomBytes(mode === 'ecb' ? 0 : 16);
        const data = randomBytes(mode === 'ctr' || mode === 'xts' ? length + 5 : length);
        const cipher = createCipheriv(`aes-${bits}-${mode}`, key, mode === 'ecb' ? null : iv).setAutoPadding(false);
        const expected = Buffer.concat([cipher.update(data), cipher.final()]);
        const request = { algorithm: `aes-${mode}` as 'aes-cbc', key, iv, stateless };
        const encrypted = await bench.driver.cipher({ ...request, direction: 'encrypt', data });
        expect(encrypted).toEqual({ status: 'ok', data: new Uint8Array(expected) });
        const decrypted = await bench.driver.cipher({ ...request, direction: 'decrypt', data: expected });
        expect(decrypted).toEqual({ status: 'ok', data: new Uint8Array(data) });
      }
    }
  });

  test.each(['gcm', 'ccm'] as const)(
    '5.9.7.7 %s equals node:crypto, and a changed tag is BADMSG',
    async (algorithm) => {
      for (const bits of [128, 192, 256]) {
        // node:crypto makes no tag of CCM over an empty text.
        for (const length of [...(algorithm === 'gcm' ? [0] : []), 1, ...LENGTHS, 5000]) {
          const [key, iv, aad, data] = [bits / 8, 12, length % 40, length].map((bytes) => randomBytes(bytes));
          if (!key || !iv || !aad || !data) throw new Error('unreachable');
          const cipher = createCipheriv(`aes-${bits}-${algorithm}` as 'aes-128-ccm', key, iv, { authTagLength: 16 });
          cipher.setAAD(aad, { plaintextLength: length });
          const sealed = new Uint8Array(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]));
          const request = { algorithm, key, iv, aad, stateless };
          expect(await bench.driver.aead({ ...request, direction: 'encrypt', data })).toEqual({
            status: 'ok',
            data: sealed,
          });
          const opened = await bench.driver.aead({ ...request, direction: 'decrypt', data: sealed });
          expect(opened).toEqual({ status: 'ok', data: new Uint8Array(data) });
          sealed[length] = (sealed[length] ?? 0) ^ 1;
          const refused = await bench.driver.aead({ ...request, direction: 'decrypt', data: sealed });
          expect(refused).toEqual({ status: 'badmsg', data: new Uint8Array() });
        }
      }
    },
  );

  test('5.9.7.6 a chain of aes-cbc and cmac-aes, in both orders', async () => {
    const key = randomBytes(16);
    const iv = randomBytes(16);
    const data = randomBytes(100);
    const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
    const window = cipher.update(data.subarray(10, 74));
    const expected = new Uint8Array(Buffer.concat([data.subarray(0, 10), window, data.subarray(74)]));
    for (const order of ['cipher-then-hash', 'hash-then-cipher'] as const) {
      for (const aad of [new Uint8Array(), randomBytes(13)]) {
        const hashed = (order === 'cipher-then-hash' ? expected : data).subarray(3, 90);
        const message = Buffer.concat([aad, hashed]);
        const { data: mac } = await bench.driver.mac({ algorithm: 'cmac-aes', key, data: message });
        const result = await bench.driver.chain({
          order,
          direction: 'encrypt',
          cipher: { algorithm: 'aes-cbc', key, iv, start: 10, length: 64 },
          hash: { mode: 'auth', algorithm: 'cmac-aes', key, start: 3, length: 87 },
          aad,
          data,
          stateless,
        });
        expect(result).toEqual({ status: 'ok', data: expected, digest: mac });
      }
    }
  });
});
