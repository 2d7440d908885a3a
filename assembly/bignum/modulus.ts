/** A modulus: this header, the number n, and the number R^2 mod n. */
@unmanaged
export class Modulus {
  limbs: u32;
  bits: u32;
  /** -1 / n modulo two limbs, the lower limb first. A kernel that needs only one makes only that one. */
  inverse: u64;
  nextInverse: u64;
  reserved: u64;
}
export const MODULUS_HEADER_BYTES: usize = 32;

@inline
export function nOf(modulus: Modulus): usize {
  return changetype<usize>(modulus) + MODULUS_HEADER_BYTES;
}
