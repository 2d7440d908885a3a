// SHA-256 and SHA-224 (FIPS 180-4 sections 6.2 and 6.3).

export { sha256Blocks } from '../generated/sha256_rounds';

/** The words before the first block (section 5.3.3). */
export function sha256Init(state: usize): void {
  store<u32>(state, 0x6a09e667, 0);
  store<u32>(state, 0xbb67ae85, 4);
  store<u32>(state, 0x3c6ef372, 8);
  store<u32>(state, 0xa54ff53a, 12);
  store<u32>(state, 0x510e527f, 16);
  store<u32>(state, 0x9b05688c, 20);
  store<u32>(state, 0x1f83d9ab, 24);
  store<u32>(state, 0x5be0cd19, 28);
}

/** The words before the first block (section 5.3.2). */
export function sha224Init(state: usize): void {
  store<u32>(state, 0xc1059ed8, 0);
  store<u32>(state, 0x367cd507, 4);
  store<u32>(state, 0x3070dd17, 8);
  store<u32>(state, 0xf70e5939, 12);
  store<u32>(state, 0xffc00b31, 16);
  store<u32>(state, 0x68581511, 20);
  store<u32>(state, 0x64f98fa7, 24);
  store<u32>(state, 0xbefa4fa4, 28);
}
