// The auxiliary functions of MD5 (RFC 1321 section 3.4).

@inline export function f(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}
// The two terms share no bit, so an addition can join them. Only one term waits for x, which is known last.
@inline export function g(x: u32, y: u32, z: u32): u32 {
  return (y & ~z) + (x & z);
}

@inline export function h(x: u32, y: u32, z: u32): u32 {
  return x ^ (y ^ z);
}

@inline export function i(x: u32, y: u32, z: u32): u32 {
  return y ^ (x | ~z);
}
