// AES in ECB mode (NIST SP 800-38A section 6.1).

import { AES_SCRATCH, AES_SCRATCH_BYTES } from './aes_context';
import { aesDecryptToScratch } from './aes_fixslice';
import { aesEncryptToScratch } from './aes_fixslice_encrypt';

function ecb(ctx: usize, src: usize, dst: usize, blocks: u32, encrypt: bool): void {
  const scratch = ctx + AES_SCRATCH;
  let left = (blocks as usize) << 4;
  while (left != 0) {
    const bytes = left < AES_SCRATCH_BYTES ? left : AES_SCRATCH_BYTES;
    if (encrypt) aesEncryptToScratch(ctx, src, bytes);
    else aesDecryptToScratch(ctx, src, bytes);
    for (let at: usize = 0; at != bytes; at += 16) v128.store(dst + at, v128.load(scratch + at));
    src += bytes;
    dst += bytes;
    left -= bytes;
  }
}

/**
 * ECB encryption.
 * @param ctx expanded key, see aesExpandKey; its scratch is used
 * @param src plaintext, `blocks` * 16 bytes, any alignment
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param blocks number of 16-byte blocks
 */
export function aesEcbEncrypt(ctx: usize, src: usize, dst: usize, blocks: u32): void {
  ecb(ctx, src, dst, blocks, true);
}

/**
 * ECB decryption, with the parameters of aesEcbEncrypt; `src` is ciphertext.
 */
export function aesEcbDecrypt(ctx: usize, src: usize, dst: usize, blocks: u32): void {
  ecb(ctx, src, dst, blocks, false);
}
