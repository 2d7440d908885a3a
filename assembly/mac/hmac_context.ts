// The layout of an HMAC key. Offsets in bytes from a 16-aligned ctx:
//
//   0     chaining words after the key's inner block, up to 64 bytes
//   64    chaining words after the key's outer block, up to 64 bytes
//   128   the running hash

export const HMAC_INNER: usize = 0;
export const HMAC_OUTER: usize = 64;
export const HMAC_STATE: usize = 128;

/** Bytes of a key and its running hash: HMAC_STATE + HASH_STATE_BYTES. */
export const HMAC_CONTEXT_BYTES: usize = 336;

/** Copies the chaining words, for all algorithms alike. */
@inline export function copyWords(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}
