// @ts-nocheck: AssemblyScript, for asc alone. What the tests of MACs over AES call.
import { AES_CBCMAC_CONTEXT_BYTES } from '../../assembly/mac/aes_cbcmac';
import { AES_CMAC4_SCRATCH_BYTES } from '../../assembly/mac/aes_cmac';

export {
  aesCbcmacFinal,
  aesCbcmacInit,
  aesCbcmacSetKey,
  aesCbcmacUpdate,
} from '../../assembly/mac/aes_cbcmac';
export { aesCmac4, aesCmacFinal, aesCmacInit, aesCmacSetKey, aesCmacUpdate } from '../../assembly/mac/aes_cmac';
export { aesXcbcFinal, aesXcbcInit, aesXcbcSetKey, aesXcbcUpdate } from '../../assembly/mac/aes_xcbc';

// Functions, because an exported constant would be a global of the module. The three contexts are of one size.
export function macContextBytes(): usize {
  return AES_CBCMAC_CONTEXT_BYTES;
}
export function cmac4ScratchBytes(): usize {
  return AES_CMAC4_SCRATCH_BYTES;
}
