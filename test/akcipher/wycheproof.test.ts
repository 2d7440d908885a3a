// Signatures of Project Wycheproof, which lie beside the repository where they are kept at all.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, createBench } from '../support/bench.ts';

const FILE = resolve(import.meta.dirname, '../../../shared/vectors/wycheproof/rsa_signature_2048_sha256_test.json');
const HAS_FILE = existsSync(FILE);

const hex = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2})*$/),
  v.transform((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
);
const Group = v.object({
  publicKeyAsn: hex,
  tests: v.array(v.object({ tcId: v.number(), msg: hex, sig: hex, result: v.string() })),
});
const Vectors = v.object({ numberOfTests: v.number(), testGroups: v.array(Group) });

/** A right and a wrong signature of node:crypto, in the form of the file. */
function ownGroup(): v.InferOutput<typeof Group> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const msg = Uint8Array.of(1, 2, 3);
  const sig = Uint8Array.from(sign('sha256', msg, privateKey));
  const wrong = sig.map((byte, at) => (at === 9 ? byte ^ 1 : byte));
  return {
    publicKeyAsn: Uint8Array.from(publicKey.export({ type: 'pkcs1', format: 'der' })),
    tests: [
      { tcId: -1, msg, sig, result: 'valid' },
      { tcId: -2, msg, sig: wrong, result: 'invalid' },
    ],
  };
}

function groups(): v.InferOutput<typeof Group>[] {
  if (!HAS_FILE) return [ownGroup()];
  const { numberOfTests, testGroups } = v.parse(Vectors, JSON.parse(readFileSync(FILE, 'utf8')));
  expect(testGroups.flatMap(({ tests }) => tests)).toHaveLength(numberOfTests);
  return [ownGroup(), ...testGroups];
}

let bench: Bench;
beforeAll(async () => {
  if (!HAS_FILE) console.info(`Project Wycheproof's signatures are not at ${FILE}: two of node:crypto are used.`);
  bench = await createBench();
});
afterAll(async () => {
  await bench.dispose();
});

test('5.9.7.8 rsa: a signature is right if its block is the one that signing makes', async () => {
  for (const { publicKeyAsn: key, tests } of groups()) {
    for (const { tcId, msg, sig: signature, result } of tests) {
      const data = createHash('sha256').update(msg).digest();
      const parameters = { algorithm: 'rsa', keyType: 'public', key, padding: 'pkcs1', hash: 'sha-256' } as const;
      const { status } = await bench.driver.akcipher({ ...parameters, operation: 'verify', data, signature });
      // What is acceptable elsewhere is another encoding of the block, without the NULL.
      expect(status, `${tcId}`).toBe(result === 'valid' ? 'ok' : 'key-rejected');
    }
  }
});
