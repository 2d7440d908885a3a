// Requests of the HASH and of the MAC service (5.9.7.2.1, 5.9.7.4, 5.9.7.5).
import * as crypto from '../crypto.ts';
import { layout, le32, type ServiceLayouts } from '../layout.ts';
import { DATA_HEADER, SESSION } from './headers.ts';

const hashAlgorithm = { algorithmOf: crypto.SERVICE_HASH } as const;
const macAlgorithm = { algorithmOf: crypto.SERVICE_MAC } as const;

/** struct virtio_crypto_hash_create_session_flf. */
export const HASH_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_HASH_BYTES,
  fields: [
    le32('algo', crypto.CTRL_AUTH_ALGO, hashAlgorithm),
    le32('hash_result_len', crypto.CTRL_AUTH_RESULT_LEN, 'length'),
  ],
});

/** struct virtio_crypto_mac_create_session_flf. */
export const MAC_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_MAC_BYTES,
  fields: [
    le32('algo', crypto.CTRL_AUTH_ALGO, macAlgorithm),
    le32('hash_result_len', crypto.CTRL_AUTH_RESULT_LEN, 'length'),
    le32('auth_key_len', crypto.CTRL_AUTH_KEY_LEN, 'length'),
  ],
  readable: [{ name: 'auth_key', length: 'auth_key_len', secret: true }],
});

const authData = (section: string) =>
  layout({
    section,
    header: DATA_HEADER,
    bytes: crypto.DATA_AUTH_BYTES,
    fields: [
      le32('src_data_len', crypto.DATA_AUTH_SRC_LEN, 'length'),
      le32('hash_result_len', crypto.DATA_AUTH_RESULT_LEN, 'length'),
    ],
    readable: [{ name: 'src_data', length: 'src_data_len' }],
    writable: [{ name: 'hash_result', length: 'hash_result_len' }],
  });

/** struct virtio_crypto_hash_data_flf. */
export const HASH_DATA = authData('5.9.7.4');
/** struct virtio_crypto_mac_data_flf, which has the same layout as a hash's. */
export const MAC_DATA = authData('5.9.7.5');

/** struct virtio_crypto_hash_data_flf_stateless. */
export const HASH_STATELESS = layout({
  section: '5.9.7.4',
  header: DATA_HEADER,
  bytes: crypto.DATA_AUTH_STATELESS_BYTES,
  fields: [
    le32('sess_para.algo', crypto.STATELESS_HASH_ALGO, hashAlgorithm),
    le32('src_data_len', crypto.STATELESS_HASH_SRC_LEN, 'length'),
    le32('hash_result_len', crypto.STATELESS_HASH_RESULT_LEN, 'length'),
  ],
  readable: [{ name: 'src_data', length: 'src_data_len' }],
  writable: [{ name: 'hash_result', length: 'hash_result_len' }],
});

/** struct virtio_crypto_mac_data_flf_stateless. */
export const MAC_STATELESS = layout({
  section: '5.9.7.5',
  header: DATA_HEADER,
  bytes: crypto.DATA_AUTH_STATELESS_BYTES,
  fields: [
    le32('sess_para.algo', crypto.STATELESS_MAC_ALGO, macAlgorithm),
    le32('sess_para.auth_key_len', crypto.STATELESS_MAC_KEY_LEN, 'length'),
    le32('src_data_len', crypto.STATELESS_MAC_SRC_LEN, 'length'),
    le32('hash_result_len', crypto.STATELESS_MAC_RESULT_LEN, 'length'),
  ],
  readable: [
    { name: 'auth_key', length: 'sess_para.auth_key_len', secret: true },
    { name: 'src_data', length: 'src_data_len' },
  ],
  writable: [{ name: 'hash_result', length: 'hash_result_len' }],
});

export const HASH_LAYOUTS: ServiceLayouts = {
  session: () => HASH_SESSION,
  data: () => HASH_DATA,
  stateless: () => HASH_STATELESS,
};

export const MAC_LAYOUTS: ServiceLayouts = {
  session: () => MAC_SESSION,
  data: () => MAC_DATA,
  stateless: () => MAC_STATELESS,
};
