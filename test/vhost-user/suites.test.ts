// Requests over vhost-user: messages over a socket pair, eventfds, and a file that both sides have mapped.
import { createCipheriv, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { createVhostBench, type VhostBench } from './support/bench.ts';

let bench: VhostBench | undefined;
afterEach(() => bench?.dispose());

describe.each(['split', 'packed'] as const)('%s ring', (ring) => {
  test.each([0, 1] as const)('requests and sessions, after restart %i', async (restarts) => {
    bench = await createVhostBench({ ring });
    for (let i = 0; i < restarts; i++) {
      bench.driver.stop();
      bench.driver.start();
    }
    const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(4096)];
    const { status, data: result } = await bench.driver.cipher({
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      key,
      iv,
      data,
    });
    expect(status).toBe('ok');
    const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
    expect(result).toEqual(new Uint8Array(cipher.update(data)));
    expect(bench.served.failure()).toBeUndefined();
  });
});
