// Data requests of a service whose stateless mode was negotiated (5.9.7.3): the parameters of a session come with each of them. A
// request that names a session has the same fields, and no key.
import * as crypto from '../../spec/crypto.ts';
import { akcipherStateless } from './akcipher_layouts.ts';
import {
  algorithm,
  chainedAlgorithm,
  chainOrder,
  hashMode,
  type Kind,
  type Layout,
  length,
  rule,
  symOp,
} from './field_rules.ts';
import { directionName } from './names.ts';

const CIPHER: Layout = {
  section: '5.9.7.6',
  headerBytes: crypto.DATA_SYM_STATELESS_BYTES,
  fields: [
    rule(crypto.STATELESS_CIPHER_ALGO, 'sess_para.algo', algorithm(crypto.SERVICE_CIPHER)),
    rule(crypto.STATELESS_CIPHER_KEY_LEN, 'sess_para.key_len', length),
    rule(crypto.STATELESS_CIPHER_OP, 'sess_para.op', directionName),
    rule(crypto.STATELESS_CIPHER_IV_LEN, 'iv_len', length),
    rule(crypto.STATELESS_CIPHER_IV_LEN + 4, 'src_data_len', length),
    rule(crypto.STATELESS_CIPHER_IV_LEN + 8, 'dst_data_len', length),
    rule(crypto.STATELESS_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [
    { name: 'cipher_key', lengthAt: crypto.STATELESS_CIPHER_KEY_LEN, secret: true },
    { name: 'iv', lengthAt: crypto.STATELESS_CIPHER_IV_LEN },
    { name: 'src_data', lengthAt: crypto.STATELESS_CIPHER_IV_LEN + 4 },
  ],
  writable: [{ name: 'dst_data', lengthAt: crypto.STATELESS_CIPHER_IV_LEN + 8 }],
};

/** From iv_len on the fields stand as in session mode. */
const inChain = (sessionModeAt: number): number =>
  sessionModeAt - crypto.DATA_CHAIN_IV_LEN + crypto.STATELESS_CHAIN_IV_LEN;
const AAD_LEN_BEFORE = crypto.STATELESS_CHAIN_ORDER + 4;
const CHAIN: Layout = {
  section: '5.9.7.6',
  headerBytes: crypto.DATA_SYM_STATELESS_BYTES,
  fields: [
    rule(crypto.STATELESS_CHAIN_ORDER, 'sess_para.alg_chain_order', chainOrder),
    rule(AAD_LEN_BEFORE, 'sess_para.aad_len', length),
    rule(crypto.STATELESS_CHAIN_CIPHER_ALGO, 'sess_para.cipher.algo', algorithm(crypto.SERVICE_CIPHER)),
    rule(crypto.STATELESS_CHAIN_CIPHER_KEY_LEN, 'sess_para.cipher.key_len', length),
    rule(crypto.STATELESS_CHAIN_CIPHER_OP, 'sess_para.cipher.op', directionName),
    rule(crypto.STATELESS_CHAIN_AUTH_ALGO, 'sess_para.hash.algo', chainedAlgorithm(crypto.STATELESS_CHAIN_HASH_MODE)),
    rule(crypto.STATELESS_CHAIN_AUTH_KEY_LEN, 'sess_para.hash.auth_key_len', length),
    rule(crypto.STATELESS_CHAIN_HASH_MODE, 'sess_para.hash.hash_mode', hashMode),
    rule(inChain(crypto.DATA_CHAIN_IV_LEN), 'iv_len', length),
    rule(inChain(crypto.DATA_CHAIN_SRC_LEN), 'src_data_len', length),
    rule(inChain(crypto.DATA_CHAIN_DST_LEN), 'dst_data_len', length),
    rule(inChain(crypto.DATA_CHAIN_CIPHER_START), 'cipher_start_src_offset'),
    rule(inChain(crypto.DATA_CHAIN_CIPHER_LEN), 'len_to_cipher', length),
    rule(inChain(crypto.DATA_CHAIN_HASH_START), 'hash_start_src_offset'),
    rule(inChain(crypto.DATA_CHAIN_HASH_LEN), 'len_to_hash', length),
    rule(inChain(crypto.DATA_CHAIN_AAD_LEN), 'aad_len', length),
    rule(inChain(crypto.DATA_CHAIN_RESULT_LEN), 'hash_result_len', length),
    rule(crypto.STATELESS_SYM_OP_TYPE, 'op_type', symOp),
  ],
  readable: [
    { name: 'cipher_key', lengthAt: crypto.STATELESS_CHAIN_CIPHER_KEY_LEN, secret: true },
    { name: 'auth_key', lengthAt: crypto.STATELESS_CHAIN_AUTH_KEY_LEN, secret: true },
    { name: 'iv', lengthAt: inChain(crypto.DATA_CHAIN_IV_LEN) },
    { name: 'aad', lengthAt: inChain(crypto.DATA_CHAIN_AAD_LEN) },
    { name: 'src_data', lengthAt: inChain(crypto.DATA_CHAIN_SRC_LEN) },
  ],
  writable: [
    { name: 'dst_data', lengthAt: inChain(crypto.DATA_CHAIN_DST_LEN) },
    { name: 'hash_result', lengthAt: inChain(crypto.DATA_CHAIN_RESULT_LEN) },
  ],
};

const HASH: Layout = {
  section: '5.9.7.4',
  headerBytes: crypto.DATA_AUTH_STATELESS_BYTES,
  fields: [
    rule(crypto.STATELESS_HASH_ALGO, 'sess_para.algo', algorithm(crypto.SERVICE_HASH)),
    rule(crypto.STATELESS_HASH_SRC_LEN, 'src_data_len', length),
    rule(crypto.STATELESS_HASH_SRC_LEN + 4, 'hash_result_len', length),
  ],
  readable: [{ name: 'src_data', lengthAt: crypto.STATELESS_HASH_SRC_LEN }],
  writable: [{ name: 'hash_result', lengthAt: crypto.STATELESS_HASH_SRC_LEN + 4 }],
};

const MAC: Layout = {
  section: '5.9.7.5',
  headerBytes: crypto.DATA_AUTH_STATELESS_BYTES,
  fields: [
    rule(crypto.STATELESS_MAC_ALGO, 'sess_para.algo', algorithm(crypto.SERVICE_MAC)),
    rule(crypto.STATELESS_MAC_KEY_LEN, 'sess_para.auth_key_len', length),
    rule(crypto.STATELESS_MAC_SRC_LEN, 'src_data_len', length),
    rule(crypto.STATELESS_MAC_SRC_LEN + 4, 'hash_result_len', length),
  ],
  readable: [
    { name: 'auth_key', lengthAt: crypto.STATELESS_MAC_KEY_LEN, secret: true },
    { name: 'src_data', lengthAt: crypto.STATELESS_MAC_SRC_LEN },
  ],
  writable: [{ name: 'hash_result', lengthAt: crypto.STATELESS_MAC_SRC_LEN + 4 }],
};

const AEAD: Layout = {
  section: '5.9.7.7',
  headerBytes: crypto.DATA_AEAD_STATELESS_BYTES,
  fields: [
    rule(crypto.STATELESS_AEAD_ALGO, 'sess_para.algo', algorithm(crypto.SERVICE_AEAD)),
    rule(crypto.STATELESS_AEAD_KEY_LEN, 'sess_para.key_len', length),
    rule(crypto.STATELESS_AEAD_OP, 'sess_para.op', directionName),
    rule(crypto.STATELESS_AEAD_IV_LEN, 'iv_len', length),
    rule(crypto.STATELESS_AEAD_TAG_LEN, 'tag_len', length),
    rule(crypto.STATELESS_AEAD_AAD_LEN, 'aad_len', length),
    rule(crypto.STATELESS_AEAD_SRC_LEN, 'src_data_len', length),
    rule(crypto.STATELESS_AEAD_DST_LEN, 'dst_data_len', length),
  ],
  readable: [
    { name: 'key', lengthAt: crypto.STATELESS_AEAD_KEY_LEN, secret: true },
    { name: 'iv', lengthAt: crypto.STATELESS_AEAD_IV_LEN },
    { name: 'src_data', lengthAt: crypto.STATELESS_AEAD_SRC_LEN },
    { name: 'aad', lengthAt: crypto.STATELESS_AEAD_AAD_LEN },
  ],
  writable: [{ name: 'dst_data', lengthAt: crypto.STATELESS_AEAD_DST_LEN }],
};

/** The layout of a data request. @param inSession whether it names a session */
export function statelessLayout(service: number, kind: Kind, inSession: boolean): Layout | undefined {
  const layout = {
    [crypto.SERVICE_CIPHER]: kind.opType === crypto.SYM_OP_ALGORITHM_CHAINING ? CHAIN : CIPHER,
    [crypto.SERVICE_HASH]: HASH,
    [crypto.SERVICE_MAC]: MAC,
    [crypto.SERVICE_AEAD]: AEAD,
    [crypto.SERVICE_AKCIPHER]: akcipherStateless(kind.operation, kind.algorithm),
  }[service];
  if (!layout || !inSession) return layout;
  return { ...layout, readable: layout.readable.filter(({ secret }) => !secret) };
}
