// CIPHER requests by hand, in the legacy layout (5.9.7): headers of 72 bytes. They are written apart from the reference driver, which
// has another way to lay requests out.
import * as spec from '../../spec/crypto.ts';
import type { Direction } from '../../src/driver/index.ts';

const DIRECTIONS = { encrypt: spec.DIRECTION_ENCRYPT, decrypt: spec.DIRECTION_DECRYPT } as const;

/** A header of `bytes` with these le32 fields by their offsets, and a le64 one. */
function headerOf(bytes: number, fields: Record<number, number>, session?: { at: number; id: bigint }): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  for (const [offset, value] of Object.entries(fields)) view.setUint32(Number(offset), value, true);
  if (session) view.setBigUint64(session.at, session.id, true);
  return new Uint8Array(view.buffer);
}

/** VIRTIO_CRYPTO_CIPHER_CREATE_SESSION: header and parameters; the key follows as a buffer of its own. */
export function createCipherSession(algo: number, keyBytes: number, direction: Direction): Uint8Array {
  return headerOf(spec.CTRL_LEGACY_BYTES, {
    [spec.CTRL_OPCODE]: spec.CIPHER_CREATE_SESSION,
    [spec.CTRL_ALGO]: algo,
    [spec.CTRL_CIPHER_ALGO]: algo,
    [spec.CTRL_CIPHER_KEY_LEN]: keyBytes,
    [spec.CTRL_CIPHER_OP]: DIRECTIONS[direction],
    [spec.CTRL_SYM_OP_TYPE]: spec.SYM_OP_CIPHER,
  });
}

/** VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION. */
export function destroyCipherSession(id: bigint): Uint8Array {
  const fields = { [spec.CTRL_OPCODE]: spec.CIPHER_DESTROY_SESSION };
  return headerOf(spec.CTRL_LEGACY_BYTES, fields, { at: spec.CTRL_DESTROY_SESSION_ID, id });
}

/** VIRTIO_CRYPTO_CIPHER_ENCRYPT or _DECRYPT in session mode: header and lengths; IV and source follow. */
export function cipherRequest(
  id: bigint,
  algo: number,
  direction: Direction,
  lengths: { iv: number; source: number; destination: number },
): Uint8Array {
  const fields = {
    [spec.DATA_OPCODE]: direction === 'encrypt' ? spec.CIPHER_ENCRYPT : spec.CIPHER_DECRYPT,
    [spec.DATA_ALGO]: algo,
    [spec.DATA_CIPHER_IV_LEN]: lengths.iv,
    [spec.DATA_CIPHER_SRC_LEN]: lengths.source,
    [spec.DATA_CIPHER_DST_LEN]: lengths.destination,
    [spec.DATA_SYM_OP_TYPE]: spec.SYM_OP_CIPHER,
  };
  return headerOf(spec.DATA_LEGACY_BYTES, fields, { at: spec.DATA_SESSION_ID, id });
}
