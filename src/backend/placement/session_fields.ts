import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import {
  AEAD_ALGORITHMS,
  type AlgorithmName,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
} from '../../../spec/names.ts';

/** What a session asks for, by names: its cipher or AEAD, and its hash or MAC. */
export interface SessionAlgorithms {
  /** A cipher or an AEAD, if the session has one. */
  cipher: AlgorithmName | undefined;
  /** A hash or a MAC, if the session has one; `nested` hashes have a key and no name. */
  digest: AlgorithmName | undefined;
  decrypts: boolean;
}

type Names = ReadonlyMap<number, AlgorithmName>;
const byNumber = (algorithms: Readonly<Partial<Record<AlgorithmName, number>>>): Names =>
  new Map(Object.entries(algorithms).map(([name, number]) => [number, name as AlgorithmName]));

const CIPHERS = byNumber(CIPHER_ALGORITHMS);
const HASHES = byNumber(HASH_ALGORITHMS);
const MACS = byNumber(MAC_ALGORITHMS);
const AEADS = byNumber(AEAD_ALGORITHMS);

/**
 * Reads what a session asks for.
 * @param memory a view of the memory that the session lies in, from its start
 * @param session where it stands there
 */
export function sessionAlgorithms(memory: DataView, session: number): SessionAlgorithms {
  const field = (offset: number) => memory.getUint32(session + offset, true);
  const algorithm = field(spec.SESSION_ALGO);
  const digest = field(spec.SESSION_AUTH_ALGO);
  const decrypts = field(spec.SESSION_DIRECTION) === crypto.DIRECTION_DECRYPT;
  switch (field(spec.SESSION_SERVICE)) {
    case crypto.SERVICE_HASH:
      return { cipher: undefined, digest: HASHES.get(digest), decrypts };
    case crypto.SERVICE_MAC:
      return { cipher: undefined, digest: MACS.get(digest), decrypts };
    case crypto.SERVICE_AEAD:
      return { cipher: AEADS.get(algorithm), digest: undefined, decrypts };
  }
  const cipher = CIPHERS.get(algorithm);
  if (field(spec.SESSION_OP_TYPE) !== crypto.SYM_OP_ALGORITHM_CHAINING) return { cipher, digest: undefined, decrypts };
  switch (field(spec.SESSION_HASH_MODE)) {
    case crypto.HASH_MODE_PLAIN:
      return { cipher, digest: HASHES.get(digest), decrypts };
    case crypto.HASH_MODE_AUTH:
      return { cipher, digest: MACS.get(digest), decrypts };
  }
  return { cipher, digest: undefined, decrypts };
}
