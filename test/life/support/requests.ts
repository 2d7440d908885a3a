// The requests of a life: four kinds of sessions, and what node:crypto makes of their requests.
import { aeadOperation, authOperation, cipherOperation, type OperationChain } from '../../../src/driver/operations.ts';
import type { AeadSession, CipherSession, MacSession } from '../../../src/driver/sessions.ts';
import { noise } from '../../support/memory.ts';
import { cipherResult, macResult, sealed } from '../../support/oracle.ts';

/** Lengths of sources. */
export const SIZES = [16, 64, 256, 1024] as const;
/** Keys that a life has. */
export const KEYS = 4;

const MAC_BYTES = 32;
const TAG_BYTES = 16;

/** A kind of session: which algorithm it is for. */
interface Kind {
  ivBytes: number;
  session(key: Uint8Array): CipherSession | AeadSession | MacSession;
  result(key: Uint8Array, iv: Uint8Array, source: Uint8Array): Uint8Array;
}

const KINDS: readonly Kind[] = [
  {
    ivBytes: 16,
    session: (key) => ({ service: 'cipher', algorithm: 'aes-cbc', direction: 'encrypt', key }),
    result: (key, iv, source) => cipherResult('aes-cbc', 'encrypt', key, iv, source),
  },
  {
    ivBytes: 12,
    session: (key) => ({ service: 'aead', algorithm: 'gcm', direction: 'encrypt', key, tagLength: TAG_BYTES }),
    result: (key, iv, source) => sealed('gcm', key, iv, new Uint8Array(), source, TAG_BYTES),
  },
  {
    ivBytes: 0,
    session: (key) => ({ service: 'mac', algorithm: 'hmac-sha-256', key, length: MAC_BYTES }),
    result: (key, _iv, source) => macResult('hmac-sha-256', key, source, MAC_BYTES),
  },
  {
    ivBytes: 16,
    session: (key) => ({ service: 'cipher', algorithm: 'aes-ctr', direction: 'encrypt', key }),
    result: (key, iv, source) => cipherResult('aes-ctr', 'encrypt', key, iv, source),
  },
];
export const KINDS_COUNT = KINDS.length;

function kindOf(kind: number): Kind {
  const found = KINDS[kind];
  if (!found) throw new RangeError(`There is no kind ${kind}.`);
  return found;
}

export const keyBytes = (key: number): Uint8Array => noise(16, 7000 + key);
export const ivBytes = (kind: number): number => kindOf(kind).ivBytes;
export const parametersOf = (kind: number, key: number) => kindOf(kind).session(keyBytes(key));

export function resultOf(kind: number, key: number, iv: Uint8Array, source: Uint8Array): Uint8Array {
  return kindOf(kind).result(keyBytes(key), iv, source);
}

/** A request in the legacy layout: the header first among its readable parts, the status last among its writable ones. */
export function operationOf(kind: number, session: bigint, iv: Uint8Array, data: Uint8Array): OperationChain {
  const mode = { revision1: false, statelessLayout: false, session };
  const parameters = parametersOf(kind, 0);
  switch (parameters.service) {
    case 'cipher':
      return cipherOperation(parameters, { iv, data }, mode);
    case 'aead':
      return aeadOperation(parameters, { iv, data }, mode);
    case 'mac':
      return authOperation(parameters, data, MAC_BYTES, mode);
  }
}
