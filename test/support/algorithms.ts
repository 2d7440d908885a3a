// What the algorithms take, as docs/parameters.md has it: keys, IVs, lengths.
import {
  type AeadAlgorithm,
  AKCIPHER_ALGORITHMS,
  type AlgorithmName,
  type CipherAlgorithm,
  type HashAlgorithm,
  type MacAlgorithm,
} from '../../spec/names.ts';
import { chosenAlgorithms } from '../../src/device/offer.ts';

export interface CipherShape {
  keys: readonly number[];
  iv: number;
  /** Data is a multiple of this. */
  block: number;
  /** The shortest data. Default 0. */
  least?: number;
}

const AES_KEYS = [16, 24, 32] as const;
const TDEA_KEYS = [16, 24] as const;

export const CIPHERS: Record<CipherAlgorithm, CipherShape> = {
  arc4: { keys: [1, 5, 16, 255, 256], iv: 0, block: 1 },
  'aes-ecb': { keys: AES_KEYS, iv: 0, block: 16 },
  'aes-cbc': { keys: AES_KEYS, iv: 16, block: 16 },
  'aes-ctr': { keys: AES_KEYS, iv: 16, block: 1 },
  'des-ecb': { keys: [8], iv: 0, block: 8 },
  'des-cbc': { keys: [8], iv: 8, block: 8 },
  '3des-ecb': { keys: TDEA_KEYS, iv: 0, block: 8 },
  '3des-cbc': { keys: TDEA_KEYS, iv: 8, block: 8 },
  '3des-ctr': { keys: TDEA_KEYS, iv: 8, block: 1 },
  'aes-f8': { keys: [32, 48, 64], iv: 16, block: 1 },
  'aes-xts': { keys: [32, 64], iv: 16, block: 1, least: 16 },
  'kasumi-f8': { keys: [16], iv: 8, block: 1 },
  'snow3g-uea2': { keys: [16], iv: 16, block: 1 },
  'zuc-eea3': { keys: [16], iv: 16, block: 1 },
};

/** Bytes of each hash; undefined for those that give any length. */
export const HASHES: Record<HashAlgorithm, number | undefined> = {
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
  shake128: undefined,
  shake256: undefined,
};

export interface MacShape {
  keys: readonly number[];
  /** The shortest message: with what stands at its start. */
  least: number;
  bytes: number;
}

const HMAC_KEYS = [0, 1, 20, 64, 65, 128, 129, 512] as const;
const hmac = (bytes: number): MacShape => ({ keys: HMAC_KEYS, least: 0, bytes });

export const MACS: Record<MacAlgorithm, MacShape> = {
  'hmac-md5': hmac(16),
  'hmac-sha1': hmac(20),
  'hmac-sha-224': hmac(28),
  'hmac-sha-256': hmac(32),
  'hmac-sha-384': hmac(48),
  'hmac-sha-512': hmac(64),
  'cmac-3des': { keys: TDEA_KEYS, least: 0, bytes: 8 },
  'cmac-aes': { keys: AES_KEYS, least: 0, bytes: 16 },
  'kasumi-f9': { keys: [16], least: 9, bytes: 4 },
  'snow3g-uia2': { keys: [16], least: 16, bytes: 4 },
  'gmac-aes': { keys: AES_KEYS, least: 12, bytes: 16 },
  'gmac-twofish': { keys: AES_KEYS, least: 12, bytes: 16 },
  'cbcmac-aes': { keys: AES_KEYS, least: 0, bytes: 16 },
  'cbcmac-kasumi-f9': { keys: [16], least: 0, bytes: 8 },
  'xcbc-aes': { keys: [16], least: 0, bytes: 16 },
  'zuc-eia3': { keys: [16], least: 16, bytes: 4 },
};

export interface AeadShape {
  keys: readonly number[];
  ivs: readonly number[];
  tags: readonly number[];
}

export const AEADS: Record<AeadAlgorithm, AeadShape> = {
  gcm: { keys: AES_KEYS, ivs: [12, 16], tags: [4, 8, 12, 13, 14, 15, 16] },
  ccm: { keys: AES_KEYS, ivs: [7, 8, 9, 10, 11, 12, 13], tags: [4, 6, 8, 10, 12, 14, 16] },
  'chacha20-poly1305': { keys: [32], ivs: [12], tags: [16] },
};

/** The longest data that an IV of CCM leaves room to count. */
export function longestText(algorithm: AeadAlgorithm, ivBytes: number): number {
  return algorithm === 'ccm' && ivBytes === 13 ? 65535 : Number.POSITIVE_INFINITY;
}

/** A length that a cipher takes, at most `bytes`, or its least. */
export function cipherLength(algorithm: CipherAlgorithm, bytes: number): number {
  const { block, least = 0 } = CIPHERS[algorithm];
  if (bytes < least) return least;
  return bytes - (bytes % block);
}

/** The algorithms of the services whose requests run in the engine: all but those of AKCIPHER. */
export type SymmetricName = CipherAlgorithm | HashAlgorithm | MacAlgorithm | AeadAlgorithm;

/** Whether the engine has a kernel for an algorithm. */
export const isSymmetric = (name: AlgorithmName): name is SymmetricName => !(name in AKCIPHER_ALGORITHMS);
export const SYMMETRIC: readonly SymmetricName[] = chosenAlgorithms('all').filter(isSymmetric);
