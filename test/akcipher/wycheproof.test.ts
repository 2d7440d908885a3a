// Signatures of Project Wycheproof, which lie beside the repository where they are kept at all.
import { createECDH, createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, createBench } from '../support/bench.ts';

const FOLDER = resolve(import.meta.dirname, '../../../shared/vectors/wycheproof');

const hex = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2})*$/),
  v.transform((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
);
const tests = v.array(v.object({ tcId: v.number(), msg: hex, sig: hex, result: v.string() }));
const RsaVectors = v.object({
  numberOfTests: v.number(),
  testGroups: v.array(v.object({ publicKeyAsn: hex, tests })),
});
const EcdsaVectors = v.object({
  numberOfTests: v.number(),
  testGroups: v.array(v.object({ publicKey: v.object({ curve: v.string(), uncompressed: hex }), tests })),
});

/** A public key in the device's form, and signatures that are right or wrong. */
interface Group {
  key: Uint8Array;
  tests: v.InferOutput<typeof tests>;
}

/** A right and a wrong signature of node:crypto. */
function ownTests(sig: Uint8Array<ArrayBuffer>, msg: Uint8Array<ArrayBuffer>): Group['tests'] {
  const wrong = sig.map((byte, at) => (at === 9 ? byte ^ 1 : byte));
  return [
    { tcId: -1, msg, sig, result: 'valid' },
    { tcId: -2, msg, sig: wrong, result: 'invalid' },
  ];
}

const MESSAGE = Uint8Array.of(1, 2, 3);

function ownRsa(): Group {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = Uint8Array.from(publicKey.export({ type: 'pkcs1', format: 'der' }));
  return { key, tests: ownTests(Uint8Array.from(sign('sha256', MESSAGE, privateKey)), MESSAGE) };
}

function ownEcdsa(): Group {
  const ecdh = createECDH('prime256v1');
  const key = Uint8Array.from(ecdh.generateKeys());
  const coordinate = (start: number) => Buffer.from(key.subarray(start, start + 32)).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33), d: ecdh.getPrivateKey('base64url') };
  expect(createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyType).toBe('ec');
  const signature = sign('sha256', MESSAGE, { key: jwk, format: 'jwk' });
  return { key, tests: ownTests(Uint8Array.from(signature), MESSAGE) };
}

/** What a file has; nothing, and a word about it, if there is no such file. */
function fileAt(name: string): unknown {
  const file = resolve(FOLDER, name);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  console.info(`Project Wycheproof's signatures are not at ${file}: two of node:crypto are used.`);
  return { numberOfTests: 0, testGroups: [] };
}

function rsaGroups(): Group[] {
  const { numberOfTests, testGroups } = v.parse(RsaVectors, fileAt('rsa_signature_2048_sha256_test.json'));
  expect(testGroups.flatMap((group) => group.tests)).toHaveLength(numberOfTests);
  return [ownRsa(), ...testGroups.map(({ publicKeyAsn, tests }) => ({ key: publicKeyAsn, tests }))];
}

function ecdsaGroups(): Group[] {
  const { numberOfTests, testGroups } = v.parse(EcdsaVectors, fileAt('ecdsa_secp256r1_sha256_test.json'));
  expect(testGroups.flatMap((group) => group.tests)).toHaveLength(numberOfTests);
  expect(testGroups.every(({ publicKey }) => publicKey.curve === 'secp256r1')).toBe(true);
  return [ownEcdsa(), ...testGroups.map(({ publicKey, tests }) => ({ key: publicKey.uncompressed, tests }))];
}

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
afterAll(async () => {
  await bench.dispose();
});

test('5.9.7.8 rsa: a signature is right if its block is the one that signing makes', async () => {
  for (const { key, tests } of rsaGroups()) {
    for (const { tcId, msg, sig: signature, result } of tests) {
      const data = createHash('sha256').update(msg).digest();
      const parameters = { algorithm: 'rsa', keyType: 'public', key, padding: 'pkcs1', hash: 'sha-256' } as const;
      const { status } = await bench.driver.akcipher({ ...parameters, operation: 'verify', data, signature });
      // What is acceptable elsewhere is another encoding of the block, without the NULL.
      expect(status, `${tcId}`).toBe(result === 'valid' ? 'ok' : 'key-rejected');
    }
  }
});

test('5.9.7.8 ecdsa: a signature is right if its numbers are, and it is in DER', async () => {
  for (const { key, tests } of ecdsaGroups()) {
    for (const { tcId, msg, sig: signature, result } of tests) {
      const data = createHash('sha256').update(msg).digest();
      const parameters = { algorithm: 'ecdsa', keyType: 'public', key, curve: 'p-256' } as const;
      const { status } = await bench.driver.akcipher({ ...parameters, operation: 'verify', data, signature });
      expect(status, `${tcId}`).toBe(result === 'valid' ? 'ok' : 'key-rejected');
    }
  }
});
