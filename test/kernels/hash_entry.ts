// @ts-nocheck: AssemblyScript, for asc alone. What the tests of hashes and HMAC call.
import { HASH_STATE_BYTES } from '../../assembly/hash/hash';
import { LANES4_BYTES } from '../../assembly/hash/hash4';
import { HMAC_CONTEXT_BYTES } from '../../assembly/mac/hmac';

export {
  hashBlockBytes,
  hashDigest,
  hashDigestBytes,
  hashFinal,
  hashInit,
  hashKnown,
  hashUpdate,
} from '../../assembly/hash/hash';
export { hash4, lanes4Known } from '../../assembly/hash/hash4';
export {
  hmacDigest,
  hmacDigestBytes,
  hmacFinal,
  hmacInit,
  hmacKnown,
  hmacSetKey,
  hmacUpdate,
} from '../../assembly/mac/hmac';
export { hmac4 } from '../../assembly/mac/hmac4';

/** Functions, because an exported constant would be a global of the module. */
export function hashStateBytes(): usize {
  return HASH_STATE_BYTES;
}
export function hmacContextBytes(): usize {
  return HMAC_CONTEXT_BYTES;
}
export function lanes4Bytes(): usize {
  return LANES4_BYTES;
}
