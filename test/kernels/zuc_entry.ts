// @ts-nocheck: AssemblyScript, for asc alone. What the ZUC tests call.
import { ZUC_CONTEXT_BYTES } from '../../assembly/cipher/zuc';

export { zucSetKey } from '../../assembly/cipher/zuc';
export { zucEea3 } from '../../assembly/cipher/zuc_eea3';
export { zucEia3 } from '../../assembly/mac/zuc_eia3';

/** A function, because an exported constant would be a global of the module. */
export function zucContextBytes(): usize {
  return ZUC_CONTEXT_BYTES;
}
