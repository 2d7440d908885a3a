// The auxiliary functions of MD5 (RFC 1321 section 3.4).

@inline export function f(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}
// The two halves share no bit, so a sum will do, and only one of them waits for x, which is known last.
@inline export function g(x: u32, y: u32, z: u32): u32 {
  return (y & ~z) + (x & z);
}

@inline export function h(x: u32, y: u32, z: u32): u32 {
  return x ^ (y ^ z);
}

@inline export function i(x: u32, y: u32, z: u32): u32 {
  return y ^ (x | ~z);
}
