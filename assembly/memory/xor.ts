/**
 * The sum without carries of two pieces of memory.
 * @param dst result: apart from a and b, or the same address as one of them
 * @param bytes length of all three
 */
export function xorBytes(dst: usize, a: usize, b: usize, bytes: usize): void {
  let at: usize = 0;
  for (const whole = bytes & ~15; at != whole; at += 16) {
    v128.store(dst + at, v128.xor(v128.load(a + at), v128.load(b + at)));
  }
  if (bytes & 8) {
    store<u64>(dst + at, load<u64>(a + at) ^ load<u64>(b + at));
    at += 8;
  }
  if (bytes & 4) {
    store<u32>(dst + at, load<u32>(a + at) ^ load<u32>(b + at));
    at += 4;
  }
  if (bytes & 2) {
    store<u16>(dst + at, load<u16>(a + at) ^ load<u16>(b + at));
    at += 2;
  }
  if (bytes & 1) store<u8>(dst + at, load<u8>(a + at) ^ load<u8>(b + at));
}
