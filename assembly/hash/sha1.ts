// SHA-1 (FIPS 180-4 section 6.1).

export { sha1Blocks } from '../generated/sha1_rounds';

/** The words before the first block (section 5.3.1). */
export function sha1Init(state: usize): void {
  store<u32>(state, 0x67452301, 0);
  store<u32>(state, 0xefcdab89, 4);
  store<u32>(state, 0x98badcfe, 8);
  store<u32>(state, 0x10325476, 12);
  store<u32>(state, 0xc3d2e1f0, 16);
}
