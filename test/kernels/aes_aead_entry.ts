// @ts-nocheck: AssemblyScript, for asc alone. What the tests of GHASH, GCM and CCM call.
import { CCM_CONTEXT_BYTES } from '../../assembly/aead/aes_ccm';
import { GCM_CONTEXT_BYTES } from '../../assembly/aead/aes_gcm';
import { GHASH_CONTEXT_BYTES, ghash, ghashState } from '../../assembly/mac/ghash';

export { ccmDecrypt, ccmEncrypt, ccmSetKey } from '../../assembly/aead/aes_ccm';
export { gcmDecrypt, gcmEncrypt, gcmSetKey, gmac } from '../../assembly/aead/aes_gcm';
export { ghashPrepare, ghashSetKey } from '../../assembly/mac/ghash';

// Functions, because an exported constant would be a global of the module.
export function ccmContextBytes(): usize {
  return CCM_CONTEXT_BYTES;
}
export function gcmContextBytes(): usize {
  return GCM_CONTEXT_BYTES;
}
export function ghashContextBytes(): usize {
  return GHASH_CONTEXT_BYTES;
}
export function storeGhash(gh: usize, aad: usize, aadBytes: usize, text: usize, bytes: usize, dst: usize): void {
  ghash(gh, aad, aadBytes, text, bytes);
  v128.store(dst, ghashState(gh));
}
