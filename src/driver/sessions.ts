// Sessions as a driver asks for them (5.9.7.2.1), in both layouts.
import * as spec from '../../spec/crypto.ts';
import {
  AEAD_SESSION,
  CHAIN_SESSION,
  CIPHER_SESSION,
  DESTROY_SESSION,
  HASH_SESSION,
  MAC_SESSION,
} from '../../spec/layouts.ts';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
} from '../../spec/names.ts';
import { SERVICES, type ServiceName } from '../../spec/services.ts';
import { type EncodedRequest, encode } from './encode.ts';
import { resultBytes } from './results.ts';
import { type Direction, directionNumber } from './wire.ts';

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

/**
 * A request to create a session (5.9.7.2.1); its readable parts are the keys.
 * @param revision1 whether VIRTIO_CRYPTO_F_REVISION_1 was negotiated
 */
export function createSessionRequest(parameters: SessionParameters, revision1: boolean): EncodedRequest {
  switch (parameters.service) {
    case 'cipher': {
      const algo = CIPHER_ALGORITHMS[parameters.algorithm];
      return encode(CIPHER_SESSION, revision1, {
        header: { opcode: spec.CIPHER_CREATE_SESSION, algo },
        fields: { algo, op: directionNumber(parameters.direction), op_type: spec.SYM_OP_CIPHER },
        readable: { cipher_key: parameters.key },
      });
    }
    case 'hash': {
      const algo = HASH_ALGORITHMS[parameters.algorithm];
      return encode(HASH_SESSION, revision1, {
        header: { opcode: spec.HASH_CREATE_SESSION, algo },
        fields: { algo, hash_result_len: parameters.length ?? resultBytes(parameters.algorithm) },
      });
    }
    case 'mac': {
      const algo = MAC_ALGORITHMS[parameters.algorithm];
      return encode(MAC_SESSION, revision1, {
        header: { opcode: spec.MAC_CREATE_SESSION, algo },
        fields: { algo, hash_result_len: parameters.length ?? resultBytes(parameters.algorithm) },
        readable: { auth_key: parameters.key },
      });
    }
    case 'aead': {
      const { algorithm, direction, key, tagLength = 16, aadLength = 0 } = parameters;
      const algo = AEAD_ALGORITHMS[algorithm];
      return encode(AEAD_SESSION, revision1, {
        header: { opcode: spec.AEAD_CREATE_SESSION, algo },
        fields: { algo, tag_len: tagLength, aad_len: aadLength, op: directionNumber(direction) },
        readable: { key },
      });
    }
    case 'chain':
      return createChainSession(parameters, revision1);
  }
}

function createChainSession(parameters: ChainSession, revision1: boolean): EncodedRequest {
  const { cipher, hash, direction, aadLength = 0 } = parameters;
  const numbers = chainNumbers(parameters);
  const algo = CIPHER_ALGORITHMS[cipher.algorithm];
  return encode(CHAIN_SESSION, revision1, {
    header: { opcode: spec.CIPHER_CREATE_SESSION, algo },
    fields: {
      alg_chain_order: numbers.order,
      hash_mode: numbers.mode,
      'cipher_hdr.algo': algo,
      'cipher_hdr.op': directionNumber(direction),
      'algo_flf.algo': numbers.hash,
      'algo_flf.hash_result_len': hash.resultLength ?? resultBytes(hash.algorithm),
      aad_len: aadLength,
      op_type: spec.SYM_OP_ALGORITHM_CHAINING,
    },
    readable: chainKeys(parameters),
  });
}

/** The keys of a chain by their names on the wire: a plain hash has none. */
export function chainKeys({ cipher, hash }: ChainSession): { cipher_key: Uint8Array; auth_key?: Uint8Array } {
  return hash.mode === 'plain' ? { cipher_key: cipher.key } : { cipher_key: cipher.key, auth_key: hash.key };
}

/** VIRTIO_CRYPTO_*_DESTROY_SESSION. */
export function destroySessionHeader(service: ServiceName, id: bigint, revision1: boolean): Uint8Array {
  const header = { opcode: SERVICES[service].destroy };
  return encode(DESTROY_SESSION, revision1, { header, fields: { session_id: id } }).header;
}
