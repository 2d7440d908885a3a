// Data requests as a driver sends them (5.9.7.3), in the three layouts: legacy, REVISION_1, and that of a service whose stateless
// mode was negotiated.
import * as spec from '../../spec/crypto.ts';
import {
  AEAD_ALGORITHMS,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
  SERVICES,
  type ServiceName,
} from '../../spec/names.ts';
import {
  type AeadSession,
  type ChainSession,
  type CipherSession,
  chainNumbers,
  type HashSession,
  type MacSession,
  serviceOf,
  sessionKeys,
} from './sessions.ts';
import { directionNumber, type Field, fieldsOf } from './wire.ts';

/** How a request is laid out, and whose keys it uses. */
export interface RequestMode {
  revision1: boolean;
  /** Whether the service's stateless mode was negotiated: the layout then is another one, for requests in session mode too. */
  statelessLayout: boolean;
  /** The session; left out, the request is in stateless mode and carries the session's parameters. */
  session?: bigint;
}

/** A request's chain: buffers that the device may read, and lengths of those that it may write, the status last. */
export interface OperationChain {
  readable: Uint8Array[];
  writable: number[];
}

export interface CipherData {
  iv: Uint8Array;
  data: Uint8Array;
}

export interface AeadData {
  iv: Uint8Array;
  aad?: Uint8Array;
  /** Decryption: the ciphertext, then the tag. */
  data: Uint8Array;
}

/** A window of the source; left out, start is 0 and length all that follows. */
export interface Window {
  start?: number;
  length?: number;
}

export interface ChainData {
  iv: Uint8Array;
  data: Uint8Array;
  aad?: Uint8Array;
  cipherWindow?: Window;
  hashWindow?: Window;
}

const STATUS = spec.STATUS_BYTES;
const present = (parts: readonly Uint8Array[]) => parts.filter((part) => part.length > 0);
const notEmpty = (lengths: readonly number[]) => lengths.filter((length) => length > 0);

function header(service: ServiceName, operation: number, mode: RequestMode, bytes: Sizes, fields: readonly Field[]) {
  const { revision1, statelessLayout, session } = mode;
  const size = !revision1 ? spec.DATA_LEGACY_BYTES : statelessLayout ? bytes.stateless : bytes.session;
  const written = fieldsOf(size, [
    [spec.DATA_OPCODE, (SERVICES[service] << 8) | operation],
    ...(session === undefined ? [] : [[spec.DATA_FLAG, spec.FLAG_SESSION_MODE] as const]),
    ...fields,
  ]);
  if (session !== undefined) new DataView(written.buffer).setBigUint64(spec.DATA_SESSION_ID, session, true);
  return written;
}

interface Sizes {
  session: number;
  stateless: number;
}
const SYM: Sizes = { session: spec.DATA_SYM_BYTES, stateless: spec.DATA_SYM_STATELESS_BYTES };
const AUTH: Sizes = { session: spec.DATA_AUTH_BYTES, stateless: spec.DATA_AUTH_STATELESS_BYTES };
const AEAD: Sizes = { session: spec.DATA_AEAD_BYTES, stateless: spec.DATA_AEAD_STATELESS_BYTES };

/** VIRTIO_CRYPTO_CIPHER_ENCRYPT or _DECRYPT of one cipher (5.9.7.6). Writable: dst_data, status. */
export function cipherOperation(
  parameters: CipherSession,
  { iv, data }: CipherData,
  mode: RequestMode,
): OperationChain {
  const algo = CIPHER_ALGORITHMS[parameters.algorithm];
  const stateless = mode.session === undefined;
  const lengths: Field[] = mode.statelessLayout
    ? [
        [spec.STATELESS_CIPHER_IV_LEN, iv.length],
        [spec.STATELESS_CIPHER_IV_LEN + 4, data.length],
        [spec.STATELESS_CIPHER_IV_LEN + 8, data.length],
        [spec.STATELESS_SYM_OP_TYPE, spec.SYM_OP_CIPHER],
      ]
    : [
        [spec.DATA_CIPHER_IV_LEN, iv.length],
        [spec.DATA_CIPHER_SRC_LEN, data.length],
        [spec.DATA_CIPHER_DST_LEN, data.length],
        [spec.DATA_SYM_OP_TYPE, spec.SYM_OP_CIPHER],
      ];
  const own: Field[] = [
    [spec.STATELESS_CIPHER_ALGO, algo],
    [spec.STATELESS_CIPHER_KEY_LEN, parameters.key.length],
    [spec.STATELESS_CIPHER_OP, directionNumber(parameters.direction)],
  ];
  const fields: Field[] = [[spec.DATA_ALGO, algo], ...lengths, ...(stateless ? own : [])];
  const operation = parameters.direction === 'encrypt' ? 0 : 1;
  return {
    readable: present([header('cipher', operation, mode, SYM, fields), ...keysOf(parameters, stateless), iv, data]),
    writable: notEmpty([data.length, STATUS]),
  };
}

/** VIRTIO_CRYPTO_HASH or VIRTIO_CRYPTO_MAC (5.9.7.4, 5.9.7.5). Writable: hash_result, status. */
export function authOperation(
  parameters: HashSession | MacSession,
  data: Uint8Array,
  resultLength: number,
  mode: RequestMode,
): OperationChain {
  const isMac = parameters.service === 'mac';
  const algo = isMac ? MAC_ALGORITHMS[parameters.algorithm] : HASH_ALGORITHMS[parameters.algorithm];
  const stateless = mode.session === undefined;
  const at = mode.statelessLayout
    ? isMac
      ? spec.STATELESS_MAC_SRC_LEN
      : spec.STATELESS_HASH_SRC_LEN
    : spec.DATA_AUTH_SRC_LEN;
  const own: Field[] = isMac
    ? [
        [spec.STATELESS_MAC_ALGO, algo],
        [spec.STATELESS_MAC_KEY_LEN, parameters.key.length],
      ]
    : [[spec.STATELESS_HASH_ALGO, algo]];
  const fields: Field[] = [
    [spec.DATA_ALGO, algo],
    [at, data.length],
    [at + 4, resultLength],
    ...(stateless ? own : []),
  ];
  return {
    readable: present([header(parameters.service, 0, mode, AUTH, fields), ...keysOf(parameters, stateless), data]),
    writable: notEmpty([resultLength, STATUS]),
  };
}

/** VIRTIO_CRYPTO_AEAD_ENCRYPT or _DECRYPT (5.9.7.7). Writable: dst_data, status. */
export function aeadOperation(parameters: AeadSession, request: AeadData, mode: RequestMode): OperationChain {
  const { iv, aad = new Uint8Array(), data } = request;
  const tagBytes = parameters.tagLength ?? 16;
  const encrypt = parameters.direction === 'encrypt';
  const resultBytes = encrypt ? data.length + tagBytes : Math.max(0, data.length - tagBytes);
  const algo = AEAD_ALGORITHMS[parameters.algorithm];
  const stateless = mode.session === undefined;
  const lengths: Field[] = mode.statelessLayout
    ? [
        [spec.STATELESS_AEAD_IV_LEN, iv.length],
        [spec.STATELESS_AEAD_TAG_LEN, tagBytes],
        [spec.STATELESS_AEAD_AAD_LEN, aad.length],
        [spec.STATELESS_AEAD_SRC_LEN, data.length],
        [spec.STATELESS_AEAD_DST_LEN, resultBytes],
      ]
    : [
        [spec.DATA_AEAD_IV_LEN, iv.length],
        [spec.DATA_AEAD_AAD_LEN, aad.length],
        [spec.DATA_AEAD_SRC_LEN, data.length],
        [spec.DATA_AEAD_DST_LEN, resultBytes],
        [spec.DATA_AEAD_TAG_LEN, tagBytes],
      ];
  const own: Field[] = [
    [spec.STATELESS_AEAD_ALGO, algo],
    [spec.STATELESS_AEAD_KEY_LEN, parameters.key.length],
    [spec.STATELESS_AEAD_OP, directionNumber(parameters.direction)],
  ];
  const fields: Field[] = [[spec.DATA_ALGO, algo], ...lengths, ...(stateless ? own : [])];
  const written = header('aead', encrypt ? 0 : 1, mode, AEAD, fields);
  const ivField = parameters.algorithm === 'ccm' ? ccmField(iv) : iv;
  return {
    readable: present([written, ...keysOf(parameters, stateless), ivField, data, aad]),
    writable: notEmpty([resultBytes, STATUS]),
  };
}

/** CCM's nonce stands in 16 bytes, behind one that is reserved (5.9.7.7). */
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
  const { iv, data, aad = new Uint8Array() } = request;
  const { cipher, hash, direction } = parameters;
  const stateless = mode.session === undefined;
  const cipherWindow = windowOf(request.cipherWindow, data.length);
  const hashWindow = windowOf(request.hashWindow, data.length);
  const at = mode.statelessLayout ? spec.STATELESS_CHAIN_IV_LEN : spec.DATA_CHAIN_IV_LEN;
  const lengths = [
    iv.length,
    data.length,
    data.length,
    cipherWindow.start,
    cipherWindow.length,
    hashWindow.start,
    hashWindow.length,
    aad.length,
    resultLength,
  ];
  const algo = CIPHER_ALGORITHMS[cipher.algorithm];
  const numbers = chainNumbers(parameters);
  const own: Field[] = [
    [spec.STATELESS_CHAIN_ORDER, numbers.order],
    [spec.STATELESS_CHAIN_ORDER + 4, aad.length],
    [spec.STATELESS_CHAIN_CIPHER_ALGO, algo],
    [spec.STATELESS_CHAIN_CIPHER_KEY_LEN, cipher.key.length],
    [spec.STATELESS_CHAIN_CIPHER_OP, directionNumber(direction)],
    [spec.STATELESS_CHAIN_AUTH_ALGO, numbers.hash],
    [spec.STATELESS_CHAIN_AUTH_KEY_LEN, hash.mode === 'plain' ? 0 : hash.key.length],
    [spec.STATELESS_CHAIN_HASH_MODE, numbers.mode],
  ];
  const fields: Field[] = [
    [spec.DATA_ALGO, algo],
    ...lengths.map((length, i) => [at + 4 * i, length] as const),
    [mode.statelessLayout ? spec.STATELESS_SYM_OP_TYPE : spec.DATA_SYM_OP_TYPE, spec.SYM_OP_ALGORITHM_CHAINING],
    ...(stateless ? own : []),
  ];
  const written = header('cipher', direction === 'encrypt' ? 0 : 1, mode, SYM, fields);
  // The order of QEMU and DPDK in the legacy layout, and of the specification's stateless mode: aad before the source.
  const parts = mode.statelessLayout || !mode.revision1 ? [aad, data] : [data, aad];
  return {
    readable: present([written, ...keysOf(parameters, stateless), iv, ...parts]),
    writable: notEmpty([data.length, resultLength, STATUS]),
  };
}

function windowOf({ start = 0, length }: Window = {}, bytes: number): Required<Window> {
  return { start, length: length ?? Math.max(0, bytes - start) };
}

function keysOf(
  parameters: CipherSession | HashSession | MacSession | AeadSession | ChainSession,
  stateless: boolean,
): Uint8Array[] {
  return stateless ? sessionKeys(parameters) : [];
}

/** The feature of a session's service that lets its requests be stateless (5.9.3), as a bit number. */
export function statelessFeature(parameters: { service: ServiceName | 'chain' }): number {
  return spec.F_STATELESS_MODE + SERVICES[serviceOf(parameters)];
}
