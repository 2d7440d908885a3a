// The functions of SHA-256 on words (FIPS 180-4 section 4.1.2). Rotations are nested, which needs fewer registers.

@inline export function bigSigma0(x: u32): u32 {
  return rotr<u32>(x ^ rotr<u32>(x ^ rotr<u32>(x, 9), 11), 2);
}

@inline export function bigSigma1(x: u32): u32 {
  return rotr<u32>(x ^ rotr<u32>(x ^ rotr<u32>(x, 14), 5), 6);
}

@inline export function smallSigma0(x: u32): u32 {
  return rotr<u32>(x ^ rotr<u32>(x, 11), 7) ^ (x >> 3);
}

@inline export function smallSigma1(x: u32): u32 {
  return rotr<u32>(x ^ rotr<u32>(x, 2), 17) ^ (x >> 10);
}

@inline export function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}
