// The functions of SHA-512 on words (FIPS 180-4 section 4.1.3). Rotations are nested, which needs fewer registers.

@inline export function bigSigma0(x: u64): u64 {
  return rotr<u64>(x ^ rotr<u64>(x ^ rotr<u64>(x, 5), 6), 28);
}

@inline export function bigSigma1(x: u64): u64 {
  return rotr<u64>(x ^ rotr<u64>(x ^ rotr<u64>(x, 23), 4), 14);
}

@inline export function smallSigma0(x: u64): u64 {
  return rotr<u64>(x ^ rotr<u64>(x, 7), 1) ^ (x >> 7);
}

@inline export function smallSigma1(x: u64): u64 {
  return rotr<u64>(x ^ rotr<u64>(x, 42), 19) ^ (x >> 6);
}

@inline export function choose(x: u64, y: u64, z: u64): u64 {
  return z ^ (x & (y ^ z));
}
