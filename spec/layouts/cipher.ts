// Requests of the CIPHER service with one cipher (5.9.7.2.1, 5.9.7.6).
import * as crypto from '../crypto.ts';
import { layout, le32, type ServiceLayouts } from '../layout.ts';
import { CHAIN_DATA, CHAIN_DATA_LEGACY, CHAIN_SESSION, CHAIN_STATELESS } from './chain.ts';
import { DATA_HEADER, SESSION } from './headers.ts';
import { SYM_OPS } from './values.ts';

const algorithm = { algorithmOf: crypto.SERVICE_CIPHER } as const;

/** struct virtio_crypto_cipher_session_flf, in struct virtio_crypto_sym_create_session_flf. */
export const CIPHER_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_SYM_BYTES,
  fields: [
    le32('algo', crypto.CTRL_CIPHER_ALGO, algorithm),
    le32('key_len', crypto.CTRL_CIPHER_KEY_LEN, 'length'),
    le32('op', crypto.CTRL_CIPHER_OP, 'direction'),
    le32('op_type', crypto.CTRL_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [{ name: 'cipher_key', length: 'key_len', secret: true }],
});

/** struct virtio_crypto_cipher_data_flf, in struct virtio_crypto_sym_data_flf. */
export const CIPHER_DATA = layout({
  section: '5.9.7.6',
  header: DATA_HEADER,
  bytes: crypto.DATA_SYM_BYTES,
  fields: [
    le32('iv_len', crypto.DATA_CIPHER_IV_LEN, 'length'),
    le32('src_data_len', crypto.DATA_CIPHER_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.DATA_CIPHER_DST_LEN, 'length'),
    le32('op_type', crypto.DATA_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [
    { name: 'iv', length: 'iv_len' },
    { name: 'src_data', length: 'src_data_len' },
  ],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

/** struct virtio_crypto_cipher_data_flf_stateless, in struct virtio_crypto_sym_data_flf_stateless. */
export const CIPHER_STATELESS = layout({
  section: '5.9.7.6',
  header: DATA_HEADER,
  bytes: crypto.DATA_SYM_STATELESS_BYTES,
  fields: [
    le32('sess_para.algo', crypto.STATELESS_CIPHER_ALGO, algorithm),
    le32('sess_para.key_len', crypto.STATELESS_CIPHER_KEY_LEN, 'length'),
    le32('sess_para.op', crypto.STATELESS_CIPHER_OP, 'direction'),
    le32('iv_len', crypto.STATELESS_CIPHER_IV_LEN, 'length'),
    le32('src_data_len', crypto.STATELESS_CIPHER_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.STATELESS_CIPHER_DST_LEN, 'length'),
    le32('op_type', crypto.STATELESS_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [
    { name: 'cipher_key', length: 'sess_para.key_len', secret: true },
    { name: 'iv', length: 'iv_len' },
    { name: 'src_data', length: 'src_data_len' },
  ],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

const isChain = (opType: number): boolean => opType === crypto.SYM_OP_ALGORITHM_CHAINING;

/** op_type tells a request with one cipher from one of algorithm chaining. */
export const CIPHER_LAYOUTS: ServiceLayouts = {
  session: (at) => (isChain(at(crypto.CTRL_SYM_OP_TYPE)) ? CHAIN_SESSION : CIPHER_SESSION),
  data: (at, revision1) => {
    if (!isChain(at(crypto.DATA_SYM_OP_TYPE))) return CIPHER_DATA;
    return revision1 ? CHAIN_DATA : CHAIN_DATA_LEGACY;
  },
  stateless: (at) => (isChain(at(crypto.STATELESS_SYM_OP_TYPE)) ? CHAIN_STATELESS : CIPHER_STATELESS),
};
