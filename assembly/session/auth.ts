// The HASH and MAC algorithms (5.9.4.2, 5.9.4.3): which keys and results they have, and which kernels run them.

/** Room for the expanded key and working state of any of them. */
export const AUTH_CONTEXT_BYTES: usize = 64;

export function hashResultValid(algo: u32, bytes: u32): bool {
  return false;
}
export function macResultValid(algo: u32, bytes: u32): bool {
  return false;
}
export function macKeyValid(algo: u32, keyBytes: u32): bool {
  return false;
}
export function macInputValid(algo: u32, bytes: u32): bool {
  return true;
}
export function macExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {}
export function hashRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {}
export function macRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {}
export function nestedHashRun(algo: u32, context: usize, key: usize, keyBytes: u32, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {}
