// Runs the built library in any runtime that has Node's modules: every backend has to answer as the engine in this thread does, and
// that has to answer as node:crypto does. Prints what ran where; ends with an error at the first difference.
import assert from 'node:assert/strict';
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { createBench } from '../../dist/src/testing/index.js';

const bytes = (count, from = 0) => Uint8Array.from({ length: count }, (_, i) => from + i);
const key = bytes(16);
const iv = bytes(16, 99);
const nonce = bytes(12, 7);
const aad = bytes(20);
/** Long enough for workers and for node:crypto. */
const data = new Uint8Array(65_536).fill(7);
const MANY = 40;

async function answersOf(driver) {
  const cipher = (algorithm, own = {}) => driver.cipher({ algorithm, direction: 'encrypt', key, iv, data, ...own });
  const aead = (algorithm, own = {}) =>
    driver.aead({ algorithm, direction: 'encrypt', key, iv: nonce, aad, data, ...own });
  return Promise.all([
    cipher('aes-cbc'),
    cipher('aes-ctr'),
    cipher('aes-ecb', { iv: new Uint8Array() }),
    cipher('aes-xts', { key: bytes(32) }),
    ...['sha1', 'sha-256', 'sha-512', 'sha3-256'].map((algorithm) => driver.hash({ algorithm, data })),
    ...['hmac-sha-256', 'cmac-aes'].map((algorithm) => driver.mac({ algorithm, key, data })),
    aead('gcm'),
    aead('ccm'),
    aead('chacha20-poly1305', { key: bytes(32) }),
    ...Array.from({ length: MANY }, (_, i) => cipher('aes-cbc', { data: data.subarray(0, 16 * (i + 1)) })),
  ]);
}

let inline;
for (const backend of ['inline', 'host', 'workers', 'auto']) {
  const events = [];
  const bench = await createBench({ backend, onBackendEvent: (event) => events.push(event) });
  const answers = await answersOf(bench.driver);
  const { host, workers } = bench.device.statistics().elsewhere;
  await bench.dispose();
  assert.ok(
    answers.every(({ status }) => status === 'ok'),
    `${backend}: ${JSON.stringify(answers.map(({ status }) => status))}`,
  );
  inline ??= answers;
  assert.deepEqual(answers, inline, backend);
  assert.deepEqual(events, [], backend);
  console.log(`${backend}: ${answers.length} requests`, JSON.stringify({ host, workers }));
}

const [cbc, , , , , sha256, , , hmac] = inline;
const same = (answer, expected) => assert.deepEqual(Buffer.from(answer.data), expected);
const reference = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
same(cbc, Buffer.concat([reference.update(data), reference.final()]));
same(sha256, createHash('sha256').update(data).digest());
same(hmac, createHmac('sha256', key).update(data).digest());
