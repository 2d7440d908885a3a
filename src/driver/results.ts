import type { HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';

/** Lengths of hashes and MACs in bytes. SHAKE gives any length: here it is twice its strength. */
const RESULT_BYTES: Record<HashAlgorithm | MacAlgorithm, number> = {
  md5: 16,
  sha1: 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
  'sha3-224': 28,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64,
  shake128: 32,
  shake256: 64,
  'hmac-md5': 16,
  'hmac-sha1': 20,
  'hmac-sha-224': 28,
  'hmac-sha-256': 32,
  'hmac-sha-384': 48,
  'hmac-sha-512': 64,
  'cmac-3des': 8,
  'cmac-aes': 16,
  'kasumi-f9': 4,
  'snow3g-uia2': 4,
  'gmac-aes': 16,
  'gmac-twofish': 16,
  'cbcmac-aes': 16,
  'cbcmac-kasumi-f9': 8,
  'xcbc-aes': 16,
  'zuc-eia3': 4,
};

/** The default length of an algorithm's result in bytes. */
export function resultBytes(algorithm: HashAlgorithm | MacAlgorithm): number {
  return RESULT_BYTES[algorithm];
}

/** Several pieces as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
