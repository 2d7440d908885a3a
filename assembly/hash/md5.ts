// MD5 (RFC 1321).

export { md5Blocks } from '../generated/md5_rounds';

/** The words before the first block (section 3.3). */
export function md5Init(state: usize): void {
  store<u32>(state, 0x67452301, 0);
  store<u32>(state, 0xefcdab89, 4);
  store<u32>(state, 0x98badcfe, 8);
  store<u32>(state, 0x10325476, 12);
}
