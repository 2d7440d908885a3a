// Asymmetric sessions of programs, and the contents of their requests. Keys stand here, so that a program means the same each time.
import * as crypto from 'node:crypto';
import { p256, p384 } from '@noble/curves/nist.js';
import { writeIntegers } from '../../src/akcipher/der.ts';
import type { AkcipherData } from '../../src/driver/operations.ts';
import type { AkcipherSession } from '../../src/driver/sessions.ts';
import { noise } from '../support/memory.ts';

/** What the content of an asymmetric request needs of its plan (RequestPlan of program.ts, which imports this file). */
interface ContentPlan {
  bytes: number;
  highCounter: boolean;
  resultLength: number;
  changedBit: number;
  seed: number;
}

const base64 = (text: string) => Buffer.from(text, 'base64');

/** RSAPrivateKey, by bits of the modulus. */
const RSA_KEYS = {
  512: base64(
    'MIIBOwIBAAJBAMLDTvJu9SD1v7UPj2NB5lgrA4ruc4sg+uGy4cOzOoTkc+te5N0rhS+rNb4yVRnaPWsKhuyNwe576M5PvEjbPfkCAwEAAQJB' +
      'AL9sMMLstXbwsrxlj7uxwJD1reS2GtAq2QpNw8GR/bkwDaKes2J7AHZbpneO0eCqiBF5BSdTwwSWSo2TFn71IlECIQDgiWH4Lw+k/O+nDOXK' +
      'iVZ8nxQPOoq/BUCDWEORjPA3FQIhAN4N4J6CAgfhcuAH5iTxPaePQAza/NiE7A5GufD2ciRVAiADSD7UX+u8n63pJTkess8+1xx19Icer7b3' +
      'tIyYThUc2QIhAKhIdhlKR8W3KvrzoYwPs30ACDd14rcojUkIerRN4RT9AiBGUkCx1BGMS1mFAXP9YK+Q+dgNYaG/HXZnlNW3DhVjpQ==',
  ),
  1024: base64(
    'MIICXAIBAAKBgQC3LhW6MgYqpimh4ajLHYupgMcABXQd0wYKtFoTWfPMfQEq54qH8lpkiTpLHewjGEJc8EiPzi17LcsByFIv57VogV23ZgSS' +
      'RdOA9imusqks3g1P4geuVWdIULMytbhpqM+KnZfCOMhrKlaCEdxwgrnqzQ2103tmT6j8pdiUaTwJKwIDAQABAoGANF2RSoQobSLJPgTTixUs' +
      'Ks2sld35PtlnncHHCkcpwehuYASG/qwSmTD9oCGysqmptwXdyHZpXBBQO3c3v4gevIBobbnPjT5+DYEybKi6/HuNKQrSjxIIOLViXkdPuh8x' +
      'dSrO5HYmlBJ9SpTkdxbx2xKwaqUQWtuUMXs1USjIoGECQQDiSdVMf1qYnyf0xf5GVffcO906BBssxJXrSNCzebYve+S1Nj+LgJgHDoT2fnhL' +
      'BI8toSMkc5N361Yfh2uOqNx7AkEAzztDBF1DLmjjBlY7WHnHQxVkZBunGblNFL2d0laDEAIixKXle4rGz80eYHrzpezVpp5Va5Vw7O7zSPec' +
      '1a+fEQJBAIZ+q7AT4Zzku7LYGxFi9zaGvi5FUoGBNjnpxWFm7cm7MWwjGhGoFLPdBVocQRMVWqQcKe74YqXb0gxbSKo54xECQHJbDIdrA7in' +
      'jqgfi84uHWSKeIS5scODOuL4JBA/R0HdO9xyg6liEoX3dgzdrHhish+o/hBJPjCxR7V7VqOgr1ECQBtldxeES5kWHt4ir0hCX/G8AwPDmQ0S' +
      '//64KRVl5dUThJzzKueqJDcd+sRkIH4/FMj0/azyrwYiwN/lm0zkjZw=',
  ),
  2048: base64(
    'MIIEowIBAAKCAQEA0uEnw1ixKRNcBME+Lr9pM0Rng4cOiD/XQU4imIsH/q8Uw5vs9d/RsGAYpviOhaFqhqtcL9YZSU8iG69vyiyjKeJ4OC7t' +
      '1YpiV/uGHjHiqGMaqi9mZ+tiNQAzG9t5Q6E+ctPI/+/pOLJnN6iIc8EZKEUgkYvvfnXqocHRxg9kCONjrLiDra2XfYdO4remXpKpUbWVn7B6' +
      'mJ7DdVoXzIG/5ivoHMO8ooeT5m8IokWSQ828JoxvxkCW3JhQB0edOLy3pMSs+eazChseyWG4PrXFhSGFwylbGN1djhlay+vPEA7XI+fzvIo4' +
      '/PZgNvTA7setaqQHn/98etQFN3xMIxX0+QIDAQABAoIBAAhVHzqsXzTXAkbOZIQwEyzLRrj2LMdBKxmIfvyaEKCqDzpomdvybatlvmFXMBTH' +
      '8isw8DRLHP8+IjsH0ge0WmWPJSeCBqHJ3nd/zqa4yQmLtqhxbHYJTyH2bQ6Q4IXqTUr39VjUKP6Q88m3XhTqi/GA+uV3qw1dcpBnHuT9ldZ1' +
      'tsIaYGzWinZuzpcqIcz963GKOt1qgtgVrbcZjNhWrv38W3Hh6uPudMghdpIiUBiNnSNdEnJ2qIT9kkM0bcADcYRMMHZyEJ4iXpZQ5hvmKnLx' +
      'Q6Luh/9S3A61uxpD/WLaZKGuEiHCo5ANN/C2ZmnK9/55Ol0deAsDAn0HUglsFEUCgYEA76cSVpxDwSYT801zgKnqfn4JVGwSf62vt991SWYU' +
      'jzatRek3+5OBUGyHWeLRq6hpZsiDVT2cAlsZtrKw/XAv3ngr6d8hi0o0u6M70i+Vjmb79vPCP6US1auD88J0SKzhzmiPSUZTWVZakD3SaQ8V' +
      'X8QE4exK7Th2Ia1A7icjHmsCgYEA4UOiSFFHcoL9+5EDtZo/P/5XWiJ92pMYnRkmqlBUM/ArdyylggfJpkpUf5NuFntOTfSIgg5J31kNd1hq' +
      '+ckGfXzeypyL/rQt8hnBwXzJ65C8yB1Fr6QIrMJkE6S8S0HwZnwB/GdPN59p487fviw+2BQ7ue1JFdQB+NVBfWdzyysCgYA9OZqmw99PbhH0' +
      'u5nBiiddT4fEqKOFOPNGb3FAYjLob5iO3sktnX6Q9FkT7q2QRENBPgLHeSjtNSb5lOdAqDOii2L0qcuhEUEtmsNCrGNx8P94FMhQiDSqn9nj' +
      'IY+hrYE2wWGx36SVk0kpxpGFw5O7VpHEwiBWQHF1oxSOgzMmpwKBgDd0tRDkoZg5U1mJO8aLcKLKdKrF7wHOULLsLC6lk/UtXSX7ocs/K496' +
      'oQ6/NszmEkLyvmB2MA2CGOSWqc9Qg/6ErTxoCbbsmJsPaDnABN2vRiplunAhC9msCYMkfQ5x70LrqHmA3WmuHx1sInzo25fKc2G0Xte2171w' +
      'kqzSuRj9AoGBAOgakcbj+NFzIINs3A87mkVR2uyEHlYQfSq/SEyGRIXmv6Dc0l4DQ18DByL1gnLICIgw52Hxdw2/LvzrmRJ5WYR4wc8sUphh' +
      'wlfQ3WPSVjQtysBqnxa1wLl7D1z/TU8w+jhsPQq4e+wmuaPdp5yqI7Zz3JhG6WnqUgZ0Ouj7sL7Z',
  ),
};
const PKCS1 = crypto.constants.RSA_PKCS1_PADDING;
/** ECPrivateKey. */
const EC_KEYS = {
  'p-256': base64(
    'MHcCAQEEIPBepFWfLFPpgjSay151qqXIC7jB576Td/85NApwRIzaoAoGCCqGSM49AwEHoUQDQgAEvAtoLl5V1wtKqty85ka9ZqOoKIWh7C4D' +
      'GxSKAu3TOISTg5m3KpL1vdsa/lML8Lfk2Prftsesy9JgioTeYs6jbg==',
  ),
  'p-384': base64(
    'MIGkAgEBBDB+Tol4X4j3xKNU6yZbINEHRMphjmlPhzz7yG9FeuTgmn4mOZf4xbNBXTSqgTkVwhKgBwYFK4EEACKhZANiAAT0vaoOGSCKRf4F' +
      'clhLS/T2uV90xeODC/rHgYpKk6XZ0Z2pAfT1b7lr0wbhZ9oC44z7v3Fi/KPo1pYbNwBIaI3HaI7jXtY+qEUwzNQXOOS6fZQS98w5mCx8fncr' +
      'EBcBDEU=',
  ),
};
const CURVES = { 'p-256': p256, 'p-384': p384 };

type Bits = keyof typeof RSA_KEYS;
type Curve = keyof typeof EC_KEYS;
type Kind = Omit<AkcipherSession, 'service' | 'key'> & { bits?: Bits; curve?: Curve };

/** What sessions there are. Long operations run in workers, or in slices; short ones at once. */
export const ASYMMETRIC_KINDS: readonly Kind[] = [
  { algorithm: 'rsa', bits: 512, keyType: 'public' },
  { algorithm: 'rsa', bits: 512, keyType: 'private' },
  { algorithm: 'rsa', bits: 1024, keyType: 'private', padding: 'pkcs1', hash: 'sha-256' },
  { algorithm: 'rsa', bits: 1024, keyType: 'public', padding: 'pkcs1', hash: 'sha-256' },
  { algorithm: 'rsa', bits: 2048, keyType: 'private' },
  { algorithm: 'rsa', bits: 2048, keyType: 'public' },
  { algorithm: 'rsa', bits: 512, keyType: 'private', padding: 'pkcs1', hash: 'none' },
  { algorithm: 'ecdsa', curve: 'p-256', keyType: 'private' },
  { algorithm: 'ecdsa', curve: 'p-256', keyType: 'public' },
  { algorithm: 'ecdsa', curve: 'p-384', keyType: 'private' },
  { algorithm: 'ecdsa', curve: 'p-384', keyType: 'public' },
];

/** @param surplus bytes too many behind the key */
export function asymmetricSession({ bits, ...kind }: Kind, surplus: number): AkcipherSession {
  const key = bits ? rsaKey(bits, kind.keyType) : ecKey(kind.curve ?? 'p-256', kind.keyType);
  return { service: 'akcipher', ...kind, key: Buffer.concat([key, Buffer.alloc(surplus)]) };
}

function rsaKey(bits: Bits, keyType: AkcipherSession['keyType']): Buffer {
  const secret = RSA_KEYS[bits];
  if (keyType === 'private') return secret;
  const { n = '', e = '' } = privateKey(secret, 'pkcs1').export({ format: 'jwk' });
  const [modulus, exponent] = [n, e].map((text) => new Uint8Array(Buffer.from(text, 'base64url')));
  if (!modulus || !exponent) throw new Error('The key has no modulus.');
  return Buffer.from(writeIntegers([modulus, exponent]));
}

function ecKey(curve: Curve, keyType: AkcipherSession['keyType']): Buffer {
  if (keyType === 'private') return EC_KEYS[curve];
  return Buffer.from(CURVES[curve].getPublicKey(scalarOf(curve), false));
}

function scalarOf(curve: Curve): Uint8Array {
  const { d = '' } = privateKey(EC_KEYS[curve], 'sec1').export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(d, 'base64url'));
}

function privateKey(key: Buffer, type: 'pkcs1' | 'sec1'): crypto.KeyObject {
  return crypto.createPrivateKey({ key, format: 'der', type });
}

/**
 * The content of a request: mostly one that succeeds, else of another length, or with a bit that is changed. Nothing is encrypted with
 * PKCS #1, because the device then fills a block with random bytes.
 */
export function asymmetricContent(plan: ContentPlan, session: AkcipherSession): AkcipherData {
  const length = plan.resultLength === 0 ? 256 : plan.resultLength;
  return session.algorithm === 'rsa' ? rsaContent(plan, session, length) : ecContent(plan, session, length);
}

function rsaContent(plan: ContentPlan, session: AkcipherSession, length: number): AkcipherData {
  const { keyType, padding = 'raw', hash = 'none' } = session;
  const bits = bitsOf(session);
  if (padding === 'raw') {
    const bytes = plan.bytes % (bits / 8 + 2);
    const operation = keyType === 'public' ? 'encrypt' : 'decrypt';
    return { operation, data: noise(bytes, plan.seed), length };
  }
  const digest = noise(hash === 'none' ? plan.bytes % 60 : 32, plan.seed);
  if (keyType === 'public') {
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
    const key = privateKey(RSA_KEYS[bits], 'pkcs1');
    const signature = crypto.privateEncrypt({ key, padding: PKCS1 }, Buffer.concat([info, digest]));
    return { operation: 'verify', data: digest, signature: changed(signature, plan), length: 0 };
  }
  if (plan.highCounter) return { operation: 'sign', data: digest, length };
  // 00 02, bytes other than 0, 00, and what is encrypted.
  const block = noise(bits / 8, plan.seed).map((byte) => byte | 1);
  block.set([0, 2]);
  block[10 + (plan.bytes % (block.length - 10))] = 0;
  const key = privateKey(RSA_KEYS[bits], 'pkcs1');
  const data = crypto.publicEncrypt(
    { key: crypto.createPublicKey(key), padding: crypto.constants.RSA_NO_PADDING },
    block,
  );
  return { operation: 'decrypt', data: changed(data, plan), length };
}

function bitsOf({ key, keyType }: AkcipherSession): Bits {
  const own = ([512, 1024, 2048] as const).find((bits) => {
    const known = rsaKey(bits, keyType);
    return known.equals(key.subarray(0, known.length));
  });
  if (!own) throw new Error('The key is none of the table.');
  return own;
}

function ecContent(plan: ContentPlan, { keyType, curve }: AkcipherSession, length: number): AkcipherData {
  const digest = noise(plan.bytes % 70, plan.seed);
  if (keyType === 'private') return { operation: 'sign', data: digest, length };
  const name = curve === 'p-384' ? 'p-384' : 'p-256';
  const options = { prehash: false, lowS: false, format: 'der' } as const;
  const signature = CURVES[name].sign(digest, scalarOf(name), options);
  return { operation: 'verify', data: digest, signature: changed(signature, plan), length: 0 };
}

/** The bytes with the plan's bit changed, if there is one. */
function changed(bytes: Uint8Array, { changedBit }: ContentPlan): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const bit = changedBit % (8 * copy.length);
  if (changedBit >= 0) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
