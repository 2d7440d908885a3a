// Sessions as a reading of the specification and of docs/parameters.md makes them (5.9.7.2.1), to compare the engine's with.
import * as spec from '../../spec/crypto.ts';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  type AlgorithmName,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
} from '../../spec/names.ts';
import { AEADS, CIPHERS, HASHES, MACS } from './algorithms.ts';

export type Failure = 'err' | 'badmsg' | 'notsupp' | 'invsess';

/** A session's parameters as numbers of the wire, none of them checked. */
export interface ModelSession {
  service: number;
  opType: number;
  algo: number;
  direction: number;
  keyBytes: number;
  order: number;
  hashMode: number;
  authAlgo: number;
  authKeyBytes: number;
  /** hash_result_len or tag_len; 0 for that of the algorithm. */
  resultBytes: number;
  key: Uint8Array;
  authKey: Uint8Array;
}

export const NO_SESSION: ModelSession = {
  service: 0,
  opType: 0,
  algo: 0,
  direction: 0,
  keyBytes: 0,
  order: 0,
  hashMode: 0,
  authAlgo: 0,
  authKeyBytes: 0,
  resultBytes: 0,
  key: new Uint8Array(),
  authKey: new Uint8Array(),
};

/** The algorithm with a number, if the device offers it. */
function named<Name extends AlgorithmName>(
  table: Readonly<Record<Name, number>>,
  number: number,
  offered: readonly AlgorithmName[],
): Name | undefined {
  const names = Object.keys(table) as Name[];
  return names.find((name) => table[name] === number && offered.includes(name));
}

export const cipherNamed = (number: number, offered: readonly AlgorithmName[]): CipherAlgorithm | undefined =>
  named(CIPHER_ALGORITHMS, number, offered);
export const hashNamed = (number: number, offered: readonly AlgorithmName[]): HashAlgorithm | undefined =>
  named(HASH_ALGORITHMS, number, offered);
export const macNamed = (number: number, offered: readonly AlgorithmName[]): MacAlgorithm | undefined =>
  named(MAC_ALGORITHMS, number, offered);
export const aeadNamed = (number: number, offered: readonly AlgorithmName[]): AeadAlgorithm | undefined =>
  named(AEAD_ALGORITHMS, number, offered);

/** Services of which a device offers an algorithm. */
export function offers(service: number, offered: readonly AlgorithmName[]): boolean {
  const tables = [CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS, AEAD_ALGORITHMS];
  const table = tables[service];
  return table !== undefined && offered.some((name) => Object.hasOwn(table, name));
}

const isDirection = (value: number) => value === spec.DIRECTION_ENCRYPT || value === spec.DIRECTION_DECRYPT;

/** What keeps a session from being made, if anything does: NOTSUPP for what is not offered, ERR for what cannot be. */
export function sessionFailure(session: ModelSession, offered: readonly AlgorithmName[]): Failure | undefined {
  const { service, opType } = session;
  if (!offers(service, offered)) return 'notsupp';
  if (service === spec.SERVICE_HASH) return hashFailure(session, offered);
  if (service === spec.SERVICE_MAC) return macFailure(session, offered);
  if (service === spec.SERVICE_AEAD) return aeadFailure(session, offered);
  if (opType !== spec.SYM_OP_CIPHER && opType !== spec.SYM_OP_ALGORITHM_CHAINING) return 'notsupp';
  const failure = cipherFailure(session, offered);
  if (failure || opType === spec.SYM_OP_CIPHER) return failure;
  if (session.order !== spec.CHAIN_HASH_THEN_CIPHER && session.order !== spec.CHAIN_CIPHER_THEN_HASH) return 'err';
  switch (session.hashMode) {
    case spec.HASH_MODE_AUTH:
      return macFailure(session, offered);
    case spec.HASH_MODE_PLAIN:
    case spec.HASH_MODE_NESTED:
      return hashFailure(session, offered);
    default:
      return 'err';
  }
}

function cipherFailure({ algo, direction, keyBytes }: ModelSession, offered: readonly AlgorithmName[]) {
  const name = cipherNamed(algo, offered);
  if (!name) return 'notsupp';
  const takes = name === 'arc4' ? keyBytes >= 1 && keyBytes <= 256 : CIPHERS[name].keys.includes(keyBytes);
  return isDirection(direction) && takes ? undefined : 'err';
}

function hashFailure({ authAlgo, authKeyBytes, resultBytes }: ModelSession, offered: readonly AlgorithmName[]) {
  const name = hashNamed(authAlgo, offered);
  if (!name) return 'notsupp';
  const fits = resultBytes <= (HASHES[name] ?? Number.POSITIVE_INFINITY);
  return fits && authKeyBytes <= spec.AUTH_KEY_BYTES_MAX ? undefined : 'err';
}

function macFailure({ authAlgo, authKeyBytes, resultBytes }: ModelSession, offered: readonly AlgorithmName[]) {
  const name = macNamed(authAlgo, offered);
  if (!name) return 'notsupp';
  const { keys, bytes } = MACS[name];
  const takes = name.startsWith('hmac') ? authKeyBytes <= spec.AUTH_KEY_BYTES_MAX : keys.includes(authKeyBytes);
  return takes && resultBytes <= bytes ? undefined : 'err';
}

function aeadFailure({ algo, direction, keyBytes, resultBytes }: ModelSession, offered: readonly AlgorithmName[]) {
  const name = aeadNamed(algo, offered);
  if (!name) return 'notsupp';
  const { keys, tags } = AEADS[name];
  return isDirection(direction) && keys.includes(keyBytes) && tags.includes(resultBytes) ? undefined : 'err';
}

/** The session of a create request (5.9.7.2.1): header and fixed-length fields, then the keys. */
export function sessionOfControl(request: Uint8Array, headerBytes: number): ModelSession {
  const view = viewOf(request);
  const at = (offset: number) => view.getUint32(offset, true);
  const service = at(spec.CTRL_OPCODE) >>> 8;
  const session = { ...NO_SESSION, service };
  if (service === spec.SERVICE_CIPHER) {
    session.opType = at(spec.CTRL_SYM_OP_TYPE);
    if (session.opType === spec.SYM_OP_ALGORITHM_CHAINING) {
      session.order = at(spec.CTRL_CHAIN_ORDER);
      session.hashMode = at(spec.CTRL_CHAIN_HASH_MODE);
      session.algo = at(spec.CTRL_CHAIN_CIPHER_ALGO);
      session.keyBytes = at(spec.CTRL_CHAIN_CIPHER_KEY_LEN);
      session.direction = at(spec.CTRL_CHAIN_CIPHER_OP);
      session.authAlgo = at(spec.CTRL_CHAIN_AUTH_ALGO);
      session.resultBytes = at(spec.CTRL_CHAIN_RESULT_LEN);
      if (session.hashMode !== spec.HASH_MODE_PLAIN) session.authKeyBytes = at(spec.CTRL_CHAIN_AUTH_KEY_LEN);
    } else {
      session.algo = at(spec.CTRL_CIPHER_ALGO);
      session.keyBytes = at(spec.CTRL_CIPHER_KEY_LEN);
      session.direction = at(spec.CTRL_CIPHER_OP);
    }
  } else if (service === spec.SERVICE_AEAD) {
    session.algo = at(spec.CTRL_AEAD_ALGO);
    session.keyBytes = at(spec.CTRL_AEAD_KEY_LEN);
    session.resultBytes = at(spec.CTRL_AEAD_TAG_LEN);
    session.direction = at(spec.CTRL_AEAD_OP);
  } else {
    session.authAlgo = at(spec.CTRL_AUTH_ALGO);
    session.resultBytes = at(spec.CTRL_AUTH_RESULT_LEN);
    if (service === spec.SERVICE_MAC) session.authKeyBytes = at(spec.CTRL_AUTH_KEY_LEN);
  }
  return withKeys(session, request.subarray(headerBytes));
}

/** The session of a stateless request (5.9.7): header and fixed-length fields, then the keys. */
export function sessionOfRequest(request: Uint8Array, headerBytes: number): ModelSession {
  const view = viewOf(request);
  const at = (offset: number) => view.getUint32(offset, true);
  const service = at(spec.DATA_OPCODE) >>> 8;
  const session = { ...NO_SESSION, service };
  if (service === spec.SERVICE_CIPHER) {
    session.opType = at(spec.STATELESS_SYM_OP_TYPE);
    if (session.opType === spec.SYM_OP_ALGORITHM_CHAINING) {
      session.order = at(spec.STATELESS_CHAIN_ORDER);
      session.algo = at(spec.STATELESS_CHAIN_CIPHER_ALGO);
      session.keyBytes = at(spec.STATELESS_CHAIN_CIPHER_KEY_LEN);
      session.direction = at(spec.STATELESS_CHAIN_CIPHER_OP);
      session.authAlgo = at(spec.STATELESS_CHAIN_AUTH_ALGO);
      session.hashMode = at(spec.STATELESS_CHAIN_HASH_MODE);
      if (session.hashMode !== spec.HASH_MODE_PLAIN) session.authKeyBytes = at(spec.STATELESS_CHAIN_AUTH_KEY_LEN);
    } else {
      session.algo = at(spec.STATELESS_CIPHER_ALGO);
      session.keyBytes = at(spec.STATELESS_CIPHER_KEY_LEN);
      session.direction = at(spec.STATELESS_CIPHER_OP);
    }
  } else if (service === spec.SERVICE_AEAD) {
    session.algo = at(spec.STATELESS_AEAD_ALGO);
    session.keyBytes = at(spec.STATELESS_AEAD_KEY_LEN);
    session.direction = at(spec.STATELESS_AEAD_OP);
    session.resultBytes = at(spec.STATELESS_AEAD_TAG_LEN);
  } else if (service === spec.SERVICE_HASH) {
    session.authAlgo = at(spec.STATELESS_HASH_ALGO);
  } else {
    session.authAlgo = at(spec.STATELESS_MAC_ALGO);
    session.authKeyBytes = at(spec.STATELESS_MAC_KEY_LEN);
  }
  return withKeys(session, request.subarray(headerBytes));
}

function withKeys(session: ModelSession, content: Uint8Array): ModelSession {
  const { keyBytes, authKeyBytes } = session;
  return {
    ...session,
    key: content.slice(0, keyBytes),
    authKey: content.slice(keyBytes, keyBytes + authKeyBytes),
  };
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
