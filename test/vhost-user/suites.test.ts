// Requests over vhost-user: messages over a socket pair, eventfds, and a file that both sides have mapped. What a guest finds of the
// services is tested by the suites of the services, in a project of their own.
import { createCipheriv, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { createVhostBench, type VhostBench } from './support/bench.ts';

let bench: VhostBench | undefined;
afterEach(() => bench?.dispose());

const RINGS = ['split', 'packed'] as const;
const BACKENDS = ['inline', 'workers', 'auto'] as const;

function encrypted(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data));
}

/** Sends `count` requests at once, and expects that all of their results are right. */
async function exchange({ driver }: VhostBench, count: number, meanwhile = () => {}): Promise<void> {
  const key = randomBytes(16);
  const requests = Array.from({ length: count }, (_, i) => ({
    iv: randomBytes(16),
    data: randomBytes(16 * (1 + ((i * 37) % 512))),
  }));
  const results = requests.map(({ iv, data }) =>
    driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data }),
  );
  meanwhile();
  for (const [i, { status, data }] of (await Promise.all(results)).entries()) {
    const { iv, data: sent } = requests[i] ?? expect.unreachable();
    expect({ status, data }).toEqual({ status: 'ok', data: encrypted(key, iv, sent) });
  }
}

describe.each(RINGS)('%s ring', (ring) => {
  describe.each(BACKENDS)('%s', (backend) => {
    test('64 requests at once, by events alone, before and after a restart of the rings', async () => {
      bench = await createVhostBench({ ring, backend, workers: 1 }, { byEvents: true });
      await exchange(bench, 64);
      bench.driver.stop();
      expect(bench.device.sessionCount).toBe(0);
      bench.driver.start();
      await exchange(bench, 64);
      expect(bench.served.failure()).toBeUndefined();
    });

    test('the memory table is exchanged while requests are in flight', async () => {
      bench = await createVhostBench({ ring, backend, workers: 1 }, { byEvents: true });
      const { transport } = bench;
      for (let i = 0; i < 5; i++) await exchange(bench, 32, () => transport.sendMemoryTable());
      expect(bench.served.failure()).toBeUndefined();
    });
  });

  test('the client goes while requests are in flight: the device is reset, and nothing is left', async () => {
    bench = await createVhostBench({ ring, backend: 'workers', workers: 1 }, { byEvents: true });
    const lost = exchange(bench, 32).catch(() => {});
    bench.served.close();
    expect(bench.device.sessionCount).toBe(0);
    await bench.dispose();
    await lost;
  });
});

test('no descriptor and no mapping is left of benches that have come and gone', async () => {
  const state = () => [
    readdirSync('/proc/self/fd').length,
    readFileSync('/proc/self/maps', 'latin1')
      .split('\n')
      .filter((line) => line.includes('memfd:test')).length,
  ];
  const once = async () => {
    bench = await createVhostBench({ backend: 'inline' }, { byEvents: true });
    await exchange(bench, 8);
    await bench.dispose();
  };
  await once();
  const before = state();
  for (let i = 0; i < 5; i++) await once();
  expect(state()).toEqual(before);
});
