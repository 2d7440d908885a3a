// Values that a field of a request can have, with the specification's names (5.9.7.2.1).
import * as crypto from '../crypto.ts';

/** VIRTIO_CRYPTO_SYM_OP_*. */
export const SYM_OPS = {
  names: {
    [crypto.SYM_OP_NONE]: 'NONE',
    [crypto.SYM_OP_CIPHER]: 'CIPHER',
    [crypto.SYM_OP_ALGORITHM_CHAINING]: 'ALGORITHM_CHAINING',
  },
} as const;

/** VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_*. */
export const CHAIN_ORDERS = {
  names: {
    [crypto.CHAIN_HASH_THEN_CIPHER]: 'HASH_THEN_CIPHER',
    [crypto.CHAIN_CIPHER_THEN_HASH]: 'CIPHER_THEN_HASH',
  },
} as const;

/** VIRTIO_CRYPTO_SYM_HASH_MODE_*. */
export const HASH_MODES = {
  names: {
    [crypto.HASH_MODE_PLAIN]: 'PLAIN',
    [crypto.HASH_MODE_AUTH]: 'AUTH',
    [crypto.HASH_MODE_NESTED]: 'NESTED',
  },
} as const;

/** VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_*. */
export const AKCIPHER_KEY_TYPES = {
  names: {
    [crypto.AKCIPHER_KEY_PUBLIC]: 'PUBLIC',
    [crypto.AKCIPHER_KEY_PRIVATE]: 'PRIVATE',
  },
} as const;

/** VIRTIO_CRYPTO_RSA_*_PADDING. */
export const RSA_PADDINGS = { names: { 0: 'RAW', 1: 'PKCS1' } } as const;

/** VIRTIO_CRYPTO_RSA_*, the hash of a signature. */
export const RSA_HASHES = {
  names: {
    0: 'NO_HASH',
    1: 'MD2',
    2: 'MD3',
    3: 'MD4',
    4: 'MD5',
    5: 'SHA1',
    6: 'SHA256',
    7: 'SHA384',
    8: 'SHA512',
    9: 'SHA224',
  },
} as const;

/** VIRTIO_CRYPTO_CURVE_*. */
export const ECDSA_CURVES = {
  names: { 0: 'UNKNOWN', 1: 'NIST_P192', 2: 'NIST_P224', 3: 'NIST_P256', 4: 'NIST_P384', 5: 'NIST_P521' },
} as const;
