// The requests of the crypto device as a driver writes them, in the legacy layout (5.9.7): 72-byte headers.
import * as spec from '../../spec/crypto.ts';
import { type Direction, directionNumber, fieldsOf } from './wire.ts';

export { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../../spec/names.ts';
export type { Direction };

/** Status of an operation (5.9.7.1), as this driver names it. */
export type Status = 'ok' | 'err' | 'badmsg' | 'notsupp' | 'invsess' | 'nospc' | 'key-rejected';

const STATUS_NAMES: Record<number, Status> = {
  [spec.CRYPTO_OK]: 'ok',
  [spec.CRYPTO_ERR]: 'err',
  [spec.CRYPTO_BADMSG]: 'badmsg',
  [spec.CRYPTO_NOTSUPP]: 'notsupp',
  [spec.CRYPTO_INVSESS]: 'invsess',
  [spec.CRYPTO_NOSPC]: 'nospc',
  [spec.CRYPTO_KEY_REJECTED]: 'key-rejected',
};

/** @throws Error for a number that the specification does not define */
export function statusName(status: number): Status {
  const name = STATUS_NAMES[status];
  if (!name) throw new Error(`The device answered with status ${status}, which the specification does not define.`);
  return name;
}

/** VIRTIO_CRYPTO_CIPHER_CREATE_SESSION: header and parameters; the key follows as a buffer of its own. */
export function createCipherSession(algo: number, keyBytes: number, direction: Direction): Uint8Array {
  return fieldsOf(spec.CTRL_LEGACY_BYTES, [
    [spec.CTRL_OPCODE, spec.CIPHER_CREATE_SESSION],
    [spec.CTRL_ALGO, algo],
    [spec.CTRL_CIPHER_ALGO, algo],
    [spec.CTRL_CIPHER_KEY_LEN, keyBytes],
    [spec.CTRL_CIPHER_OP, directionNumber(direction)],
    [spec.CTRL_SYM_OP_TYPE, spec.SYM_OP_CIPHER],
  ]);
}

/** VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION. */
export function destroyCipherSession(sessionId: bigint): Uint8Array {
  const header = fieldsOf(spec.CTRL_LEGACY_BYTES, [[spec.CTRL_OPCODE, spec.CIPHER_DESTROY_SESSION]]);
  new DataView(header.buffer).setBigUint64(spec.CTRL_DESTROY_SESSION_ID, sessionId, true);
  return header;
}

/** VIRTIO_CRYPTO_CIPHER_ENCRYPT or _DECRYPT in session mode: header and lengths; IV and source follow. */
export function cipherRequest(
  sessionId: bigint,
  algo: number,
  direction: Direction,
  lengths: { iv: number; source: number; destination: number },
): Uint8Array {
  const header = fieldsOf(spec.DATA_LEGACY_BYTES, [
    [spec.DATA_OPCODE, direction === 'encrypt' ? spec.CIPHER_ENCRYPT : spec.CIPHER_DECRYPT],
    [spec.DATA_ALGO, algo],
    [spec.DATA_CIPHER_IV_LEN, lengths.iv],
    [spec.DATA_CIPHER_SRC_LEN, lengths.source],
    [spec.DATA_CIPHER_DST_LEN, lengths.destination],
    [spec.DATA_SYM_OP_TYPE, spec.SYM_OP_CIPHER],
  ]);
  new DataView(header.buffer).setBigUint64(spec.DATA_SESSION_ID, sessionId, true);
  return header;
}
