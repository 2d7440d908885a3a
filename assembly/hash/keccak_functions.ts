/** A round constant of Keccak from its seven bits: the positions 0, 1, 3, 7, 15, 31, 63 (FIPS 202 section 3.2.5). */
@inline export function constant(bits: u64): u64 {
  return (
    (bits & 3) | ((bits & 4) << 1) | ((bits & 8) << 4) | ((bits & 16) << 11) | ((bits & 32) << 26) | ((bits & 64) << 57)
  );
}
