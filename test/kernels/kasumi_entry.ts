// @ts-nocheck: AssemblyScript, for asc alone. What the KASUMI tests call.
import { KASUMI_CONTEXT_BYTES, KASUMI_KEY, kasumiEncrypt } from '../../assembly/cipher/kasumi';

export { kasumiSetKey } from '../../assembly/cipher/kasumi';
export { kasumiF8 } from '../../assembly/cipher/kasumi_f8';
export { kasumiF9 } from '../../assembly/mac/kasumi_f9';

/** A function, because an exported constant would be a global of the module. */
export function kasumiContextBytes(): usize {
  return KASUMI_CONTEXT_BYTES;
}

export function kasumiBlock(ctx: usize, block: u64): u64 {
  return kasumiEncrypt(ctx, KASUMI_KEY, block);
}
