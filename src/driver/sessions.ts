// Sessions as a driver asks for them (5.9.7.2.1), in both layouts.
import * as spec from '../../spec/crypto.ts';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
  SERVICES,
  type ServiceName,
} from '../../spec/names.ts';
import { resultBytes } from './results.ts';
import { type Direction, directionNumber, type Field, fieldsOf } from './wire.ts';

export type ChainOrder = 'cipher-then-hash' | 'hash-then-cipher';

/** What a chain hashes with: a hash, a MAC, or a hash nested in itself with a key as prefix of both. */
export type ChainHash =
  | { mode: 'plain'; algorithm: HashAlgorithm; resultLength?: number }
  | { mode: 'auth'; algorithm: MacAlgorithm; key: Uint8Array; resultLength?: number }
  | { mode: 'nested'; algorithm: HashAlgorithm; key: Uint8Array; resultLength?: number };

export interface CipherSession {
  service: 'cipher';
  algorithm: CipherAlgorithm;
  direction: Direction;
  key: Uint8Array;
}

export interface HashSession {
  service: 'hash';
  algorithm: HashAlgorithm;
  /** hash_result_len. Default: the algorithm's own. */
  length?: number;
}

export interface MacSession {
  service: 'mac';
  algorithm: MacAlgorithm;
  key: Uint8Array;
  /** hash_result_len. Default: the algorithm's own. */
  length?: number;
}

export interface AeadSession {
  service: 'aead';
  algorithm: AeadAlgorithm;
  direction: Direction;
  key: Uint8Array;
  /** Default 16. */
  tagLength?: number;
  aadLength?: number;
}

export interface ChainSession {
  service: 'chain';
  order: ChainOrder;
  direction: Direction;
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array };
  hash: ChainHash;
  aadLength?: number;
}

export type SessionParameters = CipherSession | HashSession | MacSession | AeadSession | ChainSession;

export const CHAIN_ORDERS = {
  'hash-then-cipher': spec.CHAIN_HASH_THEN_CIPHER,
  'cipher-then-hash': spec.CHAIN_CIPHER_THEN_HASH,
} as const;
export const HASH_MODES = {
  plain: spec.HASH_MODE_PLAIN,
  auth: spec.HASH_MODE_AUTH,
  nested: spec.HASH_MODE_NESTED,
} as const;

/** Numbers of a chain's order, mode and algorithm. */
export function chainNumbers({ order, hash }: Pick<ChainSession, 'order' | 'hash'>): {
  order: number;
  mode: number;
  hash: number;
} {
  return {
    order: CHAIN_ORDERS[order],
    mode: HASH_MODES[hash.mode],
    hash: hash.mode === 'auth' ? MAC_ALGORITHMS[hash.algorithm] : HASH_ALGORITHMS[hash.algorithm],
  };
}

/** The service whose opcodes a session uses: a chain is of CIPHER. */
export function serviceOf(parameters: Pick<SessionParameters, 'service'>): ServiceName {
  return parameters.service === 'chain' ? 'cipher' : parameters.service;
}

/** A session's keys in the order of the wire. */
export function sessionKeys(parameters: SessionParameters): Uint8Array[] {
  if (parameters.service === 'hash') return [];
  if (parameters.service !== 'chain') return [parameters.key];
  const { cipher, hash } = parameters;
  return hash.mode === 'plain' ? [cipher.key] : [cipher.key, hash.key];
}

/** VIRTIO_CRYPTO_*_CREATE_SESSION: header and fixed-length fields; the keys follow as buffers of their own. */
export function createSessionHeader(parameters: SessionParameters, revision1: boolean): Uint8Array {
  const service = SERVICES[serviceOf(parameters)];
  const opcode: Field = [spec.CTRL_OPCODE, (service << 8) | spec.OP_CREATE_SESSION];
  const { bytes, fields } = sessionFields(parameters);
  return fieldsOf(revision1 ? bytes : spec.CTRL_LEGACY_BYTES, [opcode, ...fields]);
}

function sessionFields(parameters: SessionParameters): { bytes: number; fields: Field[] } {
  switch (parameters.service) {
    case 'cipher': {
      const algo = CIPHER_ALGORITHMS[parameters.algorithm];
      return {
        bytes: spec.CTRL_SYM_BYTES,
        fields: [
          [spec.CTRL_ALGO, algo],
          [spec.CTRL_CIPHER_ALGO, algo],
          [spec.CTRL_CIPHER_KEY_LEN, parameters.key.length],
          [spec.CTRL_CIPHER_OP, directionNumber(parameters.direction)],
          [spec.CTRL_SYM_OP_TYPE, spec.SYM_OP_CIPHER],
        ],
      };
    }
    case 'chain':
      return { bytes: spec.CTRL_SYM_BYTES, fields: chainFields(parameters) };
    case 'aead': {
      const algo = AEAD_ALGORITHMS[parameters.algorithm];
      return {
        bytes: spec.CTRL_AEAD_BYTES,
        fields: [
          [spec.CTRL_ALGO, algo],
          [spec.CTRL_AEAD_ALGO, algo],
          [spec.CTRL_AEAD_KEY_LEN, parameters.key.length],
          [spec.CTRL_AEAD_TAG_LEN, parameters.tagLength ?? 16],
          [spec.CTRL_AEAD_AAD_LEN, parameters.aadLength ?? 0],
          [spec.CTRL_AEAD_OP, directionNumber(parameters.direction)],
        ],
      };
    }
    default: {
      const { algorithm, service } = parameters;
      const algo = service === 'mac' ? MAC_ALGORITHMS[algorithm] : HASH_ALGORITHMS[algorithm];
      const fields: Field[] = [
        [spec.CTRL_ALGO, algo],
        [spec.CTRL_AUTH_ALGO, algo],
        [spec.CTRL_AUTH_RESULT_LEN, parameters.length ?? resultBytes(algorithm)],
      ];
      if (service === 'hash') return { bytes: spec.CTRL_HASH_BYTES, fields };
      return { bytes: spec.CTRL_MAC_BYTES, fields: [...fields, [spec.CTRL_AUTH_KEY_LEN, parameters.key.length]] };
    }
  }
}

function chainFields(parameters: ChainSession): Field[] {
  const { cipher, hash, direction } = parameters;
  const numbers = chainNumbers(parameters);
  const algo = CIPHER_ALGORITHMS[cipher.algorithm];
  return [
    [spec.CTRL_ALGO, algo],
    [spec.CTRL_CHAIN_ORDER, numbers.order],
    [spec.CTRL_CHAIN_HASH_MODE, numbers.mode],
    [spec.CTRL_CHAIN_CIPHER_ALGO, algo],
    [spec.CTRL_CHAIN_CIPHER_KEY_LEN, cipher.key.length],
    [spec.CTRL_CHAIN_CIPHER_OP, directionNumber(direction)],
    [spec.CTRL_CHAIN_AUTH_ALGO, numbers.hash],
    [spec.CTRL_CHAIN_RESULT_LEN, hash.resultLength ?? resultBytes(hash.algorithm)],
    [spec.CTRL_CHAIN_AUTH_KEY_LEN, hash.mode === 'plain' ? 0 : hash.key.length],
    [spec.CTRL_CHAIN_AAD_LEN, parameters.aadLength ?? 0],
    [spec.CTRL_SYM_OP_TYPE, spec.SYM_OP_ALGORITHM_CHAINING],
  ];
}

/** VIRTIO_CRYPTO_*_DESTROY_SESSION. */
export function destroySessionHeader(service: ServiceName, id: bigint, revision1: boolean): Uint8Array {
  const bytes = fieldsOf(revision1 ? spec.CTRL_DESTROY_BYTES : spec.CTRL_LEGACY_BYTES, [
    [spec.CTRL_OPCODE, (SERVICES[service] << 8) | spec.OP_DESTROY_SESSION],
  ]);
  new DataView(bytes.buffer).setBigUint64(spec.CTRL_DESTROY_SESSION_ID, id, true);
  return bytes;
}
