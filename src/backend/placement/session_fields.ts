import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AlgorithmName } from '../../../spec/names.ts';
import { recordOf, SERVED, SERVICES, type ServiceName } from '../../../spec/services.ts';

/** The names of a session's algorithms, and its direction. */
export interface SessionAlgorithms {
  /** A cipher or an AEAD, if the session has one. */
  cipher: AlgorithmName | undefined;
  /** A hash or a MAC, if the session has one. A `nested` hash has no name, so this is undefined. */
  digest: AlgorithmName | undefined;
  decrypts: boolean;
}

/** The algorithms of each service by their numbers. */
const NAMES = recordOf(SERVED, (service) => {
  const algorithms = Object.entries(SERVICES[service].algorithms);
  return new Map<number, AlgorithmName>(algorithms.map(([name, number]) => [number, name as AlgorithmName]));
});

/**
 * Reads the algorithms and the direction of a session.
 * @param memory a view of the whole memory that the session lies in
 * @param session the session's offset in that memory
 */
export function sessionAlgorithms(memory: DataView, session: number): SessionAlgorithms {
  const field = (offset: number) => memory.getUint32(session + offset, true);
  const algorithm = (service: ServiceName) => NAMES[service].get(field(SERVICES[service].sessionAlgorithm));
  const decrypts = field(spec.SESSION_DIRECTION) === crypto.DIRECTION_DECRYPT;
  const service = SERVED.find((name) => SERVICES[name].number === field(spec.SESSION_SERVICE));
  if (service === undefined) return { cipher: undefined, digest: undefined, decrypts };
  const own = algorithm(service);
  if (SERVICES[service].sessionAlgorithm === spec.SESSION_AUTH_ALGO)
    return { cipher: undefined, digest: own, decrypts };
  const chained = service === 'cipher' && field(spec.SESSION_OP_TYPE) === crypto.SYM_OP_ALGORITHM_CHAINING;
  if (!chained) return { cipher: own, digest: undefined, decrypts };
  switch (field(spec.SESSION_HASH_MODE)) {
    case crypto.HASH_MODE_PLAIN:
      return { cipher: own, digest: algorithm('hash'), decrypts };
    case crypto.HASH_MODE_AUTH:
      return { cipher: own, digest: algorithm('mac'), decrypts };
  }
  return { cipher: own, digest: undefined, decrypts };
}
