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
