// AES encryption by vector permute, for a few blocks that do not fill a fixsliced state, and for single blocks.

import { AES_LAST_KEY, AES_PAIR_KEYS, aesRounds } from './aes_context';
import { indexIo, indexJo, toPairs } from './aes_nibbles';
import { lastRound, quickRound, smallRound } from './aes_vperm';

/**
 * Enciphers one block.
 * @param ctx expanded key, see aesExpandKey
 * @param src plaintext, 16 bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 */
export function aesEncryptOne(ctx: usize, src: usize, dst: usize): void {
  let key = ctx + AES_PAIR_KEYS;
  const lastKey = key + ((aesRounds(ctx) as usize) << 4);
  let x = v128.xor(toPairs(v128.load(src)), v128.load(key));
  key += 16;
  do {
    x = quickRound(x, v128.load(key));
    key += 16;
  } while (key != lastKey);
  v128.store(dst, lastRound(indexIo(x), indexJo(x), v128.load(ctx, AES_LAST_KEY)));
}

/**
 * Enciphers a few blocks in place. Each round runs over all blocks before the next round, so that the processor
 * overlaps them. A few blocks take less time than a fixsliced state.
 * @param ctx expanded key, see aesExpandKey
 * @param blocks the first block, in scratch
 * @param end end of the last block, above `blocks`
 */
export function aesEncryptFew(ctx: usize, blocks: usize, end: usize): void {
  let key = ctx + AES_PAIR_KEYS;
  const lastKey = key + ((aesRounds(ctx) as usize) << 4);
  let at = blocks;
  do {
    v128.store(at, v128.xor(toPairs(v128.load(at)), v128.load(key)));
    at += 16;
  } while (at != end);
  key += 16;
  do {
    at = blocks;
    do {
      v128.store(at, smallRound(v128.load(at), v128.load(key)));
      at += 16;
    } while (at != end);
    key += 16;
  } while (key != lastKey);
  at = blocks;
  do {
    const x = v128.load(at);
    v128.store(at, lastRound(indexIo(x), indexJo(x), v128.load(ctx, AES_LAST_KEY)));
    at += 16;
  } while (at != end);
}
