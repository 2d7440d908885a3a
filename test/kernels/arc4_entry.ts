// @ts-nocheck: AssemblyScript, for asc alone. What the tests of ARC4 call.
import { ARC4_CONTEXT_BYTES } from '../../assembly/cipher/arc4';

export { arc4, arc4SetKey } from '../../assembly/cipher/arc4';

/** A function, because an exported constant would be a global of the module. */
export function arc4ContextBytes(): usize {
  return ARC4_CONTEXT_BYTES;
}
