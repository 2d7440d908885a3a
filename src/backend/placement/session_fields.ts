import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AlgorithmName } from '../../../spec/names.ts';
import { recordOf, SERVED, SERVICES, type ServiceName } from '../../../spec/services.ts';

/** What a session asks for, by names: its cipher or AEAD, and its hash or MAC. */
export interface SessionAlgorithms {
  /** A cipher or an AEAD, if the session has one. */
  cipher: AlgorithmName | undefined;
  /** A hash or a MAC, if the session has one; `nested` hashes have a key and no name. */
  digest: AlgorithmName | undefined;
  decrypts: boolean;
}

/** The algorithms of each service by their numbers. */
const NAMES = recordOf(SERVED, (service) => {
  const algorithms = Object.entries(SERVICES[service].algorithms);
  return new Map<number, AlgorithmName>(algorithms.map(([name, number]) => [number, name as AlgorithmName]));
});

/**
 * Reads what a session asks for.
 * @param memory a view of the memory that the session lies in, from its start
 * @param session where it stands there
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
