// ARC4, the stream cipher of RFC 6229's test vectors. Its addresses depend on the key, because it cannot run at a
// useful speed otherwise. There is no safe way to use ARC4. It is here for guests that still ask for it. A context, in
// bytes from ctx:
//
//   0    the key's permutation, with which every request begins
//   256  scratch: the permutation of the current request

import { wipe } from '../memory/bytes';

const PERMUTATION_BYTES: usize = 256;

/** Bytes of a context. */
export const ARC4_CONTEXT_BYTES: usize = 512;

/**
 * Makes the key's permutation.
 * @param ctx ARC4_CONTEXT_BYTES of memory
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 1 to 256: the caller has checked it
 */
export function arc4SetKey(ctx: usize, key: usize, keyBytes: u32): void {
  for (let index: usize = 0; index < PERMUTATION_BYTES; ++index) store<u8>(ctx + index, index as u8);
  let other: usize = 0;
  let at: u32 = 0;
  for (let index: usize = 0; index < PERMUTATION_BYTES; ++index) {
    const value = load<u8>(ctx + index);
    other = (other + value + load<u8>(key + at)) & 0xff;
    store<u8>(ctx + index, load<u8>(ctx + other));
    store<u8>(ctx + other, value);
    if (++at == keyBytes) at = 0;
  }
}

/**
 * Enciphers or deciphers a request, from the beginning of the key stream.
 * @param ctx see arc4SetKey; its scratch is used, and wiped
 * @param src `bytes` bytes, any alignment
 * @param dst result: the same address as `src`, or memory apart from it
 * @param bytes any length
 */
export function arc4(ctx: usize, src: usize, dst: usize, bytes: usize): void {
  const state = ctx + PERMUTATION_BYTES;
  memory.copy(state, ctx, PERMUTATION_BYTES);
  let index: usize = 0;
  let other: usize = 0;
  for (const end = src + bytes; src != end; ++src, ++dst) {
    index = (index + 1) & 0xff;
    const first = load<u8>(state + index) as usize;
    other = (other + first) & 0xff;
    const second = load<u8>(state + other) as usize;
    store<u8>(state + index, second as u8);
    store<u8>(state + other, first as u8);
    store<u8>(dst, load<u8>(src) ^ load<u8>(state + ((first + second) & 0xff)));
  }
  wipe(state, PERMUTATION_BYTES);
}
