import * as crypto from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import type { AkcipherSession } from '../../src/akcipher/contract.ts';
import { CURVES, type Curve } from '../../src/akcipher/curves.ts';
import { ecdsaSession } from '../../src/akcipher/ecdsa.ts';
import { CurveArithmetic } from '../../src/akcipher/ecdsa_arithmetic.ts';
import { finish } from '../../src/akcipher/steps.ts';
import { element, integer, sequence } from './der_writer.ts';
import { RFC6979_KEYS } from './rfc6979.ts';

const { CRYPTO_OK, CRYPTO_ERR, CRYPTO_NOTSUPP, CRYPTO_KEY_REJECTED } = spec;
const ECDSA = { algorithm: spec.AKCIPHER_ECDSA, hash: 0 } as const;
const curves = new CurveArithmetic();
const builds = { plain: new CurveArithmetic('plain'), fused: new CurveArithmetic('fused') };
const BUILD_NAMES = ['plain', 'fused'] as const;
const OPENSSL = ['prime192v1', 'secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];

/** The curve of a curve_id, with OpenSSL's name. */
function curveAt(id: number): Curve & { name: string } {
  const curve = CURVES.find((each) => each.id === id);
  if (!curve) throw new Error(`There is no curve ${id}.`);
  return { ...curve, name: OPENSSL[id - 1] ?? '' };
}

/** A session, or the status that refuses it. */
function made(sent: Uint8Array, isPrivate: boolean, id: number, arithmetic = curves): AkcipherSession | number {
  return ecdsaSession(Uint8Array.from(sent), { ...ECDSA, isPrivate, paddingOrCurve: id }, () => arithmetic);
}

function sessionOf(sent: Uint8Array, isPrivate: boolean, id: number, arithmetic = curves): AkcipherSession {
  const session = made(sent, isPrivate, id, arithmetic);
  if (typeof session === 'number') throw new Error(`The key was refused: ${session}.`);
  return session;
}

function sign(session: AkcipherSession, digest: Uint8Array, room = 200) {
  return finish(session.run({ opcode: spec.AKCIPHER_SIGN, source: digest, signed: new Uint8Array(), room }));
}

function verify(session: AkcipherSession, signature: Uint8Array, signed: Uint8Array): number {
  return finish(session.run({ opcode: spec.AKCIPHER_VERIFY, source: signature, signed, room: 0 })).status;
}

/** A new key of OpenSSL. */
function pairOf(name: string) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: name });
  const der: Uint8Array = privateKey.export({ type: 'sec1', format: 'der' });
  const spki: Uint8Array = publicKey.export({ type: 'spki', format: 'der' });
  const ecdh = crypto.createECDH(name);
  // ECPrivateKey begins with its version and the private key.
  const start = der.indexOf(0x04) + 2;
  const d = der.subarray(start, start + (der[start - 1] ?? 0));
  ecdh.setPrivateKey(d);
  return { privateKey, publicKey, der, d, spki, point: Uint8Array.from(ecdh.getPublicKey()) };
}

const bytesOfHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const tagged = (number: number, content: Uint8Array) => element(0xa0 | number, content);
const VERSION = integer(Uint8Array.of(1));
const octets = (bytes: Uint8Array) => element(0x04, bytes);

describe.each(BUILD_NAMES)('RFC 6979, appendix A.2, with the %s kernel', (build) => {
  test.each(RFC6979_KEYS)('signs and verifies as it says with $curve', ({ curve, d, x, y, signatures }) => {
    const id = RFC6979_KEYS.findIndex((key) => key.curve === curve) + 1;
    const secret = sessionOf(sequence(VERSION, octets(bytesOfHex(d))), true, id, builds[build]);
    const shown = sessionOf(bytesOfHex(`04${x}${y}`), false, id, builds[build]);
    for (const [hash, message, r, s] of signatures) {
      const digest = crypto.createHash(hash).update(message).digest();
      const { status, data } = sign(secret, digest);
      expect(status).toBe(CRYPTO_OK);
      expect(Buffer.from(data)).toEqual(
        sequence(...[r, s].map((number) => integer(bytesOfHex(number.replace(/^(00)+/, ''))))),
      );
      expect(verify(shown, data, digest)).toBe(CRYPTO_OK);
      expect(verify(secret, data, digest)).toBe(CRYPTO_OK);
    }
  });
});

/** Keys and messages a curve. A night takes 1000. */
const { RANDOM_KEYS = '3' } = process.env;
const ROUNDS = Number(RANDOM_KEYS);

describe.each(BUILD_NAMES)('ECDSA beside node:crypto, with the %s kernel', (build) => {
  it.each([1, 2, 3, 4, 5])(
    `has ${ROUNDS} random keys and messages of curve %i`,
    (id) => {
      const { name } = curveAt(id);
      for (let round = 0; round < ROUNDS; round++) {
        const { publicKey, privateKey, der, point } = pairOf(name);
        const message = crypto.randomBytes(round % 100);
        const hash = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'][round % 5] ?? '';
        const digest = crypto.createHash(hash).update(message).digest();
        const { status, data } = sign(sessionOf(der, true, id, builds[build]), digest);
        expect(status).toBe(CRYPTO_OK);
        expect(crypto.verify(hash, message, publicKey, data)).toBe(true);
        const theirs = crypto.sign(hash, message, privateKey);
        const shown = sessionOf(point, false, id, builds[build]);
        expect(verify(shown, theirs, digest)).toBe(CRYPTO_OK);
        digest[round % 20] = (digest[round % 20] ?? 0) ^ 1;
        expect(verify(shown, theirs, digest)).toBe(CRYPTO_KEY_REJECTED);
      }
    },
    3_600_000,
  );

  it('takes the leftmost bits of a digest that is longer than the order, and all of a shorter one (FIPS 186-5, section 6.4)', () => {
    const { der, point } = pairOf('prime192v1');
    const [secret, shown] = [sessionOf(der, true, 1), sessionOf(point, false, 1)];
    const digest = crypto.randomBytes(64);
    const { data } = sign(secret, digest);
    expect(verify(shown, data, digest.subarray(0, 24))).toBe(CRYPTO_OK);
    expect(verify(shown, data, digest.subarray(0, 23))).toBe(CRYPTO_KEY_REJECTED);
    const short = Uint8Array.of(5);
    const shortSignature = sign(secret, short).data;
    expect(verify(shown, shortSignature, Buffer.concat([new Uint8Array(23), short]))).toBe(CRYPTO_OK);
  });

  it('verifies both halves of s', () => {
    const { n, bytes } = curveAt(3);
    const { der, point } = pairOf('prime256v1');
    const digest = crypto.randomBytes(32);
    const { data } = sign(sessionOf(der, true, 3), digest);
    const { r, s } = numbersOf(data);
    const other = bytesOfHex((n - s).toString(16).padStart(2 * bytes, '0'));
    const signature = sequence(integer(bytesOfHex(r.toString(16).padStart(2 * bytes, '0'))), integer(other));
    const shown = sessionOf(point, false, 3);
    expect(verify(shown, data, digest)).toBe(CRYPTO_OK);
    expect(verify(shown, plainDer(signature), digest)).toBe(CRYPTO_OK);
  });
});

/** r and s of a signature in DER. */
function numbersOf(der: Uint8Array): { r: bigint; s: bigint } {
  const rBytes = der[3] ?? 0;
  const r = der.subarray(4, 4 + rBytes);
  return { r: numberOf(r), s: numberOf(der.subarray(6 + rBytes)) };
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** A signature whose numbers have no needless zeros. */
function plainDer(der: Uint8Array): Buffer {
  const { r, s } = numbersOf(der);
  return signatureOf(r, s);
}

/** The bytes of a positive number; of 0, one zero. */
function bytesOfNumber(number: bigint): Uint8Array {
  const hex = number.toString(16);
  return bytesOfHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

const signatureOf = (r: bigint, s: bigint): Buffer => sequence(integer(bytesOfNumber(r)), integer(bytesOfNumber(s)));

describe('signatures that are none are KEY_REJECTED', () => {
  const { der, point } = pairOf('prime256v1');
  const { n } = curveAt(3);
  const digest = crypto.createHash('sha256').update('a message').digest();
  const right = sign(sessionOf(der, true, 3), digest).data;
  const { r, s } = numbersOf(right);
  const shown = sessionOf(point, false, 3);
  const cut = (number: bigint) => element(0x02, bytesOfNumber(number).slice(1));
  const padded = (number: bigint) => element(0x02, Buffer.concat([Buffer.alloc(2), bytesOfNumber(number)]));
  const negative = (number: bigint) => {
    const bytes = bytesOfNumber(number);
    bytes[0] = (bytes[0] ?? 0) | 0x80;
    return element(0x02, bytes);
  };

  test('the right one is not', () => {
    expect(verify(shown, right, digest)).toBe(CRYPTO_OK);
    expect(verify(shown, signatureOf(r, s), digest)).toBe(CRYPTO_OK);
  });

  test.each<[string, Uint8Array]>([
    ['r is 0', signatureOf(0n, s)],
    ['s is 0', signatureOf(r, 0n)],
    ['r is the order', signatureOf(n, s)],
    ['s is the order', signatureOf(r, n)],
    ['r is beyond the order', signatureOf(r + n, s)],
    ['s is beyond the order', signatureOf(r, s + n)],
    ['s is far beyond it', signatureOf(r, 1n << 600n)],
    ['r has a needless zero', sequence(padded(r), integer(bytesOfNumber(s)))],
    ['s has a needless zero', sequence(integer(bytesOfNumber(r)), padded(s))],
    ['r is negative', sequence(negative(r), integer(bytesOfNumber(s)))],
    ['s is negative', sequence(integer(bytesOfNumber(r)), negative(s))],
    ['r has no bytes', sequence(element(0x02, new Uint8Array()), integer(bytesOfNumber(s)))],
    ['r lacks a byte', sequence(cut(r), integer(bytesOfNumber(s)))],
    ['there are bytes behind it', Buffer.concat([right, Buffer.alloc(1)])],
    ['there is a third number', sequence(integer(bytesOfNumber(r)), integer(bytesOfNumber(s)), VERSION)],
    ['there is one number', sequence(integer(bytesOfNumber(r)))],
    ['it is cut', right.subarray(0, right.length - 1)],
    ['it has no bytes', new Uint8Array()],
    ['its length is indefinite', Buffer.concat([Buffer.of(0x30, 0x80), right.subarray(2), Buffer.alloc(2)])],
    ['its length has needless octets', Buffer.concat([Buffer.of(0x30, 0x81), right.subarray(1)])],
    ['it is r and s without DER', Buffer.concat([bytesOfNumber(r), bytesOfNumber(s)])],
  ])('%s', (_, signature) => {
    expect(verify(shown, signature, digest)).toBe(CRYPTO_KEY_REJECTED);
  });

  test('of no digest', () => {
    expect(verify(shown, right, new Uint8Array())).toBe(CRYPTO_KEY_REJECTED);
  });
});

describe('5.9.7.2.1 keys', () => {
  const { d, der, point } = pairOf('prime256v1');
  const { n, p, bytes } = curveAt(3);
  const oid = (curve: number) => tagged(0, element(0x06, Uint8Array.from(curveAt(curve).oid)));
  const bits = (content: Uint8Array) => tagged(1, element(0x03, Buffer.concat([Buffer.alloc(1), content])));
  const full = (number: bigint, length = bytes) => bytesOfHex(number.toString(16).padStart(2 * length, '0'));
  const other = pairOf('prime256v1').point;
  const x = numberOf(point.subarray(1, 33));
  const y = numberOf(point.subarray(33));
  const at = (...numbers: bigint[]) => Buffer.concat([Buffer.of(4), ...numbers.map((number) => full(number))]);

  test.each<[string, Uint8Array]>([
    ['all that RFC 5915 has', der],
    ['nothing but the private key', sequence(VERSION, octets(d))],
    ['the name of the curve', sequence(VERSION, octets(d), oid(3))],
    ['the public key', sequence(VERSION, octets(d), bits(point))],
  ])('private, with %s', (_, key) => {
    expect(sign(sessionOf(key, true, 3), Buffer.alloc(32, 1)).status).toBe(CRYPTO_OK);
  });

  test.each<[string, Uint8Array]>([
    ['is 0', sequence(VERSION, octets(new Uint8Array(bytes)))],
    ['is the order', sequence(VERSION, octets(full(n)))],
    ['is beyond the order', sequence(VERSION, octets(full(n + 5n)))],
    ['lacks a leading zero', sequence(VERSION, octets(d.subarray(1)))],
    ['has a needless zero', sequence(VERSION, octets(Buffer.concat([Buffer.alloc(1), d])))],
    ['has another version', sequence(integer(Uint8Array.of(2)), octets(d))],
    ['has version 0', sequence(integer(Uint8Array.of(0)), octets(d))],
    ['names another curve', sequence(VERSION, octets(d), oid(4))],
    ['has fields in another order', sequence(VERSION, octets(d), bits(point), oid(3))],
    ['has bytes behind it', Buffer.concat([der, Buffer.alloc(1)])],
    ['is cut', der.subarray(0, -1)],
    ['has an indefinite length', Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(2), Buffer.alloc(2)])],
    ['has a public key off the curve', sequence(VERSION, octets(d), bits(at(x, y ^ 1n)))],
    ['has a public key at infinity', sequence(VERSION, octets(d), bits(Buffer.of(0)))],
    [
      'has unused bits in its public key',
      sequence(VERSION, octets(d), tagged(1, element(0x03, Buffer.concat([Buffer.of(1), point])))),
    ],
    ['is a public key', point],
    ['is empty', new Uint8Array()],
  ])('a private key that %s is ERR', (_, key) => {
    expect(made(key, true, 3)).toBe(CRYPTO_ERR);
  });

  test.each<[string, Uint8Array]>([
    ['is off the curve', at(x, y ^ 1n)],
    ['is at infinity', Buffer.of(0)],
    ['is at infinity, with coordinates', at(0n, 0n)],
    ['has an x that is not below p', at(x + p > 1n << 256n ? p : x + p, y)],
    ['has a y of p', at(x, p)],
    ['lacks a byte', point.subarray(0, -1)],
    ['has a byte more', Buffer.concat([point, Buffer.alloc(1)])],
    ['has a hybrid form', Buffer.concat([Buffer.of(6 + Number(y & 1n)), point.subarray(1)])],
    ['is an OCTET STRING', octets(point)],
    ['is empty', new Uint8Array()],
  ])('a public key that %s is ERR', (_, key) => {
    expect(made(key, false, 3)).toBe(CRYPTO_ERR);
  });

  test('a compressed point is NOTSUPP', () => {
    const compressed = Buffer.concat([Buffer.of(2 + Number(y & 1n)), point.subarray(1, 33)]);
    expect(made(compressed, false, 3)).toBe(CRYPTO_NOTSUPP);
    expect(made(sequence(VERSION, octets(d), bits(compressed)), true, 3)).toBe(CRYPTO_NOTSUPP);
  });

  test('an unknown curve is NOTSUPP, and a key of another curve is ERR', () => {
    for (const id of [0, 6, 0xffffffff]) expect(made(point, false, id)).toBe(CRYPTO_NOTSUPP);
    for (const id of [1, 2, 4, 5]) expect(made(point, false, id)).toBe(CRYPTO_ERR);
    for (const id of [1, 2, 4, 5]) expect(made(der, true, id)).toBe(CRYPTO_ERR);
  });

  test('a private key with the public key of another one signs and verifies nothing', () => {
    const session = sessionOf(sequence(VERSION, octets(d), bits(other)), true, 3);
    expect(sign(session, Buffer.alloc(32, 1))).toEqual({ status: CRYPTO_ERR, data: new Uint8Array() });
    expect(verify(session, Buffer.alloc(8), Buffer.alloc(32, 1))).toBe(CRYPTO_ERR);
  });

  test('5.9.7.8 what a key does not do', () => {
    const [secret, shown] = [sessionOf(der, true, 3), sessionOf(point, false, 3)];
    const digest = Buffer.alloc(32, 1);
    expect(sign(shown, digest).status).toBe(CRYPTO_ERR);
    expect(sign(secret, new Uint8Array()).status).toBe(CRYPTO_ERR);
    const { data } = sign(secret, digest);
    expect(sign(secret, digest, data.length).data).toEqual(data);
    expect(sign(secret, digest, data.length - 1)).toEqual({ status: CRYPTO_ERR, data: new Uint8Array() });
    for (const opcode of [spec.AKCIPHER_ENCRYPT, spec.AKCIPHER_DECRYPT]) {
      const request = { opcode, source: digest, signed: new Uint8Array(), room: 100 };
      for (const session of [secret, shown]) expect(finish(session.run(request)).status).toBe(CRYPTO_NOTSUPP);
    }
  });

  test('a wiped session holds no key', () => {
    const sent = Uint8Array.from(der);
    const session = ecdsaSession(sent, { ...ECDSA, isPrivate: true, paddingOrCurve: 3 }, () => curves);
    if (typeof session === 'number') throw new Error(`The key was refused: ${session}.`);
    session.wipe();
    expect(sent.every((byte) => byte === 0)).toBe(true);
  });
});
