// Stateless requests are placed by their parameters: the host is asked again only when these change, or its own answer does.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { Backend } from '../../src/backend/backend.ts';
import { createBench } from '../../src/testing/index.ts';

test('a stateless request is placed as the one before it if both have the same parameters', async () => {
  const place = vi.spyOn(Backend.prototype, 'place');
  const bench = await createBench({ backend: 'host', layout: 'revision1' });
  const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(2048)];
  const encrypt = async (secret: Uint8Array) => {
    const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: secret, iv, data, stateless: true } as const;
    const result = await bench.driver.cipher(request);
    const reference = createCipheriv(`aes-${8 * secret.length}-cbc`, secret, iv).setAutoPadding(false);
    expect(result).toEqual({ status: 'ok', data: new Uint8Array(reference.update(data)) });
  };
  try {
    place.mockClear();
    for (let i = 0; i < 5; i++) await encrypt(randomBytes(16));
    expect(place).toHaveBeenCalledTimes(1);
    await encrypt(randomBytes(32));
    expect(place).toHaveBeenCalledTimes(2);
    const hash = await bench.driver.hash({ algorithm: 'sha-256', data, stateless: true });
    expect(Buffer.from(hash.data)).toEqual(createHash('sha256').update(data).digest());
    expect(place).toHaveBeenCalledTimes(3);
    await encrypt(key);
    expect(place).toHaveBeenCalledTimes(4);
    expect(bench.device.statistics().elsewhere.host).toBe(8);
    // Another backend answers otherwise.
    await bench.device.useBackend({ backend: 'inline' });
    await encrypt(key);
    expect(place).toHaveBeenCalledTimes(5);
    expect(bench.device.statistics().elsewhere.host).toBe(8);
  } finally {
    place.mockRestore();
    await bench.dispose();
  }
});
