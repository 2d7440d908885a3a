// The functions of SHA-1 on words (FIPS 180-4 section 4.1.1).

@inline export function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

@inline export function parity(x: u32, y: u32, z: u32): u32 {
  return x ^ y ^ z;
}
// The two terms share no bit, so an addition can join them, and the processor may add in any order.
@inline export function majority(x: u32, y: u32, z: u32): u32 {
  return (y & z) + (x & (y ^ z));
}
