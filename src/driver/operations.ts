// Data requests as a driver sends them (5.9.7.3), in three layouts: legacy, REVISION_1, and the layout of a service whose stateless mode
// was negotiated.
import * as spec from '../../spec/crypto.ts';
import type { Layout } from '../../spec/layout.ts';
import {
  AEAD_DATA,
  AEAD_STATELESS,
  AKCIPHER_DATA,
  AKCIPHER_VERIFY_DATA,
  CHAIN_DATA,
  CHAIN_DATA_LEGACY,
  CHAIN_STATELESS,
  CIPHER_DATA,
  CIPHER_STATELESS,
  ECDSA_STATELESS,
  ECDSA_VERIFY_STATELESS,
  HASH_DATA,
  HASH_STATELESS,
  IPSEC_DATA,
  MAC_DATA,
  MAC_STATELESS,
  RSA_STATELESS,
  RSA_VERIFY_STATELESS,
} from '../../spec/layouts.ts';
import {
  AEAD_ALGORITHMS,
  AKCIPHER_ALGORITHMS,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
} from '../../spec/names.ts';
import { SERVICES } from '../../spec/services.ts';
import { type EncodedRequest, encode } from './encode.ts';
import {
  type AeadSession,
  type AkcipherSession,
  type ChainSession,
  type CipherSession,
  chainKeys,
  chainNumbers,
  ECDSA_CURVES,
  type HashSession,
  KEY_TYPES,
  type MacSession,
  RSA_HASHES,
  RSA_PADDINGS,
  type SessionParameters,
  serviceOf,
} from './sessions.ts';
import { directionNumber } from './wire.ts';

/** The layout of a request, and the session that it uses. */
export interface RequestMode {
  revision1: boolean;
  /**
   * Whether the service's stateless mode was negotiated, which needs REVISION_1. All requests of the service then have the stateless
   * layout, in session mode too.
   */
  statelessLayout: boolean;
  /** The session; left out, the request is in stateless mode and carries the session's parameters. */
  session?: bigint;
}

/** A request's chain: the buffers that the device may read, and the lengths of the buffers that it may write, the status last. */
export interface OperationChain {
  readable: Uint8Array[];
  writable: number[];
  /** Whether the result may be shorter than its buffer: the used element then says how long it is. */
  measured?: true;
}

export interface CipherData {
  iv: Uint8Array;
  data: Uint8Array;
}

export interface AeadData {
  iv: Uint8Array;
  aad?: Uint8Array;
  /** The text. For decryption: the ciphertext, followed by the tag. */
  data: Uint8Array;
}

/** A window of the source. */
export interface Window {
  /** Offset of its first byte in the source. Default 0. */
  start?: number;
  /** Length in bytes. Default: up to the end of the source. */
  length?: number;
}

/** The content of a chained request in an open session. */
export interface ChainData {
  /** The cipher's IV or initial counter. */
  iv: Uint8Array;
  data: Uint8Array;
  /** Data that is hashed in front of the window. Default: none. */
  aad?: Uint8Array;
  /** The bytes of `data` that the cipher covers. Default: all. */
  cipherWindow?: Window;
  /** The bytes of `data` that the hash or MAC covers. Default: all. */
  hashWindow?: Window;
}

/** struct virtio_crypto_op_header (5.9.7.3). */
function headerOf(opcode: number, algo: number, { session }: RequestMode) {
  if (session === undefined) return { opcode, algo };
  return { opcode, algo, session_id: session, flag: spec.FLAG_SESSION_MODE };
}

/** Whether a request carries its own parameters and keys. */
const isStateless = ({ statelessLayout, session }: RequestMode): boolean => statelessLayout && session === undefined;

/** Every data request ends in struct virtio_crypto_inhdr. */
function chainOf({ header, readable, writable }: EncodedRequest): OperationChain {
  return { readable: [header, ...readable], writable: [...writable, spec.STATUS_BYTES] };
}

/** VIRTIO_CRYPTO_CIPHER_ENCRYPT or _DECRYPT of one cipher (5.9.7.6). Writable: dst_data, status. */
export function cipherOperation(
  { algorithm, direction, key }: CipherSession,
  { iv, data }: CipherData,
  mode: RequestMode,
): OperationChain {
  const algo = CIPHER_ALGORITHMS[algorithm];
  const opcode = direction === 'encrypt' ? spec.CIPHER_ENCRYPT : spec.CIPHER_DECRYPT;
  const stateless = isStateless(mode);
  const own = stateless ? { 'sess_para.algo': algo, 'sess_para.op': directionNumber(direction) } : {};
  return chainOf(
    encode(mode.statelessLayout ? CIPHER_STATELESS : CIPHER_DATA, mode.revision1, {
      header: headerOf(opcode, algo, mode),
      fields: { op_type: spec.SYM_OP_CIPHER, ...own },
      readable: { iv, src_data: data, ...(stateless ? { cipher_key: key } : {}) },
      writable: { dst_data: data.length },
    }),
  );
}

/** VIRTIO_CRYPTO_HASH or VIRTIO_CRYPTO_MAC (5.9.7.4, 5.9.7.5). Writable: hash_result, status. */
export function authOperation(
  parameters: HashSession | MacSession,
  data: Uint8Array,
  resultLength: number,
  mode: RequestMode,
): OperationChain {
  const stateless = isStateless(mode);
  const writable = { hash_result: resultLength };
  if (parameters.service === 'hash') {
    const algo = HASH_ALGORITHMS[parameters.algorithm];
    return chainOf(
      encode(mode.statelessLayout ? HASH_STATELESS : HASH_DATA, mode.revision1, {
        header: headerOf(spec.HASH, algo, mode),
        fields: stateless ? { 'sess_para.algo': algo } : {},
        readable: { src_data: data },
        writable,
      }),
    );
  }
  const algo = MAC_ALGORITHMS[parameters.algorithm];
  return chainOf(
    encode(mode.statelessLayout ? MAC_STATELESS : MAC_DATA, mode.revision1, {
      header: headerOf(spec.MAC, algo, mode),
      fields: stateless ? { 'sess_para.algo': algo } : {},
      readable: { src_data: data, ...(stateless ? { auth_key: parameters.key } : {}) },
      writable,
    }),
  );
}

/** VIRTIO_CRYPTO_AEAD_ENCRYPT or _DECRYPT (5.9.7.7). Writable: dst_data, status. */
export function aeadOperation(parameters: AeadSession, request: AeadData, mode: RequestMode): OperationChain {
  const { algorithm, direction, key, tagLength = 16 } = parameters;
  const { iv, aad = new Uint8Array(), data } = request;
  const encrypts = direction === 'encrypt';
  const algo = AEAD_ALGORITHMS[algorithm];
  const stateless = isStateless(mode);
  const own = stateless ? { 'sess_para.algo': algo, 'sess_para.op': directionNumber(direction) } : {};
  return chainOf(
    encode(mode.statelessLayout ? AEAD_STATELESS : AEAD_DATA, mode.revision1, {
      header: headerOf(encrypts ? spec.AEAD_ENCRYPT : spec.AEAD_DECRYPT, algo, mode),
      // iv_len is the length of the nonce. CCM's iv field is longer.
      fields: { iv_len: iv.length, tag_len: tagLength, ...own },
      readable: {
        iv: algorithm === 'ccm' ? ccmField(iv) : iv,
        src_data: data,
        aad,
        ...(stateless ? { key } : {}),
      },
      writable: { dst_data: encrypts ? data.length + tagLength : Math.max(0, data.length - tagLength) },
    }),
  );
}

export type AkcipherOperation = 'encrypt' | 'decrypt' | 'sign' | 'verify';

/** The content of an asymmetric request. */
export interface AkcipherData {
  operation: AkcipherOperation;
  /** The source. To sign and to verify: the signed value, usually a digest. */
  data: Uint8Array;
  /** The signature to verify. Default: none. */
  signature?: Uint8Array;
  /** Room for the result in bytes. Nothing comes back from verification. */
  length: number;
}

const AKCIPHER_OPCODES: Readonly<Record<AkcipherOperation, number>> = {
  encrypt: spec.AKCIPHER_ENCRYPT,
  decrypt: spec.AKCIPHER_DECRYPT,
  sign: spec.AKCIPHER_SIGN,
  verify: spec.AKCIPHER_VERIFY,
};

/** VIRTIO_CRYPTO_AKCIPHER_* (5.9.7.8). Writable: dst_data, unless it verifies; status. */
export function akcipherOperation(
  parameters: AkcipherSession,
  { operation, data, signature = new Uint8Array(), length }: AkcipherData,
  mode: RequestMode,
): OperationChain {
  const header = headerOf(AKCIPHER_OPCODES[operation], AKCIPHER_ALGORITHMS[parameters.algorithm], mode);
  const verifies = operation === 'verify';
  const source = verifies ? { 'src_data (signature)': signature, 'src_data (signed data)': data } : { src_data: data };
  const readable = { ...(isStateless(mode) ? { akcipher_key: parameters.key } : {}), ...source };
  const writable = verifies ? {} : { dst_data: length };
  const chain = chainOf(
    encode(akcipherLayout(parameters, verifies, mode), mode.revision1, {
      ...{ header, readable, writable },
      fields: isStateless(mode) ? akcipherFields(parameters) : {},
    }),
  );
  return verifies ? chain : { ...chain, measured: true };
}

function akcipherLayout({ algorithm }: AkcipherSession, verifies: boolean, { statelessLayout }: RequestMode): Layout {
  if (!statelessLayout) return verifies ? AKCIPHER_VERIFY_DATA : AKCIPHER_DATA;
  if (algorithm === 'ecdsa') return verifies ? ECDSA_VERIFY_STATELESS : ECDSA_STATELESS;
  return verifies ? RSA_VERIFY_STATELESS : RSA_STATELESS;
}

/** The parameters of a stateless request (5.9.7.8). */
function akcipherFields(parameters: AkcipherSession): Record<string, number> {
  const { algorithm, keyType, padding = 'raw', hash = 'none', curve = 'p-256' } = parameters;
  const fields = { 'sess_para.algo': AKCIPHER_ALGORITHMS[algorithm], 'sess_para.key_type': KEY_TYPES[keyType] };
  if (algorithm === 'ecdsa') return { ...fields, 'sess_para.curve_id': ECDSA_CURVES[curve] };
  return { ...fields, 'sess_para.padding_algo': RSA_PADDINGS[padding], 'sess_para.hash_algo': RSA_HASHES[hash] };
}

/** The content of an IPSEC request. */
export interface IpsecData {
  direction: 'outbound' | 'inbound';
  /** The whole packet. */
  data: Uint8Array;
  /** Room for the result in bytes. */
  length: number;
}

/** VIRTIO_CRYPTO_IPSEC_OUTBOUND or _INBOUND (5.9.7.9). The session is a security association's id. Writable: dst_data, status. */
export function ipsecOperation({ direction, data, length }: IpsecData, mode: RequestMode): OperationChain {
  const header = headerOf(direction === 'outbound' ? spec.IPSEC_OUTBOUND : spec.IPSEC_INBOUND, 0, mode);
  const content = { header, readable: { src_data: data }, writable: { dst_data: length } };
  return { ...chainOf(encode(IPSEC_DATA, mode.revision1, content)), measured: true };
}

/** CCM's nonce lies in a field of 16 bytes, after one reserved byte (5.9.7.7). */
function ccmField(nonce: Uint8Array): Uint8Array {
  const field = new Uint8Array(spec.CCM_IV_BYTES);
  field.set(nonce.subarray(0, spec.CCM_IV_BYTES - 1), 1);
  return field;
}

/** VIRTIO_CRYPTO_CIPHER_ENCRYPT or _DECRYPT of a chain (5.9.7.6). Writable: dst_data, hash_result, status. */
export function chainOperation(
  parameters: ChainSession,
  request: ChainData,
  resultLength: number,
  mode: RequestMode,
): OperationChain {
  const { cipher, direction } = parameters;
  const { iv, data, aad = new Uint8Array() } = request;
  const cipherWindow = windowOf(request.cipherWindow, data.length);
  const hashWindow = windowOf(request.hashWindow, data.length);
  const algo = CIPHER_ALGORITHMS[cipher.algorithm];
  const opcode = direction === 'encrypt' ? spec.CIPHER_ENCRYPT : spec.CIPHER_DECRYPT;
  const stateless = isStateless(mode);
  return chainOf(
    encode(chainLayout(mode), mode.revision1, {
      header: headerOf(opcode, algo, mode),
      fields: {
        cipher_start_src_offset: cipherWindow.start,
        len_to_cipher: cipherWindow.length,
        hash_start_src_offset: hashWindow.start,
        len_to_hash: hashWindow.length,
        op_type: spec.SYM_OP_ALGORITHM_CHAINING,
        ...(stateless ? chainParameters(parameters, aad.length) : {}),
      },
      readable: { iv, src_data: data, aad, ...(stateless ? chainKeys(parameters) : {}) },
      writable: { dst_data: data.length, hash_result: resultLength },
    }),
  );
}

function chainLayout({ revision1, statelessLayout }: RequestMode) {
  if (statelessLayout) return CHAIN_STATELESS;
  return revision1 ? CHAIN_DATA : CHAIN_DATA_LEGACY;
}

/** sess_para of struct virtio_crypto_alg_chain_data_flf_stateless, without the lengths of its keys. */
function chainParameters(parameters: ChainSession, aadLength: number) {
  const { cipher, direction } = parameters;
  const { order, mode, hash } = chainNumbers(parameters);
  return {
    'sess_para.alg_chain_order': order,
    'sess_para.aad_len': aadLength,
    'sess_para.cipher.algo': CIPHER_ALGORITHMS[cipher.algorithm],
    'sess_para.cipher.op': directionNumber(direction),
    'sess_para.hash.algo': hash,
    'sess_para.hash.hash_mode': mode,
  };
}

function windowOf({ start = 0, length }: Window = {}, bytes: number): Required<Window> {
  return { start, length: length ?? Math.max(0, bytes - start) };
}

/** The bit number of the feature that allows stateless requests of a session's service (5.9.3). */
export function statelessFeature(parameters: Pick<SessionParameters, 'service'>): number {
  return SERVICES[serviceOf(parameters)].statelessMode;
}
