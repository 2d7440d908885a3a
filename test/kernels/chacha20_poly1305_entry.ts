// @ts-nocheck: AssemblyScript, for asc alone. What the tests of ChaCha20 and Poly1305 call.
import { CHACHA20_POLY1305_CONTEXT_BYTES } from '../../assembly/aead/chacha20_poly1305';
import { POLY1305_CONTEXT_BYTES } from '../../assembly/mac/poly1305';

export { chachaPolyDecrypt, chachaPolyEncrypt, chachaPolySetKey } from '../../assembly/aead/chacha20_poly1305';
export { chacha20Groups } from '../../assembly/cipher/chacha20';
export { poly1305Final, poly1305Init, poly1305Update } from '../../assembly/mac/poly1305';

// Functions, because an exported constant would be a global of the module.
export function chachaPolyContextBytes(): usize {
  return CHACHA20_POLY1305_CONTEXT_BYTES;
}
export function poly1305ContextBytes(): usize {
  return POLY1305_CONTEXT_BYTES;
}
