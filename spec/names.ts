// The names by which users of this library choose algorithms, with the specification's numbers (5.9.4). For TypeScript only.
import * as spec from './crypto.ts';

export const CIPHER_ALGORITHMS = {
  arc4: spec.CIPHER_ARC4,
  'aes-ecb': spec.CIPHER_AES_ECB,
  'aes-cbc': spec.CIPHER_AES_CBC,
  'aes-ctr': spec.CIPHER_AES_CTR,
  'des-ecb': spec.CIPHER_DES_ECB,
  'des-cbc': spec.CIPHER_DES_CBC,
  '3des-ecb': spec.CIPHER_3DES_ECB,
  '3des-cbc': spec.CIPHER_3DES_CBC,
  '3des-ctr': spec.CIPHER_3DES_CTR,
  'kasumi-f8': spec.CIPHER_KASUMI_F8,
  'snow3g-uea2': spec.CIPHER_SNOW3G_UEA2,
  'aes-f8': spec.CIPHER_AES_F8,
  'aes-xts': spec.CIPHER_AES_XTS,
  'zuc-eea3': spec.CIPHER_ZUC_EEA3,
} as const;

export const HASH_ALGORITHMS = {
  md5: spec.HASH_MD5,
  sha1: spec.HASH_SHA1,
  'sha-224': spec.HASH_SHA_224,
  'sha-256': spec.HASH_SHA_256,
  'sha-384': spec.HASH_SHA_384,
  'sha-512': spec.HASH_SHA_512,
  'sha3-224': spec.HASH_SHA3_224,
  'sha3-256': spec.HASH_SHA3_256,
  'sha3-384': spec.HASH_SHA3_384,
  'sha3-512': spec.HASH_SHA3_512,
  shake128: spec.HASH_SHAKE128,
  shake256: spec.HASH_SHAKE256,
} as const;

export const MAC_ALGORITHMS = {
  'hmac-md5': spec.MAC_HMAC_MD5,
  'hmac-sha1': spec.MAC_HMAC_SHA1,
  'hmac-sha-224': spec.MAC_HMAC_SHA_224,
  'hmac-sha-256': spec.MAC_HMAC_SHA_256,
  'hmac-sha-384': spec.MAC_HMAC_SHA_384,
  'hmac-sha-512': spec.MAC_HMAC_SHA_512,
  'cmac-3des': spec.MAC_CMAC_3DES,
  'cmac-aes': spec.MAC_CMAC_AES,
  'kasumi-f9': spec.MAC_KASUMI_F9,
  'snow3g-uia2': spec.MAC_SNOW3G_UIA2,
  'gmac-aes': spec.MAC_GMAC_AES,
  'gmac-twofish': spec.MAC_GMAC_TWOFISH,
  'cbcmac-aes': spec.MAC_CBCMAC_AES,
  'cbcmac-kasumi-f9': spec.MAC_CBCMAC_KASUMI_F9,
  'xcbc-aes': spec.MAC_XCBC_AES,
  'zuc-eia3': spec.MAC_ZUC_EIA3,
} as const;

export const AEAD_ALGORITHMS = {
  gcm: spec.AEAD_GCM,
  ccm: spec.AEAD_CCM,
  'chacha20-poly1305': spec.AEAD_CHACHA20_POLY1305,
} as const;

export const AKCIPHER_ALGORITHMS = {
  rsa: spec.AKCIPHER_RSA,
  ecdsa: spec.AKCIPHER_ECDSA,
} as const;

export type CipherAlgorithm = keyof typeof CIPHER_ALGORITHMS;
export type HashAlgorithm = keyof typeof HASH_ALGORITHMS;
export type MacAlgorithm = keyof typeof MAC_ALGORITHMS;
export type AeadAlgorithm = keyof typeof AEAD_ALGORITHMS;
export type AkcipherAlgorithm = keyof typeof AKCIPHER_ALGORITHMS;
export type AlgorithmName = CipherAlgorithm | HashAlgorithm | MacAlgorithm | AeadAlgorithm | AkcipherAlgorithm;
