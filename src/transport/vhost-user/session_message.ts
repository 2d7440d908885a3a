// CREATE_CRYPTO_SESSION: the session as QEMU's structures have it, turned into the control request that a driver would have sent.
import * as crypto from '../../../spec/crypto.ts';
import { ANY_SESSION_BYTES, SYM_SESSION_BYTES, VhostUserError } from './protocol.ts';

/** Offsets in both layouts. The message of 1072 bytes has an opcode where that of 632 bytes has the id of its answer. */
const AT = {
  opcode: 0,
  cipher: 8,
  cipherKeyBytes: 12,
  hash: 16,
  resultBytes: 20,
  authKeyBytes: 24,
  aadBytes: 28,
  opType: 32,
  direction: 33,
  hashMode: 34,
  chainOrder: 35,
  cipherKey: 56,
  authKey: 120,
} as const;
const CIPHER_KEY_BYTES_MAX = 64;
const AUTH_KEY_BYTES_MAX = 512;
/** Offsets for asymmetric sessions. */
const ASYMMETRIC = { algorithm: 8, keyType: 12, keyBytes: 16, padding: 32, hash: 36, key: 40 } as const;
const ASYMMETRIC_KEY_BYTES_MAX = 1024;
/** Where the answer has the session's id: where the message of that size has it. */
const ID_AT: ReadonlyMap<number, number> = new Map([
  [SYM_SESSION_BYTES, 0],
  [ANY_SESSION_BYTES, 1064],
]);

/** A session to be made: the buffers of a control request in the legacy layout, and the request that ends the session. */
export interface SessionRequest {
  readonly readable: readonly Uint8Array[];
  readonly destroy: number;
}

/**
 * Reads the payload of CREATE_CRYPTO_SESSION. Of the keys it makes views of the payload.
 * @throws VhostUserError for a length that the message has no room for
 * @returns undefined for a service that no client sends so, or an operation that there is not: the session is refused
 */
export function parseSessionMessage(payload: DataView<ArrayBuffer>): SessionRequest | undefined {
  const opcode =
    payload.byteLength === SYM_SESSION_BYTES
      ? BigInt(crypto.CIPHER_CREATE_SESSION)
      : payload.getBigUint64(AT.opcode, true);
  if (opcode === BigInt(crypto.AKCIPHER_CREATE_SESSION)) return asymmetric(payload);
  if (opcode !== BigInt(crypto.CIPHER_CREATE_SESSION)) return undefined;
  const opType = payload.getUint8(AT.opType);
  if (opType === crypto.SYM_OP_CIPHER) return cipher(payload);
  return opType === crypto.SYM_OP_ALGORITHM_CHAINING ? chain(payload) : undefined;
}

/** The answer to CREATE_CRYPTO_SESSION, of the same size as the message. @param id the session; negative: refused */
export function sessionAnswer(bytes: number, id: bigint): Uint8Array {
  const answer = new Uint8Array(bytes);
  new DataView(answer.buffer).setBigInt64(ID_AT.get(bytes) ?? 0, id, true);
  return answer;
}

/** The control request that ends a session. */
export function destroyRequest(opcode: number, id: bigint): Uint8Array {
  const header = controlHeader(opcode);
  header.setBigUint64(crypto.CTRL_DESTROY_SESSION_ID, id, true);
  return bytesOf(header);
}

function cipher(payload: DataView<ArrayBuffer>): SessionRequest {
  const key = keyAt(payload, 'key_len', AT.cipherKeyBytes, AT.cipherKey, CIPHER_KEY_BYTES_MAX);
  const header = controlHeader(crypto.CIPHER_CREATE_SESSION);
  const set = (at: number, value: number) => header.setUint32(at, value, true);
  set(crypto.CTRL_CIPHER_ALGO, payload.getUint32(AT.cipher, true));
  set(crypto.CTRL_CIPHER_KEY_LEN, key.length);
  set(crypto.CTRL_CIPHER_OP, payload.getUint8(AT.direction));
  set(crypto.CTRL_SYM_OP_TYPE, crypto.SYM_OP_CIPHER);
  return request(header, crypto.CIPHER_DESTROY_SESSION, key);
}

function chain(payload: DataView<ArrayBuffer>): SessionRequest {
  const key = keyAt(payload, 'key_len', AT.cipherKeyBytes, AT.cipherKey, CIPHER_KEY_BYTES_MAX);
  const authKey = keyAt(payload, 'auth_key_len', AT.authKeyBytes, AT.authKey, AUTH_KEY_BYTES_MAX);
  const header = controlHeader(crypto.CIPHER_CREATE_SESSION);
  const set = (at: number, value: number) => header.setUint32(at, value, true);
  set(crypto.CTRL_CHAIN_ORDER, payload.getUint8(AT.chainOrder));
  set(crypto.CTRL_CHAIN_HASH_MODE, payload.getUint8(AT.hashMode));
  set(crypto.CTRL_CHAIN_CIPHER_ALGO, payload.getUint32(AT.cipher, true));
  set(crypto.CTRL_CHAIN_CIPHER_KEY_LEN, key.length);
  set(crypto.CTRL_CHAIN_CIPHER_OP, payload.getUint8(AT.direction));
  set(crypto.CTRL_CHAIN_AUTH_ALGO, payload.getUint32(AT.hash, true));
  set(crypto.CTRL_CHAIN_RESULT_LEN, payload.getUint32(AT.resultBytes, true));
  set(crypto.CTRL_CHAIN_AUTH_KEY_LEN, authKey.length);
  set(crypto.CTRL_CHAIN_AAD_LEN, payload.getUint32(AT.aadBytes, true));
  set(crypto.CTRL_SYM_OP_TYPE, crypto.SYM_OP_ALGORITHM_CHAINING);
  return request(header, crypto.CIPHER_DESTROY_SESSION, key, authKey);
}

function asymmetric(payload: DataView<ArrayBuffer>): SessionRequest {
  const key = keyAt(payload, 'keylen', ASYMMETRIC.keyBytes, ASYMMETRIC.key, ASYMMETRIC_KEY_BYTES_MAX);
  const header = controlHeader(crypto.AKCIPHER_CREATE_SESSION);
  const set = (at: number, from: number) => header.setUint32(at, payload.getUint32(from, true), true);
  set(crypto.CTRL_AKCIPHER_ALGO, ASYMMETRIC.algorithm);
  set(crypto.CTRL_AKCIPHER_KEY_TYPE, ASYMMETRIC.keyType);
  set(crypto.CTRL_AKCIPHER_KEY_LEN, ASYMMETRIC.keyBytes);
  set(crypto.CTRL_AKCIPHER_PARAMETERS + crypto.RSA_PADDING_ALGO, ASYMMETRIC.padding);
  set(crypto.CTRL_AKCIPHER_PARAMETERS + crypto.RSA_HASH_ALGO, ASYMMETRIC.hash);
  return request(header, crypto.AKCIPHER_DESTROY_SESSION, key);
}

function keyAt(payload: DataView<ArrayBuffer>, field: string, lengthAt: number, at: number, most: number): Uint8Array {
  const bytes = payload.getUint32(lengthAt, true);
  if (bytes > most) throw new VhostUserError(`CREATE_CRYPTO_SESSION: ${field} is ${bytes}, ${most} at most have room.`);
  return new Uint8Array(payload.buffer, payload.byteOffset + at, bytes);
}

function controlHeader(opcode: number): DataView<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(crypto.CTRL_LEGACY_BYTES));
  header.setUint32(crypto.CTRL_OPCODE, opcode, true);
  return header;
}

/** A part of no bytes has no buffer. */
function request(header: DataView<ArrayBuffer>, destroy: number, ...keys: Uint8Array[]): SessionRequest {
  return { readable: [bytesOf(header), ...keys.filter(({ length }) => length > 0)], destroy };
}

function bytesOf(view: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(view.buffer);
}
