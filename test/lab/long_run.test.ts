// Many random requests of the reference driver, under the checker that looks at each chain: it finds nothing. LAB_REQUESTS says how many.
import { expect, test } from 'vitest';
import { DriverChecker } from '../../src/lab/index.ts';
import { Random } from '../../src/lab/matrix/random.ts';
import { type BenchOptions, createBench } from '../../src/testing/index.ts';

const { LAB_REQUESTS = 12_000 } = process.env;
const REQUESTS = Number(LAB_REQUESTS);
const AT_ONCE_MAX = 40;
const BYTES_MAX = 600;
const SESSIONS = 4;

const BENCHES: readonly BenchOptions[] = [
  { ring: 'split' },
  { ring: 'packed' },
  { ring: 'split', layout: 'revision1', driver: { inOrder: true } },
  { ring: 'packed', layout: 'revision1', features: { indirect: false, notificationData: true }, queueSize: 250 },
];

test.each(BENCHES)('%j', async (options) => {
  const random = new Random(1, JSON.stringify(options));
  const checker = new DriverChecker();
  const bench = await createBench({ backend: 'inline', ...options, createDevice: checker.createDevice });
  const { driver } = bench;
  const key = random.bytes(16);
  const iv = random.bytes(16);
  const parameters = { service: 'cipher', algorithm: 'aes-cbc', direction: 'encrypt', key } as const;
  const open = () => Promise.all(Array.from({ length: SESSIONS }, () => driver.createSession(parameters)));
  let sessions = await open();
  const blocks = () => random.bytes(16 * (1 + random.below(BYTES_MAX / 16)));
  const request = () => {
    const { id = 0n } = sessions[random.below(SESSIONS)] ?? {};
    switch (random.below(8)) {
      case 0:
        return driver.hash({ algorithm: 'sha-256', data: random.bytes(random.below(BYTES_MAX)) });
      case 1:
        return driver.mac({ algorithm: 'hmac-sha-256', key, data: random.bytes(random.below(BYTES_MAX)) });
      case 2: {
        const aead = { algorithm: 'gcm', key, iv: iv.subarray(0, 12), aad: random.bytes(random.below(40)) } as const;
        return driver.aead({
          ...aead,
          direction: 'encrypt',
          data: random.bytes(random.below(BYTES_MAX)),
          tagLength: 16,
        });
      }
      default:
        return driver.cipherInSession(id, { algorithm: 'aes-cbc', direction: 'encrypt', iv, data: blocks() });
    }
  };
  let left = Math.ceil(REQUESTS / BENCHES.length);
  while (left > 0) {
    const count = Math.min(left, 1 + random.below(AT_ONCE_MAX));
    const results = await Promise.all(Array.from({ length: count }, request));
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    left -= count;
    if (random.below(300) !== 0) continue;
    // The driver starts anew now and then, or resets a queue.
    if (random.below(2) === 0) driver.resetQueue(0);
    else {
      driver.start();
      sessions = await open();
    }
  }
  expect(checker.finish()).toEqual([]);
  await bench.dispose();
});
