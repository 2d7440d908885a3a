import { SERVICE_CIPHER, SYM_OP_CIPHER } from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AlgorithmName } from '../../../spec/names.ts';
import { type SessionAlgorithms, sessionAlgorithms } from '../placement/session_fields.ts';

/** WebCrypto's names for what it computes as the device does. */
export const HASHES: Readonly<Partial<Record<AlgorithmName, string>>> = {
  sha1: 'SHA-1',
  'sha-256': 'SHA-256',
  'sha-384': 'SHA-384',
  'sha-512': 'SHA-512',
};
export const HMACS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  'hmac-sha1': 'SHA-1',
  'hmac-sha-256': 'SHA-256',
  'hmac-sha-384': 'SHA-384',
  'hmac-sha-512': 'SHA-512',
};
export const CIPHERS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  'aes-cbc': 'AES-CBC',
  'aes-ctr': 'AES-CTR',
  gcm: 'AES-GCM',
};
/** The lengths of AES keys that WebKit and Blink know, in bytes. */
const AES_KEY_BYTES: readonly number[] = [16, 32];

/** Whether WebCrypto computes the session's algorithm with the same result as the engine. */
export function isSubtle(memory: DataView, session: number): boolean {
  return subtleAlgorithms(memory, session) !== undefined;
}

/** The session's algorithms, if WebCrypto computes them. @param session its offset in the memory */
export function subtleAlgorithms(memory: DataView, session: number): SessionAlgorithms | undefined {
  const field = (offset: number) => memory.getUint32(session + offset, true);
  // A chain would need two calls, one after the other.
  if (field(spec.SESSION_SERVICE) === SERVICE_CIPHER && field(spec.SESSION_OP_TYPE) !== SYM_OP_CIPHER) return undefined;
  const algorithms = sessionAlgorithms(memory, session);
  const { cipher, digest } = algorithms;
  const known = cipher
    ? CIPHERS[cipher] !== undefined && AES_KEY_BYTES.includes(field(spec.SESSION_KEY_LEN))
    : digest !== undefined && (HASHES[digest] !== undefined || HMACS[digest] !== undefined);
  return known ? algorithms : undefined;
}

/** WebCrypto, if there is one. A page has it only over https, or from localhost. */
export function subtleCrypto(): SubtleCrypto | undefined {
  return globalThis.crypto?.subtle;
}
