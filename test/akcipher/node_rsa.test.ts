// Private operations in node:crypto, as workers of a device use them: the same results as the kernel's, and the same errors.
import * as crypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import type { AkcipherSession } from '../../src/akcipher/contract.ts';
import { CurveArithmetic } from '../../src/akcipher/ecdsa_arithmetic.ts';
import { SessionMaker } from '../../src/akcipher/session.ts';
import { finish } from '../../src/akcipher/steps.ts';
import { NodeRsa } from '../../src/backend/akcipher/node_rsa.ts';
import { fillRandom } from '../../src/backend/akcipher/random.ts';
import { integer, sequence } from './der_writer.ts';

const curves = new CurveArithmetic();
const NO_PADDING = crypto.constants.RSA_NO_PADDING;

function hostOf(): NodeRsa {
  const host = NodeRsa.here();
  if (!host) throw new Error('There is no node:crypto.');
  return host;
}

/** A session of a private key without padding. */
function sessionOf(sent: Uint8Array, hostRsa?: NodeRsa): AkcipherSession {
  const tools = { modulusBits: 8192, random: fillRandom, curves: () => curves, ...(hostRsa && { hostRsa }) };
  const parameters = { algorithm: spec.AKCIPHER_RSA, isPrivate: true, paddingOrCurve: spec.RSA_RAW_PADDING, hash: 0 };
  const session = new SessionMaker(tools).make(Uint8Array.from(sent), parameters);
  if (typeof session === 'number') throw new Error(`The key was refused: ${session}.`);
  return session;
}

const decrypt = (session: AkcipherSession, source: Uint8Array, room = source.length) =>
  finish(session.run({ opcode: spec.AKCIPHER_DECRYPT, source, signed: new Uint8Array(), room }));

const NUMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;

/** A key in DER whose numbers are another key's, some of them changed. */
function derOf(key: crypto.KeyObject, change: Partial<Record<(typeof NUMBERS)[number], Uint8Array>>): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const numbers = NUMBERS.map((name) => change[name] ?? Buffer.from(jwk[name] ?? '', 'base64url'));
  return sequence(integer(Uint8Array.of(0)), ...numbers.map(integer));
}

describe('private operations of RSA in node:crypto', () => {
  test.each([512, 1000, 1024, 2048, 4096])('do what the kernel does with %i bits, from the second one on', (bits) => {
    const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: bits });
    const host = hostOf();
    const der: Uint8Array = privateKey.export({ type: 'pkcs1', format: 'der' });
    const [session, reference] = [sessionOf(der, host), sessionOf(der)];
    const bytes = Math.ceil(bits / 8);
    for (let round = 1; round <= 4; round++) {
      const source = crypto.randomBytes(bytes);
      source[0] = 0;
      const expected = crypto.privateDecrypt({ key: privateKey, padding: NO_PADDING }, source);
      const result = decrypt(session, source);
      expect(result).toEqual({ status: spec.CRYPTO_OK, data: Uint8Array.from(expected) });
      expect(decrypt(reference, source)).toEqual(result);
      expect(host.operations).toBe(round);
      // A source that is shorter than the modulus.
      expect(decrypt(session, Uint8Array.of(round), bytes)).toEqual(decrypt(reference, Uint8Array.of(round), bytes));
      host.operations = round;
    }
  });

  test('public operations do what the kernel does, with long exponents, too', () => {
    for (const publicExponent of [3, 65537, 2 ** 31 - 1]) {
      const { publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent });
      const der: Uint8Array = publicKey.export({ type: 'pkcs1', format: 'der' });
      const host = hostOf();
      const parameters = { algorithm: spec.AKCIPHER_RSA, isPrivate: false, paddingOrCurve: 0, hash: 0 };
      const results = [{ publicHost: () => host }, {}].map((tools) => {
        const maker = new SessionMaker({ modulusBits: 8192, random: fillRandom, curves: () => curves, ...tools });
        const session = maker.make(Uint8Array.from(der), parameters);
        if (typeof session === 'number') throw new Error(`The key was refused: ${session}.`);
        return [Buffer.alloc(128, 7), Buffer.of(5), Buffer.alloc(0), Buffer.alloc(128, 0xff)].map((source) =>
          finish(session.run({ opcode: spec.AKCIPHER_ENCRYPT, source, signed: new Uint8Array(), room: 128 })),
        );
      });
      expect(results[0]).toEqual(results[1]);
      expect(host.operations).toBe(3);
    }
  });

  test('the kernel does the work of a key that has no primes, or an incoherent one, which is ERR with both', () => {
    const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
    const source = Buffer.concat([Buffer.alloc(1), crypto.randomBytes(127)]);
    const none = Uint8Array.of(0);
    const host = hostOf();
    const plain = sessionOf(derOf(privateKey, { p: none, q: none, dp: none, dq: none, qi: none }), host);
    const expected = Uint8Array.from(crypto.privateDecrypt({ key: privateKey, padding: NO_PADDING }, source));
    for (let round = 0; round < 3; round++) expect(decrypt(plain, source).data).toEqual(expected);
    for (const name of ['dp', 'dq', 'qi'] as const) {
      const session = sessionOf(derOf(privateKey, { [name]: Uint8Array.of(5) }), host);
      for (let round = 0; round < 3; round++) {
        expect(decrypt(session, source)).toEqual({ status: spec.CRYPTO_ERR, data: new Uint8Array() });
      }
    }
    expect(host.operations).toBe(0);
  });

  test('the private exponent of a key with primes is not used by either', () => {
    const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
    const source = Buffer.concat([Buffer.alloc(1), crypto.randomBytes(127)]);
    const expected = Uint8Array.from(crypto.privateDecrypt({ key: privateKey, padding: NO_PADDING }, source));
    const host = hostOf();
    const session = sessionOf(derOf(privateKey, { d: Uint8Array.of(3) }), host);
    for (let round = 0; round < 3; round++) expect(decrypt(session, source).data).toEqual(expected);
    expect(host.operations).toBe(3);
  });
});
