import crypto, { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { type Bench, createBench } from '../../src/testing/index.ts';

describe('the host backend', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench({ backend: 'host', algorithms: 'all' });
  });
  afterAll(async () => {
    await bench.dispose();
  });

  /** How many pieces of work node:crypto got. */
  async function counted(work: () => Promise<unknown>): Promise<number> {
    const before = bench.device.statistics().elsewhere.host;
    await work();
    return bench.device.statistics().elsewhere.host - before;
  }

  test('gives node:crypto what it does in the same way, and the statistics say so', async () => {
    const key = randomBytes(32);
    const iv = randomBytes(16);
    const data = randomBytes(4096);
    const cipher = (algorithm: 'aes-cbc' | 'aes-f8') => () =>
      bench.driver.cipher({ algorithm, direction: 'encrypt', key, iv, data });
    expect(await counted(cipher('aes-cbc'))).toBe(1);
    expect(await counted(cipher('aes-f8'))).toBe(0);
    expect(await counted(() => bench.driver.hash({ algorithm: 'sha-256', data }))).toBe(1);
    expect(await counted(() => bench.driver.hash({ algorithm: 'shake128', data }))).toBe(0);
    expect(await counted(() => bench.driver.mac({ algorithm: 'cmac-aes', key, data }))).toBe(0);
  });

  test('gives it both halves of a chain', async () => {
    const [key, macKey, iv, data] = [randomBytes(16), randomBytes(20), randomBytes(16), randomBytes(256)] as const;
    const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
    const encrypted = cipher.update(data);
    const result = bench.driver.chain({
      order: 'cipher-then-hash',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-cbc', key, iv },
      hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: macKey, resultLength: 12 },
      data,
    });
    expect(await counted(() => result)).toBe(2);
    expect(await result).toEqual({
      status: 'ok',
      data: new Uint8Array(encrypted),
      digest: new Uint8Array(createHmac('sha256', macKey).update(encrypted).digest().subarray(0, 12)),
    });
  });

  test('keeps in the engine what OpenSSL refuses: an XTS key of two like halves', async () => {
    const half = randomBytes(16);
    const request = { algorithm: 'aes-xts', key: Buffer.concat([half, half]), iv: randomBytes(16) } as const;
    const data = randomBytes(100);
    const encrypted = await bench.driver.cipher({ ...request, direction: 'encrypt', data });
    expect(encrypted.status).toBe('ok');
    const decrypted = await bench.driver.cipher({ ...request, direction: 'decrypt', data: encrypted.data });
    expect(decrypted).toEqual({ status: 'ok', data: new Uint8Array(data) });
  });

  test('keeps in the engine a GCM nonce of 16 bytes, which is J0 to the device and hashed by OpenSSL', async () => {
    const [key, nonce, data] = [randomBytes(16), randomBytes(12), randomBytes(100)] as const;
    const seal = (iv: Uint8Array) => bench.driver.aead({ algorithm: 'gcm', direction: 'encrypt', key, iv, data });
    const short = await seal(nonce);
    const long = seal(Buffer.concat([nonce, Uint8Array.of(0, 0, 0, 1)]));
    expect(await counted(() => long)).toBe(0);
    expect(await long).toEqual(short);
  });

  test('writes nothing where a tag is wrong', async () => {
    for (const algorithm of ['gcm', 'chacha20-poly1305'] as const) {
      const request = { algorithm, key: randomBytes(32), iv: randomBytes(12), aad: randomBytes(7) };
      const sealed = await bench.driver.aead({ ...request, direction: 'encrypt', data: randomBytes(1000) });
      sealed.data[1010] = (sealed.data[1010] ?? 0) ^ 0x80;
      const opened = await bench.driver.aead({ ...request, direction: 'decrypt', data: sealed.data });
      expect(opened).toEqual({ status: 'badmsg', data: new Uint8Array() });
    }
  });
});

test('an unknown backend is refused by name', async () => {
  await expect(createBench({ backend: 'gpu' as 'host' })).rejects.toThrow(/^backend is gpu: give inline/);
});

test('what node:crypto refuses for no fault of the guest is reported once for each algorithm, and the engine computes it', async () => {
  const events: BackendEvent[] = [];
  const bench = await createBench({ backend: 'host', onBackendEvent: (event) => events.push(event) });
  const refusal = vi.spyOn(crypto, 'hash').mockImplementation(() => {
    throw new Error('no such digest in this build');
  });
  try {
    for (const data of [randomBytes(64), randomBytes(4096)]) {
      const { status, data: digest } = await bench.driver.hash({ algorithm: 'sha-256', data });
      expect(status).toBe('ok');
      expect(Buffer.from(digest)).toEqual(createHash('sha256').update(data).digest());
    }
    expect(refusal).toHaveBeenCalledTimes(2);
    expect(events).toEqual([
      {
        kind: 'host-refused',
        message: 'node:crypto refused sha-256, which the engine computes instead: no such digest in this build',
      },
    ]);
    expect(bench.device.statistics().elsewhere.host).toBe(0);
  } finally {
    refusal.mockRestore();
    await bench.dispose();
  }
});
