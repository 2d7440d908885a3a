// Requests of the AKCIPHER service (5.9.7.2.1, 5.9.7.8). The algorithm says which parameters a session has, and the opcode says
// which data a request has.
import * as crypto from '../crypto.ts';
import { type Layout, layout, le32, type ServiceLayouts } from '../layout.ts';
import { DATA_HEADER, SESSION } from './headers.ts';
import { AKCIPHER_KEY_TYPES, ECDSA_CURVES, RSA_HASHES, RSA_PADDINGS } from './values.ts';

const algorithm = { algorithmOf: crypto.SERVICE_AKCIPHER } as const;

/** struct virtio_crypto_rsa_session_para at an offset. */
const rsaParameters = <const Prefix extends string>(prefix: Prefix, at: number) => [
  le32(`${prefix}padding_algo`, at + crypto.RSA_PADDING_ALGO, RSA_PADDINGS),
  le32(`${prefix}hash_algo`, at + crypto.RSA_HASH_ALGO, RSA_HASHES),
];

/** struct virtio_crypto_ecdsa_session_para at an offset. */
const ecdsaParameters = <const Prefix extends string>(prefix: Prefix, at: number) => [
  le32(`${prefix}curve_id`, at + crypto.ECDSA_CURVE_ID, ECDSA_CURVES),
];

/** struct virtio_crypto_akcipher_create_session_flf of an algorithm that has no parameters or is unknown. */
export const AKCIPHER_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_AKCIPHER_BYTES,
  fields: [
    le32('algo', crypto.CTRL_AKCIPHER_ALGO, algorithm),
    le32('key_type', crypto.CTRL_AKCIPHER_KEY_TYPE, AKCIPHER_KEY_TYPES),
    le32('key_len', crypto.CTRL_AKCIPHER_KEY_LEN, 'length'),
  ],
  readable: [{ name: 'key', length: 'key_len', secret: true }],
});

export const RSA_SESSION = {
  ...AKCIPHER_SESSION,
  fields: [...AKCIPHER_SESSION.fields, ...rsaParameters('algo_flf.', crypto.CTRL_AKCIPHER_PARAMETERS)],
} as const;

export const ECDSA_SESSION = {
  ...AKCIPHER_SESSION,
  fields: [...AKCIPHER_SESSION.fields, ...ecdsaParameters('algo_flf.', crypto.CTRL_AKCIPHER_PARAMETERS)],
} as const;

/** struct virtio_crypto_akcipher_data_flf of VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, _DECRYPT and _SIGN. */
export const AKCIPHER_DATA = layout({
  section: '5.9.7.8',
  header: DATA_HEADER,
  bytes: crypto.DATA_AKCIPHER_BYTES,
  fields: [
    le32('src_data_len', crypto.DATA_AKCIPHER_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.DATA_AKCIPHER_DST_LEN, 'length'),
  ],
  readable: [{ name: 'src_data', length: 'src_data_len' }],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

/**
 * VIRTIO_CRYPTO_AKCIPHER_VERIFY: the device reads the signature and the signed data, and writes only the status. dst_data_len is
 * the length of the signed data.
 */
const VERIFIED = [
  { name: 'src_data (signature)', length: 'src_data_len' },
  { name: 'src_data (signed data)', length: 'dst_data_len' },
] as const;

export const AKCIPHER_VERIFY_DATA = { ...AKCIPHER_DATA, readable: VERIFIED, writable: [] } as const;

const SESSION_FIELDS = [
  le32('sess_para.algo', crypto.STATELESS_AKCIPHER_ALGO, algorithm),
  le32('sess_para.key_type', crypto.STATELESS_AKCIPHER_KEY_TYPE, AKCIPHER_KEY_TYPES),
  le32('sess_para.key_len', crypto.STATELESS_AKCIPHER_KEY_LEN, 'length'),
];
const DATA_FIELDS = [
  le32('src_data_len', crypto.STATELESS_AKCIPHER_SRC_LEN, 'length'),
  le32('dst_data_len', crypto.STATELESS_AKCIPHER_DST_LEN, 'length'),
];
const KEY = { name: 'akcipher_key', length: 'sess_para.key_len', secret: true } as const;

/** struct virtio_crypto_akcipher_data_flf_stateless of an algorithm that has no parameters, or is unknown. */
export const AKCIPHER_STATELESS = layout({
  section: '5.9.7.8',
  header: DATA_HEADER,
  bytes: crypto.DATA_AKCIPHER_STATELESS_BYTES,
  fields: [...SESSION_FIELDS, ...DATA_FIELDS],
  readable: [KEY, { name: 'src_data', length: 'src_data_len' }],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

export const RSA_STATELESS = {
  ...AKCIPHER_STATELESS,
  fields: [...SESSION_FIELDS, ...rsaParameters('sess_para.', crypto.STATELESS_AKCIPHER_PARAMETERS), ...DATA_FIELDS],
} as const;

/** VIRTIO_CRYPTO_AKCIPHER_VERIFY with RSA. */
export const RSA_VERIFY_STATELESS = { ...RSA_STATELESS, readable: [KEY, ...VERIFIED], writable: [] } as const;

export const ECDSA_STATELESS = {
  ...AKCIPHER_STATELESS,
  fields: [...SESSION_FIELDS, ...ecdsaParameters('sess_para.', crypto.STATELESS_AKCIPHER_PARAMETERS), ...DATA_FIELDS],
} as const;

/** VIRTIO_CRYPTO_AKCIPHER_VERIFY with ECDSA. */
export const ECDSA_VERIFY_STATELESS = { ...ECDSA_STATELESS, readable: [KEY, ...VERIFIED], writable: [] } as const;

const STATELESS: Readonly<Record<number, Layout>> = {
  [crypto.AKCIPHER_RSA]: RSA_STATELESS,
  [crypto.AKCIPHER_ECDSA]: ECDSA_STATELESS,
};
const SESSIONS: Readonly<Record<number, Layout>> = {
  [crypto.AKCIPHER_RSA]: RSA_SESSION,
  [crypto.AKCIPHER_ECDSA]: ECDSA_SESSION,
};

export const AKCIPHER_LAYOUTS: ServiceLayouts = {
  session: (at) => SESSIONS[at(crypto.CTRL_AKCIPHER_ALGO)] ?? AKCIPHER_SESSION,
  data: (at) => (at(crypto.DATA_OPCODE) === crypto.AKCIPHER_VERIFY ? AKCIPHER_VERIFY_DATA : AKCIPHER_DATA),
  stateless: (at) => {
    const found = STATELESS[at(crypto.STATELESS_AKCIPHER_ALGO)] ?? AKCIPHER_STATELESS;
    if (at(crypto.DATA_OPCODE) !== crypto.AKCIPHER_VERIFY) return found;
    return { ...found, readable: [KEY, ...VERIFIED], writable: [] };
  },
};
