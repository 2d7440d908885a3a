import type { AlgorithmName } from '../../spec/names.ts';

/** Content bytes from which a request of an algorithm goes elsewhere; an algorithm that is left out never does. */
export type Thresholds = Readonly<Partial<Record<AlgorithmName, number>>>;

/** All that the host can do, whatever its size: for those who want the host and nothing else. */
export const EVERY_SIZE: Thresholds = {
  'aes-ecb': 1,
  'aes-cbc': 1,
  'aes-ctr': 1,
  'aes-xts': 1,
  gcm: 1,
  'chacha20-poly1305': 1,
  md5: 1,
  sha1: 1,
  'sha-224': 1,
  'sha-256': 1,
  'sha-384': 1,
  'sha-512': 1,
  'sha3-224': 1,
  'sha3-256': 1,
  'sha3-384': 1,
  'sha3-512': 1,
  'hmac-md5': 1,
  'hmac-sha1': 1,
  'hmac-sha-224': 1,
  'hmac-sha-256': 1,
  'hmac-sha-384': 1,
  'hmac-sha-512': 1,
};
