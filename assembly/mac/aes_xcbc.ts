// AES-XCBC-MAC (RFC 3566), the forerunner of CMAC. It derives three keys from one.

import { AES_SCRATCH } from '../cipher/aes_context';
import { aesExpandKey } from '../cipher/aes_key';
import { aesEncryptOne } from '../cipher/aes_vperm_blocks';
import { MAC_FILLED_KEY, MAC_WHOLE_KEY } from './aes_chain';

export { AES_MAC_CONTEXT_BYTES as AES_XCBC_CONTEXT_BYTES } from './aes_chain';
export { macFinal as aesXcbcFinal, macInit as aesXcbcInit, macUpdate as aesXcbcUpdate } from './aes_chain';

/**
 * Derives and expands the keys (section 4, steps 1 and 4).
 * @param ctx AES_XCBC_CONTEXT_BYTES of memory, 16-aligned
 * @param key K, 16 bytes apart from ctx, any alignment
 */
export function aesXcbcSetKey(ctx: usize, key: usize): void {
  aesExpandKey(ctx, key, 16);
  v128.store(ctx, i8x16.splat(2), MAC_WHOLE_KEY);
  aesEncryptOne(ctx, ctx + MAC_WHOLE_KEY, ctx + MAC_WHOLE_KEY);
  v128.store(ctx, i8x16.splat(3), MAC_FILLED_KEY);
  aesEncryptOne(ctx, ctx + MAC_FILLED_KEY, ctx + MAC_FILLED_KEY);
  const first = ctx + AES_SCRATCH;
  v128.store(first, i8x16.splat(1));
  aesEncryptOne(ctx, first, first);
  aesExpandKey(ctx, first, 16);
  v128.store(first, i64x2.splat(0));
}
