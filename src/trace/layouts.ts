import * as crypto from '../../spec/crypto.ts';
import { akcipherData, akcipherSession } from './akcipher_layouts.ts';
import {
  algorithm,
  chainedAlgorithm,
  chainOrder,
  type FieldRule,
  hashMode,
  hex,
  type Kind,
  type Layout,
  length,
  rule,
  symOp,
} from './field_rules.ts';
import { directionName, opcodeName } from './names.ts';

/** struct virtio_crypto_ctrl_header (5.9.7.2). */
export const CONTROL_HEADER: readonly FieldRule[] = [
  rule(crypto.CTRL_OPCODE, 'opcode', (code) => opcodeName(code, true)),
  rule(crypto.CTRL_ALGO, 'algo'),
  rule(crypto.CTRL_FLAG, 'flag', hex),
];

/** struct virtio_crypto_op_header (5.9.7.3). */
export const DATA_HEADER: readonly FieldRule[] = [
  rule(crypto.DATA_OPCODE, 'opcode', (code) => opcodeName(code, false)),
  rule(crypto.DATA_ALGO, 'algo'),
  { offset: crypto.DATA_SESSION_ID, bytes: 8, name: 'session_id', value: hex },
  rule(crypto.DATA_FLAG, 'flag', hex),
];

const SYM_SESSION = { section: '5.9.7.2.1', headerBytes: crypto.CTRL_SYM_BYTES, writable: [] };
const CIPHER_SESSION: Layout = {
  ...SYM_SESSION,
  fields: [
    rule(crypto.CTRL_CIPHER_ALGO, 'algo', algorithm(crypto.SERVICE_CIPHER)),
    rule(crypto.CTRL_CIPHER_KEY_LEN, 'key_len', length),
    rule(crypto.CTRL_CIPHER_OP, 'op', directionName),
    rule(crypto.CTRL_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [{ name: 'cipher_key', lengthAt: crypto.CTRL_CIPHER_KEY_LEN, secret: true }],
};
const CHAIN_SESSION: Layout = {
  ...SYM_SESSION,
  fields: [
    rule(crypto.CTRL_CHAIN_ORDER, 'alg_chain_order', chainOrder),
    rule(crypto.CTRL_CHAIN_HASH_MODE, 'hash_mode', hashMode),
    rule(crypto.CTRL_CHAIN_CIPHER_ALGO, 'cipher_hdr.algo', algorithm(crypto.SERVICE_CIPHER)),
    rule(crypto.CTRL_CHAIN_CIPHER_KEY_LEN, 'cipher_hdr.key_len', length),
    rule(crypto.CTRL_CHAIN_CIPHER_OP, 'cipher_hdr.op', directionName),
    rule(crypto.CTRL_CHAIN_AUTH_ALGO, 'algo_flf.algo', chainedAlgorithm(crypto.CTRL_CHAIN_HASH_MODE)),
    rule(crypto.CTRL_CHAIN_RESULT_LEN, 'algo_flf.hash_result_len', length),
    rule(crypto.CTRL_CHAIN_AUTH_KEY_LEN, 'algo_flf.auth_key_len', length),
    rule(crypto.CTRL_CHAIN_AAD_LEN, 'aad_len', length),
    rule(crypto.CTRL_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [
    { name: 'cipher_key', lengthAt: crypto.CTRL_CHAIN_CIPHER_KEY_LEN, secret: true },
    { name: 'auth_key', lengthAt: crypto.CTRL_CHAIN_AUTH_KEY_LEN, secret: true },
  ],
};
const HASH_SESSION: Layout = {
  section: '5.9.7.2.1',
  headerBytes: crypto.CTRL_HASH_BYTES,
  fields: [
    rule(crypto.CTRL_AUTH_ALGO, 'algo', algorithm(crypto.SERVICE_HASH)),
    rule(crypto.CTRL_AUTH_RESULT_LEN, 'hash_result_len', length),
  ],
  readable: [],
  writable: [],
};
const MAC_SESSION: Layout = {
  section: '5.9.7.2.1',
  headerBytes: crypto.CTRL_MAC_BYTES,
  fields: [
    rule(crypto.CTRL_AUTH_ALGO, 'algo', algorithm(crypto.SERVICE_MAC)),
    rule(crypto.CTRL_AUTH_RESULT_LEN, 'hash_result_len', length),
    rule(crypto.CTRL_AUTH_KEY_LEN, 'auth_key_len', length),
  ],
  readable: [{ name: 'auth_key', lengthAt: crypto.CTRL_AUTH_KEY_LEN, secret: true }],
  writable: [],
};
const AEAD_SESSION: Layout = {
  section: '5.9.7.2.1',
  headerBytes: crypto.CTRL_AEAD_BYTES,
  fields: [
    rule(crypto.CTRL_AEAD_ALGO, 'algo', algorithm(crypto.SERVICE_AEAD)),
    rule(crypto.CTRL_AEAD_KEY_LEN, 'key_len', length),
    rule(crypto.CTRL_AEAD_TAG_LEN, 'tag_len', length),
    rule(crypto.CTRL_AEAD_AAD_LEN, 'aad_len', length),
    rule(crypto.CTRL_AEAD_OP, 'op', directionName),
  ],
  readable: [{ name: 'key', lengthAt: crypto.CTRL_AEAD_KEY_LEN, secret: true }],
  writable: [],
};

const CIPHER_DATA: Layout = {
  section: '5.9.7.6',
  headerBytes: crypto.DATA_SYM_BYTES,
  fields: [
    rule(crypto.DATA_CIPHER_IV_LEN, 'iv_len', length),
    rule(crypto.DATA_CIPHER_SRC_LEN, 'src_data_len', length),
    rule(crypto.DATA_CIPHER_DST_LEN, 'dst_data_len', length),
    rule(crypto.DATA_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [
    { name: 'iv', lengthAt: crypto.DATA_CIPHER_IV_LEN },
    { name: 'src_data', lengthAt: crypto.DATA_CIPHER_SRC_LEN },
  ],
  writable: [{ name: 'dst_data', lengthAt: crypto.DATA_CIPHER_DST_LEN }],
};
const CHAIN_DATA: Layout = {
  section: '5.9.7.6',
  headerBytes: crypto.DATA_SYM_BYTES,
  fields: [
    rule(crypto.DATA_CHAIN_IV_LEN, 'iv_len', length),
    rule(crypto.DATA_CHAIN_SRC_LEN, 'src_data_len', length),
    rule(crypto.DATA_CHAIN_DST_LEN, 'dst_data_len', length),
    rule(crypto.DATA_CHAIN_CIPHER_START, 'cipher_start_src_offset'),
    rule(crypto.DATA_CHAIN_CIPHER_LEN, 'len_to_cipher', length),
    rule(crypto.DATA_CHAIN_HASH_START, 'hash_start_src_offset'),
    rule(crypto.DATA_CHAIN_HASH_LEN, 'len_to_hash', length),
    rule(crypto.DATA_CHAIN_AAD_LEN, 'aad_len', length),
    rule(crypto.DATA_CHAIN_RESULT_LEN, 'hash_result_len', length),
    rule(crypto.DATA_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [
    { name: 'iv', lengthAt: crypto.DATA_CHAIN_IV_LEN },
    { name: 'src_data', lengthAt: crypto.DATA_CHAIN_SRC_LEN },
    { name: 'aad', lengthAt: crypto.DATA_CHAIN_AAD_LEN },
  ],
  writable: [
    { name: 'dst_data', lengthAt: crypto.DATA_CHAIN_DST_LEN },
    { name: 'hash_result', lengthAt: crypto.DATA_CHAIN_RESULT_LEN },
  ],
};
/** Without REVISION_1 drivers put the additional data in front of the source. */
const LEGACY_CHAIN_DATA: Layout = {
  ...CHAIN_DATA,
  readable: [
    { name: 'iv', lengthAt: crypto.DATA_CHAIN_IV_LEN },
    { name: 'aad', lengthAt: crypto.DATA_CHAIN_AAD_LEN },
    { name: 'src_data', lengthAt: crypto.DATA_CHAIN_SRC_LEN },
  ],
};
const authData = (section: string): Layout => ({
  section,
  headerBytes: crypto.DATA_AUTH_BYTES,
  fields: [
    rule(crypto.DATA_AUTH_SRC_LEN, 'src_data_len', length),
    rule(crypto.DATA_AUTH_RESULT_LEN, 'hash_result_len', length),
  ],
  readable: [{ name: 'src_data', lengthAt: crypto.DATA_AUTH_SRC_LEN }],
  writable: [{ name: 'hash_result', lengthAt: crypto.DATA_AUTH_RESULT_LEN }],
});
const AEAD_DATA: Layout = {
  section: '5.9.7.7',
  headerBytes: crypto.DATA_AEAD_BYTES,
  fields: [
    rule(crypto.DATA_AEAD_IV_LEN, 'iv_len', length),
    rule(crypto.DATA_AEAD_AAD_LEN, 'aad_len', length),
    rule(crypto.DATA_AEAD_SRC_LEN, 'src_data_len', length),
    rule(crypto.DATA_AEAD_DST_LEN, 'dst_data_len', length),
    rule(crypto.DATA_AEAD_TAG_LEN, 'tag_len', length),
  ],
  readable: [
    { name: 'iv', lengthAt: crypto.DATA_AEAD_IV_LEN },
    { name: 'src_data', lengthAt: crypto.DATA_AEAD_SRC_LEN },
    { name: 'aad', lengthAt: crypto.DATA_AEAD_AAD_LEN },
  ],
  writable: [{ name: 'dst_data', lengthAt: crypto.DATA_AEAD_DST_LEN }],
};

/** The layout of a request that makes a session. */
export function sessionLayout(service: number, kind: Kind): Layout | undefined {
  if (service === crypto.SERVICE_CIPHER)
    return kind.opType === crypto.SYM_OP_ALGORITHM_CHAINING ? CHAIN_SESSION : CIPHER_SESSION;
  if (service === crypto.SERVICE_AKCIPHER) return akcipherSession(kind.algorithm);
  return {
    [crypto.SERVICE_HASH]: HASH_SESSION,
    [crypto.SERVICE_MAC]: MAC_SESSION,
    [crypto.SERVICE_AEAD]: AEAD_SESSION,
  }[service];
}

/** The layout of a data request of a service whose stateless mode was not negotiated. */
export function dataLayout(service: number, kind: Kind, revision1: boolean): Layout | undefined {
  if (service === crypto.SERVICE_CIPHER) {
    if (kind.opType !== crypto.SYM_OP_ALGORITHM_CHAINING) return CIPHER_DATA;
    return revision1 ? CHAIN_DATA : LEGACY_CHAIN_DATA;
  }
  if (service === crypto.SERVICE_AKCIPHER) return akcipherData(kind.operation);
  return {
    [crypto.SERVICE_HASH]: authData('5.9.7.4'),
    [crypto.SERVICE_MAC]: authData('5.9.7.5'),
    [crypto.SERVICE_AEAD]: AEAD_DATA,
  }[service];
}
