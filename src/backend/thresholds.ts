import type { AlgorithmName } from '../../spec/names.ts';
import type { SessionAlgorithms } from './session_fields.ts';

/** Algorithms as far as their speed goes: CBC is serial in one direction alone. */
export type PacedAlgorithm = AlgorithmName | 'aes-cbc-decrypt';

/**
 * Content bytes from which a request goes elsewhere: where few are available at once, and where many are, which the engine runs side by
 * side. Left out: never.
 */
export interface Threshold {
  few?: number;
  many?: number;
}
export type ThresholdTable = Readonly<Partial<Record<PacedAlgorithm, Threshold>>>;

/** Where requests of the backend 'auto' run: in the host's own cryptography, in workers, or else in the engine. */
export interface Thresholds {
  host: ThresholdTable;
  workers: ThresholdTable;
}

const ALWAYS: Threshold = { few: 1, many: 1 };

/** All that node:crypto can do, whatever its size: for those who want it and nothing else. */
export const HOST_ALWAYS: ThresholdTable = {
  'aes-ecb': ALWAYS,
  'aes-cbc': ALWAYS,
  'aes-cbc-decrypt': ALWAYS,
  'aes-ctr': ALWAYS,
  'aes-xts': ALWAYS,
  gcm: ALWAYS,
  'chacha20-poly1305': ALWAYS,
  md5: ALWAYS,
  sha1: ALWAYS,
  'sha-224': ALWAYS,
  'sha-256': ALWAYS,
  'sha-384': ALWAYS,
  'sha-512': ALWAYS,
  'sha3-224': ALWAYS,
  'sha3-256': ALWAYS,
  'sha3-384': ALWAYS,
  'sha3-512': ALWAYS,
  'hmac-md5': ALWAYS,
  'hmac-sha1': ALWAYS,
  'hmac-sha-224': ALWAYS,
  'hmac-sha-256': ALWAYS,
  'hmac-sha-384': ALWAYS,
  'hmac-sha-512': ALWAYS,
};

const aes: Threshold = { few: 2048, many: 2048 };
const serial: Threshold = { few: 1024, many: 4096 };
const hash: Threshold = { few: 1024, many: 4096 };

/** Measured on Node 20.20, OpenSSL 3.0, an AMD EPYC with AES and SHA instructions. */
export const MEASURED: Thresholds = {
  host: {
    'aes-ecb': aes,
    'aes-cbc': serial,
    'aes-cbc-decrypt': aes,
    'aes-ctr': aes,
    'aes-xts': aes,
    gcm: aes,
    sha1: hash,
    'sha-224': hash,
    'sha-256': hash,
    'hmac-sha1': hash,
    'hmac-sha-224': hash,
    'hmac-sha-256': hash,
  },
  workers: {},
};

/** From which size on a session's requests go elsewhere; 0: never. */
export function leastBytes(
  table: ThresholdTable,
  { cipher, digest, decrypts }: SessionAlgorithms,
  many: boolean,
): number {
  const names: (PacedAlgorithm | undefined)[] = [cipher === 'aes-cbc' && decrypts ? 'aes-cbc-decrypt' : cipher, digest];
  const sizes = names
    .filter((name) => name !== undefined)
    .map((name) => (many ? table[name]?.many : table[name]?.few))
    .filter((size) => size !== undefined);
  return sizes.length > 0 ? Math.min(...sizes) : 0;
}
