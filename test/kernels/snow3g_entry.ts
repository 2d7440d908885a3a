// @ts-nocheck: AssemblyScript, for asc alone. What the SNOW 3G tests call.
import { carrylessLow } from '../../assembly/carryless';
import { SNOW3G_CONTEXT_BYTES } from '../../assembly/cipher/snow3g';

export { snow3gSetKey } from '../../assembly/cipher/snow3g';
export { snow3gUea2 } from '../../assembly/cipher/snow3g_uea2';
export { snow3gUia2 } from '../../assembly/mac/snow3g_uia2';

/** A function, because an exported constant would be a global of the module. */
export function snow3gContextBytes(): usize {
  return SNOW3G_CONTEXT_BYTES;
}

/** A function of its own, because asc exports no inlined one. */
export function carrylessProduct(x: u64, y: u64): u64 {
  return carrylessLow(x, y);
}
