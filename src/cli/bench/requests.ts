// A workload's session and its requests, as the reference driver writes them.
import {
  aeadOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
} from '../../driver/operations.ts';
import { resultBytes } from '../../driver/results.ts';
import type { SymmetricSession } from '../../driver/sessions.ts';
import type { Workload, WorkloadRequest } from './workload.ts';

/** What the workload's session is made of. */
export function sessionOf({ case: item, key, macKey }: Workload): SymmetricSession {
  switch (item.service) {
    case 'cipher':
      return { service: 'cipher', algorithm: item.algorithm, direction: item.direction, key };
    case 'aead':
      return { service: 'aead', algorithm: item.algorithm, direction: item.direction, key };
    case 'hash':
      return { service: 'hash', algorithm: item.algorithm };
    case 'mac':
      return { service: 'mac', algorithm: item.algorithm, key };
    case 'chain':
      return {
        service: 'chain',
        order: 'cipher-then-hash',
        direction: 'encrypt',
        cipher: { algorithm: item.algorithm, key },
        hash: { mode: 'auth', algorithm: item.mac, key: macKey },
      };
  }
}

/** A request of the workload in its session, in the layout of the drivers in the field. */
export function operationOf(workload: Workload, { iv, source }: WorkloadRequest, session: bigint): OperationChain {
  const mode: RequestMode = { revision1: false, statelessLayout: false, session };
  const parameters = sessionOf(workload);
  const content = { iv, data: source };
  switch (parameters.service) {
    case 'cipher':
      return cipherOperation(parameters, content, mode);
    case 'aead':
      return aeadOperation(parameters, content, mode);
    case 'chain':
      return chainOperation(parameters, content, resultBytes(parameters.hash.algorithm), mode);
    default:
      return authOperation(parameters, source, resultBytes(parameters.algorithm), mode);
  }
}
