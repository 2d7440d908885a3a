// SHA-512 and SHA-384 (FIPS 180-4 sections 6.4 and 6.5).

export { sha512Blocks } from '../generated/sha512_rounds';

/** The words before the first block (section 5.3.5). */
export function sha512Init(state: usize): void {
  store<u64>(state, 0x6a09e667f3bcc908, 0);
  store<u64>(state, 0xbb67ae8584caa73b, 8);
  store<u64>(state, 0x3c6ef372fe94f82b, 16);
  store<u64>(state, 0xa54ff53a5f1d36f1, 24);
  store<u64>(state, 0x510e527fade682d1, 32);
  store<u64>(state, 0x9b05688c2b3e6c1f, 40);
  store<u64>(state, 0x1f83d9abfb41bd6b, 48);
  store<u64>(state, 0x5be0cd19137e2179, 56);
}

/** The words before the first block (section 5.3.4). */
export function sha384Init(state: usize): void {
  store<u64>(state, 0xcbbb9d5dc1059ed8, 0);
  store<u64>(state, 0x629a292a367cd507, 8);
  store<u64>(state, 0x9159015a3070dd17, 16);
  store<u64>(state, 0x152fecd8f70e5939, 24);
  store<u64>(state, 0x67332667ffc00b31, 32);
  store<u64>(state, 0x8eb44a8768581511, 40);
  store<u64>(state, 0xdb0c2e0d64f98fa7, 48);
  store<u64>(state, 0x47b5481dbefa4fa4, 56);
}
