// @ts-nocheck: AssemblyScript, for asc alone. What the tests of DES and TDEA call.
import { DES_CONTEXT_BYTES } from '../../assembly/cipher/des_key';
import { DES_CMAC_CONTEXT_BYTES } from '../../assembly/mac/des_cmac';

export { desCbcDecrypt, desCbcEncrypt, desCtr, desEcbDecrypt, desEcbEncrypt } from '../../assembly/cipher/des';
export { desSetKey } from '../../assembly/cipher/des_key';
export { desCmacFinal, desCmacInit, desCmacSetKey, desCmacUpdate } from '../../assembly/mac/des_cmac';

// Functions, because an exported constant would be a global of the module.
export function desContextBytes(): usize {
  return DES_CONTEXT_BYTES;
}
export function desCmacContextBytes(): usize {
  return DES_CMAC_CONTEXT_BYTES;
}
