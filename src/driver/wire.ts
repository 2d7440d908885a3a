import * as spec from '../../spec/crypto.ts';

/** The direction of a cipher or an AEAD. */
export type Direction = 'encrypt' | 'decrypt';

/** The directions with their numbers, VIRTIO_CRYPTO_OP_*. */
export const DIRECTIONS: Readonly<Record<Direction, number>> = {
  encrypt: spec.DIRECTION_ENCRYPT,
  decrypt: spec.DIRECTION_DECRYPT,
};

/** The number of a direction, VIRTIO_CRYPTO_OP_*. */
export function directionNumber(direction: Direction): number {
  return DIRECTIONS[direction];
}
