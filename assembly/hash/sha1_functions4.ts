// The functions of SHA-1 (FIPS 180-4 section 4.1.1) on one word of each of four messages.

@inline export function choose(x: v128, y: v128, z: v128): v128 {
  return v128.xor(z, v128.and(x, v128.xor(y, z)));
}

@inline export function parity(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(x, y), z);
}

@inline export function majority(x: v128, y: v128, z: v128): v128 {
  return v128.or(v128.and(y, z), v128.and(x, v128.xor(y, z)));
}

@inline export function rotateLeft(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}
