// Requests of the AEAD service (5.9.7.2.1, 5.9.7.7).
import * as crypto from '../crypto.ts';
import { layout, le32, type ServiceLayouts } from '../layout.ts';
import { DATA_HEADER, SESSION } from './headers.ts';

const algorithm = { algorithmOf: crypto.SERVICE_AEAD } as const;

/** struct virtio_crypto_aead_create_session_flf. */
export const AEAD_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_AEAD_BYTES,
  fields: [
    le32('algo', crypto.CTRL_AEAD_ALGO, algorithm),
    le32('key_len', crypto.CTRL_AEAD_KEY_LEN, 'length'),
    le32('tag_len', crypto.CTRL_AEAD_TAG_LEN, 'length'),
    le32('aad_len', crypto.CTRL_AEAD_AAD_LEN, 'length'),
    le32('op', crypto.CTRL_AEAD_OP, 'direction'),
  ],
  readable: [{ name: 'key', length: 'key_len', secret: true }],
});

/** struct virtio_crypto_aead_data_flf. */
export const AEAD_DATA = layout({
  section: '5.9.7.7',
  header: DATA_HEADER,
  bytes: crypto.DATA_AEAD_BYTES,
  fields: [
    le32('iv_len', crypto.DATA_AEAD_IV_LEN, 'length'),
    le32('aad_len', crypto.DATA_AEAD_AAD_LEN, 'length'),
    le32('src_data_len', crypto.DATA_AEAD_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.DATA_AEAD_DST_LEN, 'length'),
    le32('tag_len', crypto.DATA_AEAD_TAG_LEN, 'length'),
  ],
  readable: [
    { name: 'iv', length: 'iv_len' },
    { name: 'src_data', length: 'src_data_len' },
    { name: 'aad', length: 'aad_len' },
  ],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

/** struct virtio_crypto_aead_data_flf_stateless. */
export const AEAD_STATELESS = layout({
  section: '5.9.7.7',
  header: DATA_HEADER,
  bytes: crypto.DATA_AEAD_STATELESS_BYTES,
  fields: [
    le32('sess_para.algo', crypto.STATELESS_AEAD_ALGO, algorithm),
    le32('sess_para.key_len', crypto.STATELESS_AEAD_KEY_LEN, 'length'),
    le32('sess_para.op', crypto.STATELESS_AEAD_OP, 'direction'),
    le32('iv_len', crypto.STATELESS_AEAD_IV_LEN, 'length'),
    le32('tag_len', crypto.STATELESS_AEAD_TAG_LEN, 'length'),
    le32('aad_len', crypto.STATELESS_AEAD_AAD_LEN, 'length'),
    le32('src_data_len', crypto.STATELESS_AEAD_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.STATELESS_AEAD_DST_LEN, 'length'),
  ],
  readable: [
    { name: 'key', length: 'sess_para.key_len', secret: true },
    { name: 'iv', length: 'iv_len' },
    { name: 'src_data', length: 'src_data_len' },
    { name: 'aad', length: 'aad_len' },
  ],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

export const AEAD_LAYOUTS: ServiceLayouts = {
  session: () => AEAD_SESSION,
  data: () => AEAD_DATA,
  stateless: () => AEAD_STATELESS,
};
