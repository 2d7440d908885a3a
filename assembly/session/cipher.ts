// The CIPHER algorithms (5.9.4.1): which keys, IVs and lengths they take, and which kernels run them.
import { AES_BLOCK_BYTES, CIPHER_AES_CBC, DIRECTION_ENCRYPT } from '../../spec/crypto';
import { aesCbcDecrypt } from '../cipher/aes_fixslice';
import { AES_CONTEXT_BYTES, aesExpandKey } from '../cipher/aes_key';
import { aesCbcEncrypt } from '../cipher/aes_vperm';

/** Room for the expanded key of any of them. */
export const CIPHER_CONTEXT_BYTES: usize = AES_CONTEXT_BYTES;

/** Whether `algo` has keys of this length. */
export function cipherKeyValid(algo: u32, keyBytes: u32): bool {
  return algo == CIPHER_AES_CBC && (keyBytes == 16 || keyBytes == 24 || keyBytes == 32);
}

export function cipherExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(context, key, keyBytes);
}

/** The one length of an algorithm's IV or counter. */
export function cipherIvBytes(algo: u32): u32 {
  return AES_BLOCK_BYTES;
}

/** Whether an algorithm takes data of this length. */
export function cipherLengthValid(algo: u32, bytes: u32): bool {
  return bytes % AES_BLOCK_BYTES == 0;
}

/** Runs one request over contiguous data, in place or apart. The IV's place is scratch of the kernel's. */
export function cipherRun(algo: u32, direction: u32, context: usize, iv: usize, source: usize, destination: usize, bytes: u32): void {
  const blocks = bytes / AES_BLOCK_BYTES;
  if (direction == DIRECTION_ENCRYPT) aesCbcEncrypt(context, iv, source, destination, blocks);
  else aesCbcDecrypt(context, iv, source, destination, blocks);
}
