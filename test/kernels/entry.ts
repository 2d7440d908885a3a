// @ts-nocheck: AssemblyScript, for asc alone. What the kernel tests call.
import { AES_CONTEXT_BYTES } from '../../assembly/cipher/aes_key';

export { aesCbcDecrypt } from '../../assembly/cipher/aes_fixslice';
export { aesExpandKey } from '../../assembly/cipher/aes_key';
export { aesCbcEncrypt, aesCbcEncrypt4 } from '../../assembly/cipher/aes_vperm';

/** A function, because an exported constant would be a global of the module. */
export function aesContextBytes(): usize {
  return AES_CONTEXT_BYTES;
}
