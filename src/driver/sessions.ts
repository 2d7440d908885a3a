// Requests of a driver for sessions (5.9.7.2.1), in both layouts.
import * as spec from '../../spec/crypto.ts';
import {
  AEAD_SESSION,
  CHAIN_SESSION,
  CIPHER_SESSION,
  DESTROY_SESSION,
  ECDSA_SESSION,
  HASH_SESSION,
  MAC_SESSION,
  RSA_SESSION,
} from '../../spec/layouts.ts';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  AKCIPHER_ALGORITHMS,
  type AkcipherAlgorithm,
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

/**
 * The hash of a chain (5.9.7.2.1.3): 'plain' is a hash; 'auth' a MAC with its key; 'nested' a hash over the key and an inner hash, which is
 * over the key and the message. `resultLength` is hash_result_len in bytes. Default: the algorithm's own length.
 */
export type ChainHash =
  | { mode: 'plain'; algorithm: HashAlgorithm; resultLength?: number }
  | { mode: 'auth'; algorithm: MacAlgorithm; key: Uint8Array; resultLength?: number }
  | { mode: 'nested'; algorithm: HashAlgorithm; key: Uint8Array; resultLength?: number };

/** A session of one cipher (5.9.7.2.1.3). */
export interface CipherSession {
  service: 'cipher';
  algorithm: CipherAlgorithm;
  direction: Direction;
  /** See CipherRequest.key. */
  key: Uint8Array;
}

/** A session of a hash (5.9.7.2.1.1). */
export interface HashSession {
  service: 'hash';
  algorithm: HashAlgorithm;
  /** hash_result_len in bytes. Default: the algorithm's own. */
  length?: number;
}

/** A session of a MAC (5.9.7.2.1.2). */
export interface MacSession {
  service: 'mac';
  algorithm: MacAlgorithm;
  /** See MacRequest.key. */
  key: Uint8Array;
  /** hash_result_len in bytes. Default: the algorithm's own. */
  length?: number;
}

/** A session of an AEAD (5.9.7.2.1.4). */
export interface AeadSession {
  service: 'aead';
  algorithm: AeadAlgorithm;
  direction: Direction;
  /** See AeadRequest.key. */
  key: Uint8Array;
  /** tag_len in bytes: see AeadRequest.tagLength. Default 16. */
  tagLength?: number;
  /** aad_len in bytes. Default 0. */
  aadLength?: number;
}

/** A session of algorithm chaining (5.9.7.2.1.3). */
export interface ChainSession {
  service: 'chain';
  order: ChainOrder;
  direction: Direction;
  /** The key as in CipherRequest. */
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array };
  hash: ChainHash;
  /** aad_len in bytes. Default 0. */
  aadLength?: number;
}

export type KeyType = 'public' | 'private';
export type RsaPadding = 'raw' | 'pkcs1';
/** A hash of an RSA signature; 'none' signs a value as it stands. */
export type RsaHash = 'none' | 'md2' | 'md3' | 'md4' | 'md5' | 'sha1' | 'sha-256' | 'sha-384' | 'sha-512' | 'sha-224';

/** A curve of ECDSA. */
export type EcdsaCurve = 'p-192' | 'p-224' | 'p-256' | 'p-384' | 'p-521';

/** A session of an asymmetric algorithm (5.9.7.2.1). */
export interface AkcipherSession {
  service: 'akcipher';
  algorithm: AkcipherAlgorithm;
  keyType: KeyType;
  /** See AkcipherOptions.key. */
  key: Uint8Array;
  /** Of RSA. Default 'raw'. */
  padding?: RsaPadding;
  /** Of RSA. Default 'none'. */
  hash?: RsaHash;
  /** Of ECDSA. Default 'p-256'. */
  curve?: EcdsaCurve;
}

/** The parameters of a session, by service. */
export type SessionParameters = CipherSession | HashSession | MacSession | AeadSession | ChainSession | AkcipherSession;

/** The parameters of a session whose requests run in the engine. */
export type SymmetricSession = Exclude<SessionParameters, AkcipherSession>;

export const KEY_TYPES: Readonly<Record<KeyType, number>> = {
  public: spec.AKCIPHER_KEY_PUBLIC,
  private: spec.AKCIPHER_KEY_PRIVATE,
};
export const RSA_PADDINGS: Readonly<Record<RsaPadding, number>> = {
  raw: spec.RSA_RAW_PADDING,
  pkcs1: spec.RSA_PKCS1_PADDING,
};
/** VIRTIO_CRYPTO_RSA_*, in the order of their numbers. */
export const RSA_HASHES: Readonly<Record<RsaHash, number>> = {
  none: 0,
  md2: 1,
  md3: 2,
  md4: 3,
  md5: 4,
  sha1: 5,
  'sha-256': 6,
  'sha-384': 7,
  'sha-512': 8,
  'sha-224': 9,
};

/** VIRTIO_CRYPTO_CURVE_NIST_*. */
export const ECDSA_CURVES: Readonly<Record<EcdsaCurve, number>> = {
  'p-192': 1,
  'p-224': 2,
  'p-256': 3,
  'p-384': 4,
  'p-521': 5,
};

export const CHAIN_ORDERS = {
  'hash-then-cipher': spec.CHAIN_HASH_THEN_CIPHER,
  'cipher-then-hash': spec.CHAIN_CIPHER_THEN_HASH,
} as const;
export const HASH_MODES = {
  plain: spec.HASH_MODE_PLAIN,
  auth: spec.HASH_MODE_AUTH,
  nested: spec.HASH_MODE_NESTED,
} as const;

/** The specification's numbers of a chain's order, hash mode and hash algorithm. */
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

/** The service whose opcodes a session uses. A chain uses those of CIPHER. */
export function serviceOf(parameters: Pick<SessionParameters, 'service'>): ServiceName {
  return parameters.service === 'chain' ? 'cipher' : parameters.service;
}

/**
 * A request to create a session (5.9.7.2.1). Its readable parts are the keys.
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
    case 'akcipher':
      return createAkcipherSession(parameters, revision1);
  }
}

function createAkcipherSession(parameters: AkcipherSession, revision1: boolean): EncodedRequest {
  const { algorithm, keyType, key, padding = 'raw', hash = 'none', curve = 'p-256' } = parameters;
  const algo = AKCIPHER_ALGORITHMS[algorithm];
  const header = { opcode: spec.AKCIPHER_CREATE_SESSION, algo };
  const fields = { algo, key_type: KEY_TYPES[keyType] };
  if (algorithm === 'ecdsa') {
    return encode(ECDSA_SESSION, revision1, {
      header,
      fields: { ...fields, 'algo_flf.curve_id': ECDSA_CURVES[curve] },
      readable: { key },
    });
  }
  return encode(RSA_SESSION, revision1, {
    header,
    fields: { ...fields, 'algo_flf.padding_algo': RSA_PADDINGS[padding], 'algo_flf.hash_algo': RSA_HASHES[hash] },
    readable: { key },
  });
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

/** The keys of a chain by their names on the wire. A plain hash has no key. */
export function chainKeys({ cipher, hash }: ChainSession): { cipher_key: Uint8Array; auth_key?: Uint8Array } {
  return hash.mode === 'plain' ? { cipher_key: cipher.key } : { cipher_key: cipher.key, auth_key: hash.key };
}

/** The header of VIRTIO_CRYPTO_*_DESTROY_SESSION (5.9.7.2.1). */
export function destroySessionHeader(service: ServiceName, id: bigint, revision1: boolean): Uint8Array {
  const header = { opcode: SERVICES[service].destroy };
  return encode(DESTROY_SESSION, revision1, { header, fields: { session_id: id } }).header;
}
