// The functions of SHA-256 (FIPS 180-4 section 4.1.2) on one word of each of four messages. WebAssembly's vectors have
// no rotation, so every rotation is two shifts. Nested rotations would only make the path longer.

@inline export function bigSigma0(x: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(x, 2), i32x4.shl(x, 30)), v128.xor(i32x4.shr_u(x, 13), i32x4.shl(x, 19))),
    v128.xor(i32x4.shr_u(x, 22), i32x4.shl(x, 10)),
  );
}

@inline export function bigSigma1(x: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(x, 6), i32x4.shl(x, 26)), v128.xor(i32x4.shr_u(x, 11), i32x4.shl(x, 21))),
    v128.xor(i32x4.shr_u(x, 25), i32x4.shl(x, 7)),
  );
}

@inline export function smallSigma0(x: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(x, 7), i32x4.shl(x, 25)), v128.xor(i32x4.shr_u(x, 18), i32x4.shl(x, 14))),
    i32x4.shr_u(x, 3),
  );
}

@inline export function smallSigma1(x: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(x, 17), i32x4.shl(x, 15)), v128.xor(i32x4.shr_u(x, 19), i32x4.shl(x, 13))),
    i32x4.shr_u(x, 10),
  );
}

@inline export function choose(x: v128, y: v128, z: v128): v128 {
  return v128.xor(z, v128.and(x, v128.xor(y, z)));
}
