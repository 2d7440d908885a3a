import * as crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { loadFused } from '../../src/akcipher/bignum.ts';
import type { AkcipherSession } from '../../src/akcipher/contract.ts';
import { rsaSession } from '../../src/akcipher/rsa.ts';
import { RsaArithmetic } from '../../src/akcipher/rsa_arithmetic.ts';
import { keyBytesMax } from '../../src/akcipher/rsa_key.ts';
import { finish } from '../../src/akcipher/steps.ts';
import { modularPower } from '../support/reference/modular_power.ts';
import { integer, sequence } from './der_writer.ts';

await loadFused();

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);
interface Pair {
  publicKey: crypto.KeyObject;
  privateKey: crypto.KeyObject;
}

function pairOf(modulusLength: number, publicExponent = 65537): Pair {
  return crypto.generateKeyPairSync('rsa', { modulusLength, publicExponent });
}

const der = (key: crypto.KeyObject): Uint8Array => key.export({ type: 'pkcs1', format: 'der' });

function run(session: AkcipherSession, opcode: number, source: Uint8Array, room: number, signed = new Uint8Array()) {
  return finish(session.run({ opcode, source, signed, room }));
}

const { RSA_RAW_PADDING: RAW, RSA_PKCS1_PADDING: PKCS1, CRYPTO_OK, CRYPTO_ERR, CRYPTO_KEY_REJECTED } = spec;
const NO_PADDING = crypto.constants.RSA_NO_PADDING;

/** Random keys a size. A night takes 1000. */
const { RANDOM_KEYS = '1' } = process.env;
const KEYS = Number(RANDOM_KEYS);

function flipped(number: Buffer): Buffer {
  const other = Buffer.from(number);
  other[20] = (other[20] ?? 0) ^ 4;
  return other;
}

describe.each(['plain', 'fused'] as const)('with the %s kernel', (build) => {
  const arithmetic = { atOnce: new RsaArithmetic(random, build), pausing: new RsaArithmetic(random, build) };

  function sessionOf(sent: Uint8Array, isPrivate: boolean, padding: number, hash = 0): AkcipherSession {
    const session = rsaSession(Uint8Array.from(sent), { isPrivate, padding, hash }, 8192, arithmetic, random);
    if (!session) throw new Error('The key was refused.');
    return session;
  }

  describe('RSA beside node:crypto', () => {
    it.each([512, 513, 1000, 1024, 2047, 2048, 3072])(
      'has the same results with keys of %i bits',
      (bits) => {
        for (let key = 0; key < KEYS; key++) expectSame(bits);
      },
      36_000_000,
    );

    function expectSame(bits: number): void {
      const { publicKey, privateKey } = pairOf(bits);
      const k = Math.ceil(bits / 8);
      const open = sessionOf(der(publicKey), false, RAW);
      const secret = sessionOf(der(privateKey), true, RAW);
      for (let round = 0; round < 3; round++) {
        const text = crypto.randomBytes(k);
        text[0] = 0;
        const { status, data } = run(open, spec.AKCIPHER_ENCRYPT, text, k);
        expect(status).toBe(CRYPTO_OK);
        expect(data).toEqual(Uint8Array.from(crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, text)));
        expect(run(secret, spec.AKCIPHER_DECRYPT, data, k)).toEqual({ status: CRYPTO_OK, data: Uint8Array.from(text) });
        expect(run(secret, spec.AKCIPHER_ENCRYPT, text, k).data).toEqual(data);
      }
    }

    it('signs as node:crypto does, with every hash that it has, and verifies its signatures', () => {
      const { publicKey, privateKey } = pairOf(1024);
      for (const [hash, name] of [
        [4, 'md5'],
        [5, 'sha1'],
        [6, 'sha256'],
        [7, 'sha384'],
        [8, 'sha512'],
        [9, 'sha224'],
      ] as const) {
        const message = crypto.randomBytes(100);
        const digest = crypto.createHash(name).update(message).digest();
        const expected = Uint8Array.from(crypto.sign(name, message, privateKey));
        const { data } = run(sessionOf(der(privateKey), true, PKCS1, hash), spec.AKCIPHER_SIGN, digest, 128);
        expect(data).toEqual(expected);
        const open = sessionOf(der(publicKey), false, PKCS1, hash);
        expect(run(open, spec.AKCIPHER_VERIFY, expected, 0, digest).status).toBe(CRYPTO_OK);
        digest[0] = (digest[0] ?? 0) ^ 1;
        expect(run(open, spec.AKCIPHER_VERIFY, expected, 0, digest).status).toBe(CRYPTO_KEY_REJECTED);
      }
    });

    it('signs raw values without a hash, as privateEncrypt does', () => {
      const { publicKey, privateKey } = pairOf(768);
      const session = sessionOf(der(privateKey), true, PKCS1);
      for (const length of [0, 1, 84, 85]) {
        const value = crypto.randomBytes(length);
        const { data } = run(session, spec.AKCIPHER_SIGN, value, 96);
        expect(data).toEqual(Uint8Array.from(crypto.privateEncrypt(privateKey, value)));
        expect(run(sessionOf(der(publicKey), false, PKCS1), spec.AKCIPHER_VERIFY, data, 0, value).status).toBe(
          CRYPTO_OK,
        );
      }
      expect(run(session, spec.AKCIPHER_SIGN, crypto.randomBytes(86), 96).status).toBe(CRYPTO_ERR);
    });

    it('encrypts with PKCS #1 padding of type 2, and takes away that of node:crypto', () => {
      const { publicKey, privateKey } = pairOf(1024);
      const open = sessionOf(der(publicKey), false, PKCS1);
      const secret = sessionOf(der(privateKey), true, PKCS1);
      for (const length of [0, 1, 16, 116, 117]) {
        const message = crypto.randomBytes(length);
        const { data } = run(open, spec.AKCIPHER_ENCRYPT, message, 128);
        const block = crypto.privateDecrypt({ key: privateKey, padding: NO_PADDING }, data);
        expect([...block.subarray(0, 2)]).toEqual([0, 2]);
        expect(block.subarray(2, 127 - length).includes(0)).toBe(false);
        expect(block.subarray(127 - length)).toEqual(Buffer.concat([Buffer.alloc(1), message]));
        const theirs = crypto.publicEncrypt({ key: publicKey, padding: crypto.constants.RSA_PKCS1_PADDING }, message);
        expect(run(secret, spec.AKCIPHER_DECRYPT, theirs, 128)).toEqual({
          status: CRYPTO_OK,
          data: Uint8Array.from(message),
        });
      }
      expect(run(open, spec.AKCIPHER_ENCRYPT, crypto.randomBytes(118), 128).status).toBe(CRYPTO_ERR);
    });

    it('works with exponent 3, with a large exponent, and with private keys that lack their primes', () => {
      const small = pairOf(512, 3);
      const text = crypto.randomBytes(63);
      const sent = run(sessionOf(der(small.publicKey), false, RAW), spec.AKCIPHER_ENCRYPT, text, 64).data;
      expect(sent).toEqual(
        Uint8Array.from(
          crypto.publicEncrypt({ key: small.publicKey, padding: NO_PADDING }, Buffer.concat([Buffer.alloc(1), text])),
        ),
      );
      const { n = '', e = '', d = '' } = pairOf(1024).privateKey.export({ format: 'jwk' });
      const [modulus, exponent, secret] = [n, e, d].map((number) => Buffer.from(number, 'base64url')) as [
        Buffer,
        Buffer,
        Buffer,
      ];
      const zeros = Array.from({ length: 5 }, () => integer(Buffer.alloc(1)));
      const plain = sequence(integer(Buffer.alloc(1)), integer(modulus), integer(exponent), integer(secret), ...zeros);
      // The exponents change places: the public one is as long as n.
      const swapped = sequence(integer(modulus), integer(secret));
      const value = crypto.randomBytes(127);
      const encrypted = run(sessionOf(swapped, false, RAW), spec.AKCIPHER_ENCRYPT, value, 128).data;
      const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
      expect(number(encrypted)).toBe(modularPower(number(value), number(secret), number(modulus)));
      expect(
        run(
          sessionOf(plain, true, RAW),
          spec.AKCIPHER_DECRYPT,
          crypto.publicEncrypt(
            { key: crypto.createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }), padding: NO_PADDING },
            Buffer.concat([Buffer.alloc(1), value]),
          ),
          128,
        ).data.subarray(1),
      ).toEqual(Uint8Array.from(value));
    });

    it('gives the same result with each of many blinding factors', () => {
      const { privateKey } = pairOf(512);
      const session = sessionOf(der(privateKey), true, RAW);
      const text = Buffer.concat([Buffer.alloc(1), crypto.randomBytes(63)]);
      const expected = Uint8Array.from(crypto.privateDecrypt({ key: privateKey, padding: NO_PADDING }, text));
      for (let round = 0; round < 100; round++) {
        expect(run(session, spec.AKCIPHER_DECRYPT, text, 64).data).toEqual(expected);
      }
    });
  });

  describe('destinations', () => {
    it('RAW results stand at the end of the destination, behind zeros, and fail if they do not fit', () => {
      const { publicKey } = pairOf(512, 3);
      const open = sessionOf(der(publicKey), false, RAW);
      const cube = (room: number) => run(open, spec.AKCIPHER_ENCRYPT, Uint8Array.of(10), room);
      expect(cube(2).data).toEqual(Uint8Array.of(3, 232));
      expect(cube(5).data).toEqual(Uint8Array.of(0, 0, 0, 3, 232));
      expect(cube(200).data).toEqual(Uint8Array.from({ length: 200 }, (_, at) => ({ 198: 3, 199: 232 })[at] ?? 0));
      expect(cube(1).status).toBe(CRYPTO_ERR);
      expect(run(open, spec.AKCIPHER_ENCRYPT, new Uint8Array(), 0).status).toBe(CRYPTO_OK);
    });

    it('results with padding need their whole length', () => {
      const { publicKey, privateKey } = pairOf(512);
      const [open, secret] = [sessionOf(der(publicKey), false, PKCS1), sessionOf(der(privateKey), true, PKCS1, 5)];
      expect(run(open, spec.AKCIPHER_ENCRYPT, Uint8Array.of(1), 63).status).toBe(CRYPTO_ERR);
      expect(run(secret, spec.AKCIPHER_SIGN, new Uint8Array(20), 63).status).toBe(CRYPTO_ERR);
      const { data } = run(open, spec.AKCIPHER_ENCRYPT, Uint8Array.of(1, 2, 3), 64);
      expect(run(secret, spec.AKCIPHER_DECRYPT, data, 2).status).toBe(CRYPTO_ERR);
      expect(run(secret, spec.AKCIPHER_DECRYPT, data, 3).data).toEqual(Uint8Array.of(1, 2, 3));
    });
  });

  describe('refusals', () => {
    const { publicKey, privateKey } = pairOf(512);
    const n = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
    const open = sessionOf(der(publicKey), false, RAW);
    const secret = sessionOf(der(privateKey), true, PKCS1, 5);

    it('values that are not below the modulus, or longer', () => {
      expect(run(open, spec.AKCIPHER_ENCRYPT, n, 64).status).toBe(CRYPTO_ERR);
      expect(run(open, spec.AKCIPHER_ENCRYPT, new Uint8Array(65), 64).status).toBe(CRYPTO_ERR);
      const below = Buffer.from(n);
      below[63] = (below[63] ?? 1) - 1;
      expect(run(open, spec.AKCIPHER_ENCRYPT, below, 64).status).toBe(CRYPTO_OK);
      expect(run(secret, spec.AKCIPHER_DECRYPT, n, 64).status).toBe(CRYPTO_ERR);
      expect(run(secret, spec.AKCIPHER_DECRYPT, new Uint8Array(63), 64).status).toBe(CRYPTO_ERR);
    });

    it('what a key or a padding cannot do', () => {
      expect(run(open, spec.AKCIPHER_DECRYPT, new Uint8Array(64), 64).status).toBe(CRYPTO_ERR);
      expect(run(open, spec.AKCIPHER_SIGN, new Uint8Array(20), 64).status).toBe(spec.CRYPTO_NOTSUPP);
      expect(run(open, spec.AKCIPHER_VERIFY, new Uint8Array(64), 0).status).toBe(spec.CRYPTO_NOTSUPP);
      const padded = sessionOf(der(publicKey), false, PKCS1, 5);
      expect(run(padded, spec.AKCIPHER_SIGN, new Uint8Array(20), 64).status).toBe(CRYPTO_ERR);
    });

    it('digests and signatures of another length, and hashes that are longer than the key allows', () => {
      expect(run(secret, spec.AKCIPHER_SIGN, new Uint8Array(19), 64).status).toBe(CRYPTO_ERR);
      const signature = run(secret, spec.AKCIPHER_SIGN, new Uint8Array(20), 64).data;
      const status = (bytes: Uint8Array, digest = new Uint8Array(20)) =>
        run(secret, spec.AKCIPHER_VERIFY, bytes, 0, digest).status;
      expect(status(signature)).toBe(CRYPTO_OK);
      for (const wrong of [signature.subarray(1), Buffer.concat([Buffer.alloc(1), signature]), new Uint8Array(), n]) {
        expect(status(wrong)).toBe(CRYPTO_KEY_REJECTED);
      }
      expect(status(signature, new Uint8Array(21))).toBe(CRYPTO_KEY_REJECTED);
      const long = sessionOf(der(privateKey), true, PKCS1, 8);
      expect(run(long, spec.AKCIPHER_SIGN, new Uint8Array(64), 64).status).toBe(CRYPTO_ERR);
      expect(run(long, spec.AKCIPHER_VERIFY, signature, 0, new Uint8Array(64)).status).toBe(CRYPTO_KEY_REJECTED);
    });

    it('encryption blocks with wrong padding, all with one status', () => {
      const block = (...start: number[]) => Uint8Array.from({ length: 64 }, (_, at) => start[at] ?? 7);
      const ten = [0, 2, 1, 1, 1, 1, 1, 1, 1, 1];
      const decrypted = (bytes: Uint8Array) =>
        run(secret, spec.AKCIPHER_DECRYPT, crypto.publicEncrypt({ key: publicKey, padding: NO_PADDING }, bytes), 64);
      expect(decrypted(block(...ten, 0))).toEqual({ status: CRYPTO_OK, data: new Uint8Array(53).fill(7) });
      for (const wrong of [
        block(0, 1, ...ten.slice(2), 0),
        block(...ten.slice(0, 9), 0),
        block(0, 2),
        block(0, 2, 0),
      ]) {
        expect(decrypted(wrong)).toEqual({ status: CRYPTO_ERR, data: new Uint8Array() });
      }
    });

    it('results whose check fails: the exponents do not belong together', () => {
      const {
        n: modulus = '',
        e = '',
        p = '',
        q = '',
        dp = '',
        dq = '',
        qi = '',
        d = '',
      } = privateKey.export({ format: 'jwk' });
      const numbers = [modulus, e, d, p, q, dp, dq, qi].map((number) => Buffer.from(number, 'base64url'));
      for (const wrong of [5, 6, 7]) {
        const altered = numbers.map((number, at) => (at === wrong ? flipped(number) : number));
        const session = sessionOf(sequence(integer(Buffer.alloc(1)), ...altered.map(integer)), true, RAW);
        expect(run(session, spec.AKCIPHER_DECRYPT, new Uint8Array(64).fill(9, 1), 64).status).toBe(CRYPTO_ERR);
      }
    });
  });

  describe('keys in DER', () => {
    const { publicKey, privateKey } = pairOf(512);
    const jwk = privateKey.export({ format: 'jwk' });
    const numbers = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map((text) =>
      Buffer.from(text ?? '', 'base64url'),
    );
    const [n, e, , p, q] = numbers as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const zero = Buffer.alloc(1);
    const accepted = (bytes: Uint8Array, isPrivate: boolean, modulusBits = 8192): boolean =>
      rsaSession(Uint8Array.from(bytes), { isPrivate, padding: RAW, hash: 0 }, modulusBits, arithmetic, random) !==
      undefined;
    const privateWith = (at: number, value: Buffer): Uint8Array =>
      sequence(integer(zero), ...numbers.map((number, index) => integer(index === at ? value : number)));

    it('takes INTEGERs with and without the zero in front of a set top bit, as DPDK sends them', () => {
      const bare = (number: Buffer) => Buffer.concat([Buffer.from([2, number.length]), number]);
      expect(accepted(sequence(bare(n), bare(e)), false)).toBe(true);
      expect(accepted(sequence(integer(zero), ...numbers.map(bare)), true)).toBe(true);
      expect(accepted(sequence(integer(Buffer.concat([zero, zero, n])), integer(e)), false)).toBe(true);
    });

    it('refuses what is cut off, goes on too long, or is no SEQUENCE of INTEGERs', () => {
      for (const [bytes, isPrivate] of [
        [der(publicKey), false],
        [der(privateKey), true],
      ] as const) {
        expect(accepted(bytes, isPrivate)).toBe(true);
        expect(accepted(bytes, !isPrivate)).toBe(false);
        for (let length = 0; length < bytes.length; length++)
          expect(accepted(bytes.subarray(0, length), isPrivate)).toBe(false);
        expect(accepted(Buffer.concat([bytes, zero]), isPrivate)).toBe(false);
        const indefinite = Buffer.concat([
          Buffer.from([0x30, 0x80]),
          sequence(integer(n), integer(e)).subarray(2),
          Buffer.alloc(2),
        ]);
        expect(accepted(indefinite, isPrivate)).toBe(false);
      }
      expect(accepted(sequence(integer(n), Buffer.from([2, 0])), false)).toBe(false);
      expect(accepted(sequence(integer(n), Buffer.from([4, 1, 3])), false)).toBe(false);
      expect(accepted(sequence(integer(n), Buffer.from([2, 0x81, 1, 3])), false)).toBe(false);
      expect(accepted(sequence(integer(n), integer(e), integer(e)), false)).toBe(false);
    });

    it('refuses numbers that make no key', () => {
      const even = Buffer.from(n);
      even[63] = 2;
      for (const [modulus, exponent] of [
        [even, e],
        [n, zero],
        [n, Buffer.of(1)],
        [n, Buffer.of(4)],
        [n, n],
        [zero, e],
      ] as const) {
        expect(accepted(sequence(integer(modulus), integer(exponent)), false)).toBe(false);
      }
      expect(accepted(sequence(integer(Buffer.of(1)), ...numbers.map(integer)), true)).toBe(false);
      for (let at = 0; at < numbers.length; at++) expect(accepted(privateWith(at, zero), true)).toBe(false);
      expect(accepted(privateWith(3, q), true)).toBe(false);
      expect(accepted(privateWith(2, n), true)).toBe(false);
      expect(accepted(privateWith(5, p), true)).toBe(false);
      const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
      const square = Buffer.from((number(p) * number(p)).toString(16).padStart(128, '0'), 'hex');
      expect(
        accepted(sequence(...[zero, square, e, numbers[2] as Buffer, p, p, ...numbers.slice(5)].map(integer)), true),
      ).toBe(false);
    });

    it('takes moduli of 512 bits up to the limit', () => {
      const [short, long] = [Buffer.from(n), Buffer.concat([Buffer.of(1), n])];
      short[0] = 0x7f;
      expect(accepted(sequence(integer(short), integer(e)), false)).toBe(false);
      expect(accepted(sequence(integer(long), integer(e)), false, 513)).toBe(true);
      expect(accepted(sequence(integer(long), integer(e)), false, 512)).toBe(false);
    });

    it('has a bound for the bytes of a key that real keys stay below', () => {
      for (const bits of [512, 1024, 2048, 4096]) {
        expect(der(pairOf(bits).privateKey).length).toBeLessThan(keyBytesMax(bits));
      }
    });
  });
});
