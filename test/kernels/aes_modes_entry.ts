// @ts-nocheck: AssemblyScript, for asc alone. What the tests of AES modes call.

import { AES_F8_CONTEXT_BYTES } from '../../assembly/cipher/aes_f8';
import { AES_CONTEXT_BYTES } from '../../assembly/cipher/aes_key';
import { AES_XTS_CONTEXT_BYTES } from '../../assembly/cipher/aes_xts';

export { aesCtr, aesCtr32 } from '../../assembly/cipher/aes_ctr';
export { aesEcbDecrypt, aesEcbEncrypt } from '../../assembly/cipher/aes_ecb';
export { aesF8, aesF8SetKey } from '../../assembly/cipher/aes_f8';
export { aesCbcDecrypt } from '../../assembly/cipher/aes_fixslice';
export { aesExpandKey } from '../../assembly/cipher/aes_key';
export { aesCbcEncrypt, aesCbcEncrypt4 } from '../../assembly/cipher/aes_vperm';
export { aesXtsDecrypt, aesXtsEncrypt, aesXtsSetKey } from '../../assembly/cipher/aes_xts';

// Functions, because an exported constant would be a global of the module.
export function aesContextBytes(): usize {
  return AES_CONTEXT_BYTES;
}
export function aesF8ContextBytes(): usize {
  return AES_F8_CONTEXT_BYTES;
}
export function aesXtsContextBytes(): usize {
  return AES_XTS_CONTEXT_BYTES;
}
