// Requests as a driver means them, of every service and layout: a fuzzed guest changes them, since bytes that mean nothing do not
// get far.
import * as crypto from '../../spec/crypto.ts';
import {
  aeadOperation,
  akcipherOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
} from '../../src/driver/operations.ts';
import { resultBytes } from '../../src/driver/results.ts';
import { createSessionRequest, type SessionParameters } from '../../src/driver/sessions.ts';

export interface Template {
  /** What the device may read, as one piece. */
  readable: Uint8Array;
  /** Bytes that it may write. */
  writable: number;
}

export interface RequestTemplate {
  parameters: SessionParameters;
  /** Create-session requests: legacy, REVISION_1. */
  create: readonly [Template, Template];
  /** Requests in a session: legacy, REVISION_1, stateless layout; then the one in stateless mode. */
  run: readonly [Template, Template, Template, Template];
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);
const key = bytes(16);
const cipher = (algorithm: 'aes-cbc' | 'aes-ctr' | 'aes-ecb' | 'aes-f8' | '3des-cbc' | 'kasumi-f8', keyBytes = 16) =>
  ({ service: 'cipher', algorithm, direction: 'encrypt', key: bytes(keyBytes) }) as const;

/** RSAPublicKey with a modulus of 512 bits, and 65537. */
const RSA_KEY = Uint8Array.of(0x30, 0x47, 0x02, 0x40, 0xd5, ...bytes(62), 0x9b, 0x02, 0x03, 0x01, 0x00, 0x01);

/** The base point of P-256, as a public key. */
const EC_KEY = Uint8Array.from(
  Buffer.from(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  ),
);
/** ECPrivateKey of 1. */
const EC_PRIVATE_KEY = Uint8Array.of(0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20, ...new Uint8Array(31), 1);

const PARAMETERS: readonly SessionParameters[] = [
  cipher('aes-cbc'),
  { ...cipher('aes-cbc', 32), direction: 'decrypt' },
  cipher('aes-ctr', 24),
  cipher('aes-ecb'),
  { service: 'cipher', algorithm: 'aes-xts', direction: 'encrypt', key: bytes(32) },
  { service: 'cipher', algorithm: 'snow3g-uea2', direction: 'encrypt', key },
  { service: 'cipher', algorithm: 'zuc-eea3', direction: 'decrypt', key },
  cipher('aes-f8', 32),
  cipher('3des-cbc', 24),
  cipher('kasumi-f8'),
  { service: 'mac', algorithm: 'cmac-aes', key },
  { service: 'mac', algorithm: 'hmac-sha-256', key },
  { service: 'mac', algorithm: 'gmac-aes', key },
  { service: 'hash', algorithm: 'sha-256' },
  { service: 'hash', algorithm: 'sha3-256' },
  { service: 'aead', algorithm: 'gcm', direction: 'encrypt', key, aadLength: 8 },
  { service: 'aead', algorithm: 'gcm', direction: 'decrypt', key, aadLength: 8 },
  { service: 'aead', algorithm: 'ccm', direction: 'encrypt', key, aadLength: 8 },
  { service: 'aead', algorithm: 'chacha20-poly1305', direction: 'decrypt', key: bytes(32), aadLength: 8 },
  {
    service: 'chain',
    order: 'cipher-then-hash',
    direction: 'encrypt',
    cipher: { algorithm: 'aes-cbc', key },
    hash: { mode: 'auth', algorithm: 'cmac-aes', key: bytes(32) },
  },
  {
    service: 'chain',
    order: 'hash-then-cipher',
    direction: 'decrypt',
    cipher: { algorithm: 'aes-ctr', key },
    hash: { mode: 'nested', algorithm: 'sha-256', key },
  },
  { service: 'akcipher', algorithm: 'rsa', keyType: 'public', key: RSA_KEY },
  { service: 'akcipher', algorithm: 'rsa', keyType: 'public', key: RSA_KEY, padding: 'pkcs1', hash: 'sha-256' },
  { service: 'akcipher', algorithm: 'ecdsa', keyType: 'public', key: EC_KEY, curve: 'p-256' },
  { service: 'akcipher', algorithm: 'ecdsa', keyType: 'private', key: EC_PRIVATE_KEY, curve: 'p-256' },
];

export const TEMPLATES: readonly RequestTemplate[] = PARAMETERS.map((parameters) => ({
  parameters,
  create: [createTemplate(parameters, false), createTemplate(parameters, true)],
  run: [
    templateOf(operation(parameters, { revision1: false, statelessLayout: false, session: 0n })),
    templateOf(operation(parameters, { revision1: true, statelessLayout: false, session: 0n })),
    templateOf(operation(parameters, { revision1: true, statelessLayout: true, session: 0n })),
    templateOf(operation(parameters, { revision1: true, statelessLayout: true })),
  ],
}));

function createTemplate(parameters: SessionParameters, revision1: boolean): Template {
  const { header, readable: keys } = createSessionRequest(parameters, revision1);
  return templateOf({ readable: [header, ...keys], writable: [crypto.CREATE_INPUT_BYTES] });
}

function templateOf({ readable, writable }: OperationChain): Template {
  return {
    readable: new Uint8Array(Buffer.concat(readable)),
    writable: writable.reduce((sum, length) => sum + length, 0),
  };
}

function operation(parameters: SessionParameters, mode: RequestMode): OperationChain {
  const data = bytes(64);
  const iv = bytes(16);
  switch (parameters.service) {
    case 'cipher':
      return cipherOperation(parameters, { iv: parameters.algorithm === 'aes-ecb' ? bytes(0) : iv, data }, mode);
    case 'hash':
    case 'mac':
      return authOperation(parameters, data, resultBytes(parameters.algorithm), mode);
    case 'aead':
      return aeadOperation(parameters, { iv: bytes(12), data: bytes(80), aad: bytes(8) }, mode);
    case 'chain':
      return chainOperation(parameters, { iv, data }, resultBytes(parameters.hash.algorithm), mode);
    case 'akcipher': {
      if (parameters.algorithm === 'ecdsa' && parameters.keyType === 'private') {
        return akcipherOperation(parameters, { operation: 'sign', data: bytes(32), length: 72 }, mode);
      }
      if (parameters.algorithm === 'rsa' && !parameters.hash)
        return akcipherOperation(parameters, { operation: 'encrypt', data, length: 64 }, mode);
      const verification = { operation: 'verify', data: bytes(32), signature: data, length: 0 } as const;
      return akcipherOperation(parameters, verification, mode);
    }
  }
}
