import * as spec from '../../spec/crypto.ts';

export type Direction = 'encrypt' | 'decrypt';

/** VIRTIO_CRYPTO_OP_*. */
export const DIRECTIONS: Readonly<Record<Direction, number>> = {
  encrypt: spec.DIRECTION_ENCRYPT,
  decrypt: spec.DIRECTION_DECRYPT,
};

/** VIRTIO_CRYPTO_OP_*. */
export function directionNumber(direction: Direction): number {
  return DIRECTIONS[direction];
}

/** A le32 field of a header: where it stands, and its value. */
export type Field = readonly [offset: number, value: number];

/** A header of `bytes` with these fields, zeros elsewhere. Fields that stand behind its end are left out. */
export function fieldsOf(bytes: number, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(bytes));
  for (const [offset, value] of fields) if (offset < bytes) view.setUint32(offset, value, true);
  return new Uint8Array(view.buffer);
}
