// The layout of a running hash. Offsets in bytes from a 16-aligned state:
//
//   0     MD5, SHA-1, SHA-2: the chaining words in the processor's byte order, up to 64 bytes
//   64    MD5, SHA-1, SHA-2: the partial block, up to 128 bytes
//   0     SHA-3: the 25 lanes of Keccak
//   200   bytes taken so far, u64; SHA-3: bytes added to the lanes since they were last permuted

export const STATE_BLOCK: usize = 64;
export const STATE_COUNT: usize = 200;

/** Bytes of a running hash of any algorithm. */
export const HASH_STATE_BYTES: usize = 208;

@inline export function stateCount(state: usize): u64 {
  return load<u64>(state, STATE_COUNT);
}

@inline export function setStateCount(state: usize, bytes: u64): void {
  store<u64>(state, bytes, STATE_COUNT);
}

/** Zeroes a state. It does not call memory.fill, because the call takes as long as compressing a short message. */
export function wipeState(state: usize): void {
  const end = state + HASH_STATE_BYTES;
  do {
    v128.store(state, i64x2.splat(0));
    state += 16;
  } while (state != end);
}
