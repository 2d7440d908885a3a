// The AEAD algorithms (5.9.4.4): which keys, nonces and tags they take, and which kernels run them.
import { AEAD_CCM, AEAD_CHACHA20_POLY1305, AEAD_GCM } from '../../spec/crypto';
import { CCM_CONTEXT_BYTES, ccmDecrypt, ccmEncrypt, ccmSetKey } from '../aead/aes_ccm';
import { GCM_CONTEXT_BYTES, gcmDecrypt, gcmEncrypt, gcmPrepare, gcmSetKey } from '../aead/aes_gcm';
import { chachaPolyDecrypt, chachaPolyEncrypt, chachaPolySetKey } from '../aead/chacha20_poly1305';

/** Room for the expanded key of any AEAD algorithm. GCM's is the largest. */
export const AEAD_CONTEXT_BYTES: usize = GCM_CONTEXT_BYTES;

export function aeadKeyValid(algo: u32, keyBytes: u32): bool {
  return keyBytes == 32 || (algo != AEAD_CHACHA20_POLY1305 && (keyBytes == 16 || keyBytes == 24));
}

/** Tag lengths of SP 800-38D section 5.2.1.2, SP 800-38C appendix A.1, RFC 8439 section 2.8. */
export function aeadTagValid(algo: u32, bytes: u32): bool {
  if (algo == AEAD_GCM) return bytes == 4 || bytes == 8 || (bytes >= 12 && bytes <= 16);
  if (algo == AEAD_CCM) return bytes >= 4 && bytes <= 16 && (bytes & 1) == 0;
  return bytes == 16;
}

/**
 * Whether a nonce of `ivBytes` goes with a text of `bytes` (5.9.7.7). GCM takes 12 bytes, or 16 that are J0 itself. CCM
 * takes 7 to 13. The rest of a block, 15 - `ivBytes` bytes, then has to hold the text's length.
 */
export function aeadIvValid(algo: u32, ivBytes: u32, bytes: u32): bool {
  if (algo == AEAD_GCM) return ivBytes == 12 || ivBytes == 16;
  if (algo != AEAD_CCM) return ivBytes == 12;
  if (ivBytes < 7 || ivBytes > 13) return false;
  return ivBytes <= 11 || bytes >> (8 * (15 - ivBytes)) == 0;
}

export function aeadExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {
  if (algo == AEAD_GCM) gcmSetKey(context, key, keyBytes);
  else if (algo == AEAD_CCM) ccmSetKey(context, key, keyBytes);
  else chachaPolySetKey(context, key);
}

/**
 * Builds GCM's table for long texts now. Normally the first long text builds it. But workers see only copies of this
 * context, so each request there would build it again.
 */
export function aeadPrepare(algo: u32, context: usize): void {
  if (algo == AEAD_GCM) gcmPrepare(context);
}

/** Encrypts, and writes the tag behind the ciphertext. */
export function aeadEncrypt(
  algo: u32,
  context: usize,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: u32,
  source: usize,
  bytes: u32,
  destination: usize,
  tagBytes: u32,
): void {
  const tag = destination + bytes;
  if (algo == AEAD_GCM) {
    gcmEncrypt(context, iv, ivBytes, aad, aadBytes, source, bytes, destination, tag, tagBytes);
  } else if (algo == AEAD_CCM) {
    ccmEncrypt(context, iv, ivBytes, aad, aadBytes, source, bytes, destination, tag, tagBytes);
  } else {
    chachaPolyEncrypt(context, iv, aad, aadBytes, source, bytes, destination, tag, tagBytes);
  }
}

/** Decrypts if the tag behind the ciphertext is right. Else it writes nothing and returns false. */
export function aeadDecrypt(
  algo: u32,
  context: usize,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: u32,
  source: usize,
  bytes: u32,
  destination: usize,
  tagBytes: u32,
): bool {
  const tag = source + bytes;
  if (algo == AEAD_GCM)
    return gcmDecrypt(context, iv, ivBytes, aad, aadBytes, source, bytes, destination, tag, tagBytes);
  if (algo == AEAD_CHACHA20_POLY1305) {
    return chachaPolyDecrypt(context, iv, aad, aadBytes, source, bytes, destination, tag, tagBytes);
  }
  return ccmDecrypt(context, iv, ivBytes, aad, aadBytes, source, bytes, destination, tag, tagBytes);
}
