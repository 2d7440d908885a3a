import * as crypto from '../../spec/crypto.ts';
import { algorithmName, directionName, opcodeName } from './names.ts';

/** A number in the fixed-length part of a request. */
export interface FieldRule {
  offset: number;
  bytes: 4 | 8;
  name: string;
  /** What the number says, in words. */
  value: (number: number) => string;
}

/** The fixed-length fields of one kind of request, and what follows them, each as long as a field says. */
export interface Layout {
  section: string;
  fields: readonly FieldRule[];
  /** Length of header and fields with REVISION_1; without it they are padded. */
  headerBytes: number;
  /** The readable part behind the fields, then the writable part before the status; offsets are those of the lengths. */
  readable: readonly Variable[];
  writable: readonly Variable[];
}

export interface Variable {
  name: string;
  lengthAt: number;
  secret?: boolean;
}

const decimal = (number: number): string => String(number);
const hex = (number: number): string => `0x${number.toString(16)}`;
const length = (number: number): string => `${number} bytes`;
const rule = (offset: number, name: string, value = decimal): FieldRule => ({ offset, bytes: 4, name, value });
const algorithm = (service: number) => (number: number) => algorithmName(service, number);

const SYM_OPS: Record<number, string> = {
  [crypto.SYM_OP_NONE]: 'NONE',
  [crypto.SYM_OP_CIPHER]: 'CIPHER',
  [crypto.SYM_OP_ALGORITHM_CHAINING]: 'ALGORITHM_CHAINING',
};
const symOp = (number: number): string => SYM_OPS[number] ?? decimal(number);
const CHAIN_ORDERS: Record<number, string> = {
  [crypto.CHAIN_HASH_THEN_CIPHER]: 'HASH_THEN_CIPHER',
  [crypto.CHAIN_CIPHER_THEN_HASH]: 'CIPHER_THEN_HASH',
};
const HASH_MODES: Record<number, string> = {
  [crypto.HASH_MODE_PLAIN]: 'PLAIN',
  [crypto.HASH_MODE_AUTH]: 'AUTH',
  [crypto.HASH_MODE_NESTED]: 'NESTED',
};

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
    rule(crypto.CTRL_CHAIN_ORDER, 'alg_chain_order', (number) => CHAIN_ORDERS[number] ?? decimal(number)),
    rule(crypto.CTRL_CHAIN_HASH_MODE, 'hash_mode', (number) => HASH_MODES[number] ?? decimal(number)),
    rule(crypto.CTRL_CHAIN_CIPHER_ALGO, 'cipher_hdr.algo', algorithm(crypto.SERVICE_CIPHER)),
    rule(crypto.CTRL_CHAIN_CIPHER_KEY_LEN, 'cipher_hdr.key_len', length),
    rule(crypto.CTRL_CHAIN_CIPHER_OP, 'cipher_hdr.op', directionName),
    rule(crypto.CTRL_CHAIN_AUTH_ALGO, 'algo_flf.algo'),
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

/** The layout of a request that makes a session. @param opType of a symmetric one */
export function sessionLayout(service: number, opType: number): Layout | undefined {
  if (service === crypto.SERVICE_CIPHER)
    return opType === crypto.SYM_OP_ALGORITHM_CHAINING ? CHAIN_SESSION : CIPHER_SESSION;
  return {
    [crypto.SERVICE_HASH]: HASH_SESSION,
    [crypto.SERVICE_MAC]: MAC_SESSION,
    [crypto.SERVICE_AEAD]: AEAD_SESSION,
  }[service];
}

/** The layout of a data request in session mode. @param opType of a symmetric one */
export function dataLayout(service: number, opType: number): Layout | undefined {
  if (service === crypto.SERVICE_CIPHER) return opType === crypto.SYM_OP_ALGORITHM_CHAINING ? CHAIN_DATA : CIPHER_DATA;
  return {
    [crypto.SERVICE_HASH]: authData('5.9.7.4'),
    [crypto.SERVICE_MAC]: authData('5.9.7.5'),
    [crypto.SERVICE_AEAD]: AEAD_DATA,
  }[service];
}
