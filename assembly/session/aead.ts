// The AEAD algorithms (5.9.4.4).
export const AEAD_CONTEXT_BYTES: usize = 64;
export function aeadKeyValid(algo: u32, keyBytes: u32): bool {
  return false;
}
export function aeadTagValid(algo: u32, bytes: u32): bool {
  return false;
}
export function aeadIvValid(algo: u32, bytes: u32): bool {
  return false;
}
export function aeadExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {}
export function aeadEncrypt(algo: u32, context: usize, iv: usize, ivBytes: u32, aad: usize, aadBytes: u32, source: usize, bytes: u32, destination: usize, tagBytes: u32): void {}
export function aeadDecrypt(algo: u32, context: usize, iv: usize, ivBytes: u32, aad: usize, aadBytes: u32, source: usize, bytes: u32, destination: usize, tagBytes: u32): bool {
  return false;
}
