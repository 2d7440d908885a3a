// Requests of algorithm chaining: the CIPHER service with a cipher and a hash or MAC (5.9.7.2.1, 5.9.7.6).
import * as crypto from '../crypto.ts';
import { layout, le32 } from '../layout.ts';
import { DATA_HEADER, SESSION } from './headers.ts';
import { CHAIN_ORDERS, HASH_MODES, SYM_OPS } from './values.ts';

const algorithm = { algorithmOf: crypto.SERVICE_CIPHER } as const;

/** struct virtio_crypto_alg_chain_session_flf, in struct virtio_crypto_sym_create_session_flf. */
export const CHAIN_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_SYM_BYTES,
  fields: [
    le32('alg_chain_order', crypto.CTRL_CHAIN_ORDER, CHAIN_ORDERS),
    le32('hash_mode', crypto.CTRL_CHAIN_HASH_MODE, HASH_MODES),
    le32('cipher_hdr.algo', crypto.CTRL_CHAIN_CIPHER_ALGO, algorithm),
    le32('cipher_hdr.key_len', crypto.CTRL_CHAIN_CIPHER_KEY_LEN, 'length'),
    le32('cipher_hdr.op', crypto.CTRL_CHAIN_CIPHER_OP, 'direction'),
    le32('algo_flf.algo', crypto.CTRL_CHAIN_AUTH_ALGO, { chainedAlgorithm: crypto.CTRL_CHAIN_HASH_MODE }),
    le32('algo_flf.hash_result_len', crypto.CTRL_CHAIN_RESULT_LEN, 'length'),
    le32('algo_flf.auth_key_len', crypto.CTRL_CHAIN_AUTH_KEY_LEN, 'length'),
    le32('aad_len', crypto.CTRL_CHAIN_AAD_LEN, 'length'),
    le32('op_type', crypto.CTRL_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [
    { name: 'cipher_key', length: 'cipher_hdr.key_len', secret: true },
    { name: 'auth_key', length: 'algo_flf.auth_key_len', secret: true },
  ],
});

/** struct virtio_crypto_alg_chain_data_flf, in struct virtio_crypto_sym_data_flf. */
export const CHAIN_DATA = layout({
  section: '5.9.7.6',
  header: DATA_HEADER,
  bytes: crypto.DATA_SYM_BYTES,
  fields: [
    le32('iv_len', crypto.DATA_CHAIN_IV_LEN, 'length'),
    le32('src_data_len', crypto.DATA_CHAIN_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.DATA_CHAIN_DST_LEN, 'length'),
    le32('cipher_start_src_offset', crypto.DATA_CHAIN_CIPHER_START),
    le32('len_to_cipher', crypto.DATA_CHAIN_CIPHER_LEN, 'length'),
    le32('hash_start_src_offset', crypto.DATA_CHAIN_HASH_START),
    le32('len_to_hash', crypto.DATA_CHAIN_HASH_LEN, 'length'),
    le32('aad_len', crypto.DATA_CHAIN_AAD_LEN, 'length'),
    le32('hash_result_len', crypto.DATA_CHAIN_RESULT_LEN, 'length'),
    le32('op_type', crypto.DATA_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [
    { name: 'iv', length: 'iv_len' },
    { name: 'src_data', length: 'src_data_len' },
    { name: 'aad', length: 'aad_len' },
  ],
  writable: [
    { name: 'dst_data', length: 'dst_data_len' },
    { name: 'hash_result', length: 'hash_result_len' },
  ],
});

/** Without REVISION_1, QEMU and DPDK put the additional data before the source. */
export const CHAIN_DATA_LEGACY: typeof CHAIN_DATA = {
  ...CHAIN_DATA,
  readable: [
    { name: 'iv', length: 'iv_len' },
    { name: 'aad', length: 'aad_len' },
    { name: 'src_data', length: 'src_data_len' },
  ],
};

/** struct virtio_crypto_alg_chain_data_flf_stateless, in struct virtio_crypto_sym_data_flf_stateless. */
export const CHAIN_STATELESS = layout({
  section: '5.9.7.6',
  header: DATA_HEADER,
  bytes: crypto.DATA_SYM_STATELESS_BYTES,
  fields: [
    le32('sess_para.alg_chain_order', crypto.STATELESS_CHAIN_ORDER, CHAIN_ORDERS),
    le32('sess_para.aad_len', crypto.STATELESS_CHAIN_SESSION_AAD_LEN, 'length'),
    le32('sess_para.cipher.algo', crypto.STATELESS_CHAIN_CIPHER_ALGO, algorithm),
    le32('sess_para.cipher.key_len', crypto.STATELESS_CHAIN_CIPHER_KEY_LEN, 'length'),
    le32('sess_para.cipher.op', crypto.STATELESS_CHAIN_CIPHER_OP, 'direction'),
    le32('sess_para.hash.algo', crypto.STATELESS_CHAIN_AUTH_ALGO, {
      chainedAlgorithm: crypto.STATELESS_CHAIN_HASH_MODE,
    }),
    le32('sess_para.hash.auth_key_len', crypto.STATELESS_CHAIN_AUTH_KEY_LEN, 'length'),
    le32('sess_para.hash.hash_mode', crypto.STATELESS_CHAIN_HASH_MODE, HASH_MODES),
    le32('iv_len', crypto.STATELESS_CHAIN_IV_LEN, 'length'),
    le32('src_data_len', crypto.STATELESS_CHAIN_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.STATELESS_CHAIN_DST_LEN, 'length'),
    le32('cipher_start_src_offset', crypto.STATELESS_CHAIN_CIPHER_START),
    le32('len_to_cipher', crypto.STATELESS_CHAIN_CIPHER_LEN, 'length'),
    le32('hash_start_src_offset', crypto.STATELESS_CHAIN_HASH_START),
    le32('len_to_hash', crypto.STATELESS_CHAIN_HASH_LEN, 'length'),
    le32('aad_len', crypto.STATELESS_CHAIN_AAD_LEN, 'length'),
    le32('hash_result_len', crypto.STATELESS_CHAIN_RESULT_LEN, 'length'),
    le32('op_type', crypto.STATELESS_SYM_OP_TYPE, SYM_OPS),
  ],
  readable: [
    { name: 'cipher_key', length: 'sess_para.cipher.key_len', secret: true },
    { name: 'auth_key', length: 'sess_para.hash.auth_key_len', secret: true },
    { name: 'iv', length: 'iv_len' },
    { name: 'aad', length: 'aad_len' },
    { name: 'src_data', length: 'src_data_len' },
  ],
  writable: [
    { name: 'dst_data', length: 'dst_data_len' },
    { name: 'hash_result', length: 'hash_result_len' },
  ],
});
