// XTS-AES (IEEE Std 1619-2018 section 5), with ciphertext stealing for data units that do not end with a whole block.

import { xorBytes } from '../memory/xor';
import { AES_CONTEXT_BYTES, AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesDecryptToScratch } from './aes_fixslice';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';
import { aesExpandKey } from './aes_key';
import { aesEncryptOne } from './aes_vperm_blocks';

// After the contexts of Key1 (data) and Key2 (tweak): the next tweak, a block under construction, and a batch's tweaks.
const TWEAK_KEY: usize = AES_CONTEXT_BYTES;
const NEXT: usize = 6784;
const STOLEN: usize = 6800;
const TWEAKS: usize = 6816;

/** Bytes of a context: two AES contexts and the tweaks of a batch. */
export const AES_XTS_CONTEXT_BYTES: usize = 7328;

/**
 * Expands the two keys of XTS-AES.
 * @param ctx AES_XTS_CONTEXT_BYTES of memory, 16-aligned
 * @param key Key1 (data), then Key2 (tweak), apart from ctx
 * @param keyBytes length of both keys together, 32 or 64 (48 works too, but is not in the standard): the caller has
 *   checked it, and decides whether the two keys may be equal
 */
export function aesXtsSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  const half = keyBytes >> 1;
  aesExpandKey(ctx, key, half);
  aesExpandKey(ctx + TWEAK_KEY, key + half, half);
}

// A tweak times α (section 5.2). Both 64-bit halves move left by one. The lower half's top bit goes to the upper half,
// and the upper half's top bit comes back in the lower half as x⁷ + x² + x + 1.
@inline function timesAlpha(tweak: v128): v128 {
  const signs = i32x4.shr_s(tweak, 31);
  const crossed = i8x16.shuffle(signs, signs, 12, 13, 14, 15, 0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0);
  return v128.xor(i64x2.shl(tweak, 1), v128.and(crossed, i32x4(0x87, 0, 1, 0)));
}

// Writes the tweaks of `bytes` / 16 blocks, each the previous tweak times α, and prepares the next tweak.
@inline function takeTweaks(ctx: usize, bytes: usize): void {
  let tweak = v128.load(ctx, NEXT);
  for (const end = ctx + bytes; ctx != end; ctx += 16) {
    v128.store(ctx, tweak, TWEAKS);
    tweak = timesAlpha(tweak);
  }
  v128.store(ctx - bytes, tweak, NEXT);
}

// XTS-AES of blocks whose tweaks are ready: at most a batch.
function tweakedBlocks(ctx: usize, src: usize, dst: usize, bytes: usize, encrypt: bool): void {
  const scratch = ctx + AES_SCRATCH;
  xorBytes(scratch, src, ctx + TWEAKS, bytes);
  if (encrypt) aesEncryptToScratch(ctx, scratch, bytes);
  else aesDecryptToScratch(ctx, scratch, bytes);
  xorBytes(dst, scratch, ctx + TWEAKS, bytes);
}

// Ciphertext stealing for the last whole block and the short block after it (sections 5.3.2 and 5.4.2). The whole block
// is processed first. The head of its result becomes the short block's result, and its tail fills the short block up.
// Decryption uses the two tweaks in the other order.
function steal(ctx: usize, src: usize, dst: usize, rest: usize, encrypt: bool): void {
  const stolen = ctx + STOLEN;
  takeTweaks(ctx, 32);
  const before = v128.load(ctx, TWEAKS);
  const after = v128.load(ctx, TWEAKS + 16);
  if (!encrypt) v128.store(ctx, after, TWEAKS);
  tweakedBlocks(ctx, src, stolen, 16, encrypt);
  for (let at: usize = 16; at != 16 + rest; ++at) {
    const byte = load<u8>(src + at);
    store<u8>(dst + at, load<u8>(stolen + at - 16));
    store<u8>(stolen + at - 16, byte);
  }
  v128.store(ctx, encrypt ? after : before, TWEAKS);
  tweakedBlocks(ctx, stolen, dst, 16, encrypt);
}

function xts(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize, encrypt: bool): void {
  aesEncryptOne(ctx + TWEAK_KEY, iv, ctx + NEXT);
  const rest = bytes & 15;
  let left = bytes - rest;
  if (rest != 0) left -= 16;
  while (left != 0) {
    const part = left < AES_SCRATCH_BYTES ? left : AES_SCRATCH_BYTES;
    takeTweaks(ctx, part);
    tweakedBlocks(ctx, src, dst, part, encrypt);
    src += part;
    dst += part;
    left -= part;
  }
  if (rest != 0) steal(ctx, src, dst, rest, encrypt);
}

/**
 * XTS-AES encryption of one data unit.
 * @param ctx see aesXtsSetKey; its scratch is used
 * @param iv the tweak value i, 16 bytes in little-endian order, only read
 * @param src plaintext, `bytes` bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param bytes 16 at least: the caller has checked it
 */
export function aesXtsEncrypt(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  xts(ctx, iv, src, dst, bytes, true);
}

/** XTS-AES decryption of one data unit, with the parameters of aesXtsEncrypt; `src` is ciphertext. */
export function aesXtsDecrypt(ctx: usize, iv: usize, src: usize, dst: usize, bytes: usize): void {
  xts(ctx, iv, src, dst, bytes, false);
}
