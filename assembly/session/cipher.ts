// The CIPHER algorithms (5.9.4.1): which keys, IVs and lengths they take, and which kernels run them.
import {
  AES_BLOCK_BYTES,
  CIPHER_3DES_CBC,
  CIPHER_3DES_CTR,
  CIPHER_3DES_ECB,
  CIPHER_AES_CBC,
  CIPHER_AES_CTR,
  CIPHER_AES_ECB,
  CIPHER_AES_F8,
  CIPHER_AES_XTS,
  CIPHER_ARC4,
  CIPHER_DES_CBC,
  CIPHER_DES_ECB,
  CIPHER_KASUMI_F8,
  CIPHER_KEY_BYTES_MAX,
  CIPHER_SNOW3G_UEA2,
  CIPHER_ZUC_EEA3,
  DIRECTION_ENCRYPT,
} from '../../spec/crypto';
import { aesCtr } from '../cipher/aes_ctr';
import { aesEcbDecrypt, aesEcbEncrypt } from '../cipher/aes_ecb';
import { aesF8, aesF8SetKey } from '../cipher/aes_f8';
import { aesCbcDecrypt } from '../cipher/aes_fixslice';
import { aesExpandKey } from '../cipher/aes_key';
import { aesCbcEncrypt } from '../cipher/aes_vperm';
import { AES_XTS_CONTEXT_BYTES, aesXtsDecrypt, aesXtsEncrypt, aesXtsSetKey } from '../cipher/aes_xts';
import { arc4, arc4SetKey } from '../cipher/arc4';
import { desCbcDecrypt, desCbcEncrypt, desCtr, desEcbDecrypt, desEcbEncrypt } from '../cipher/des';
import { desSetKey } from '../cipher/des_key';
import { kasumiSetKey } from '../cipher/kasumi';
import { kasumiF8 } from '../cipher/kasumi_f8';
import { snow3gSetKey } from '../cipher/snow3g';
import { snow3gUea2 } from '../cipher/snow3g_uea2';
import { zucSetKey } from '../cipher/zuc';
import { zucEea3 } from '../cipher/zuc_eea3';

/** Room for the expanded key of any cipher. XTS's is the largest. */
export const CIPHER_CONTEXT_BYTES: usize = (AES_XTS_CONTEXT_BYTES + 63) & ~63;

/** Block length of DES and of KASUMI. */
const SHORT_BLOCK_BYTES: u32 = 8;

/** The modes of DES and TDEA have the numbers 5 to 9. */
@inline
function isDes(algo: u32): bool {
  return algo >= <u32>CIPHER_DES_ECB && algo <= <u32>CIPHER_3DES_CTR;
}

/** The AES modes whose key is one AES key. */
@inline
function isAes(algo: u32): bool {
  return algo == CIPHER_AES_CBC || algo == CIPHER_AES_CTR || algo == CIPHER_AES_ECB;
}

@inline
function isAesKey(bytes: u32): bool {
  return bytes == 16 || bytes == 24 || bytes == 32;
}

/**
 * Whether `algo` has keys of this length. False for an algorithm that is not listed. XTS takes two keys in one (IEEE
 * 1619), f8 a key and a mask of the same length.
 */
export function cipherKeyValid(algo: u32, keyBytes: u32): bool {
  if (algo == CIPHER_AES_XTS) return keyBytes == 32 || keyBytes == 64;
  if (algo == CIPHER_AES_F8) return keyBytes % 2 == 0 && isAesKey(keyBytes / 2);
  if (algo == CIPHER_ARC4) return keyBytes >= 1 && keyBytes <= <u32>CIPHER_KEY_BYTES_MAX;
  if (algo == CIPHER_DES_ECB || algo == CIPHER_DES_CBC) return keyBytes == 8;
  if (isDes(algo)) return keyBytes == 16 || keyBytes == 24;
  if (algo == CIPHER_KASUMI_F8 || algo == CIPHER_SNOW3G_UEA2 || algo == CIPHER_ZUC_EEA3) return keyBytes == 16;
  return isAes(algo) && isAesKey(keyBytes);
}

export function cipherExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {
  if (algo == CIPHER_AES_XTS) aesXtsSetKey(context, key, keyBytes);
  else if (algo == CIPHER_AES_F8) aesF8SetKey(context, key, keyBytes / 2, key + keyBytes / 2);
  else if (algo == CIPHER_ARC4) arc4SetKey(context, key, keyBytes);
  else if (isDes(algo)) desSetKey(context, key, keyBytes);
  else if (algo == CIPHER_KASUMI_F8) kasumiSetKey(context, key);
  else if (algo == CIPHER_SNOW3G_UEA2) snow3gSetKey(context, key);
  else if (algo == CIPHER_ZUC_EEA3) zucSetKey(context, key);
  else if (isAes(algo)) aesExpandKey(context, key, keyBytes);
  else unreachable();
}

/** The length of an algorithm's IV or counter. */
export function cipherIvBytes(algo: u32): u32 {
  if (algo == CIPHER_AES_ECB || algo == CIPHER_DES_ECB || algo == CIPHER_3DES_ECB || algo == CIPHER_ARC4) return 0;
  return algo == CIPHER_KASUMI_F8 || isDes(algo) ? SHORT_BLOCK_BYTES : AES_BLOCK_BYTES;
}

/** Whether an algorithm takes data of this length. */
export function cipherLengthValid(algo: u32, bytes: u32): bool {
  if (algo == CIPHER_AES_CBC || algo == CIPHER_AES_ECB) return bytes % AES_BLOCK_BYTES == 0;
  if (isDes(algo) && algo != CIPHER_3DES_CTR) return bytes % SHORT_BLOCK_BYTES == 0;
  // A data unit has at least one block (IEEE 1619 section 5.1), so XTS refuses a request of no bytes.
  if (algo == CIPHER_AES_XTS) return bytes >= <u32>AES_BLOCK_BYTES;
  return true;
}

/** Runs one request over contiguous data, in place or apart. The kernel overwrites the IV. */
export function cipherRun(
  algo: u32,
  direction: u32,
  context: usize,
  iv: usize,
  source: usize,
  destination: usize,
  bytes: u32,
): void {
  const encrypt = direction == DIRECTION_ENCRYPT;
  if (algo == CIPHER_AES_CBC) {
    if (encrypt) aesCbcEncrypt(context, iv, source, destination, bytes / AES_BLOCK_BYTES);
    else aesCbcDecrypt(context, iv, source, destination, bytes / AES_BLOCK_BYTES);
  } else if (algo == CIPHER_AES_CTR) {
    aesCtr(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_AES_XTS) {
    if (encrypt) aesXtsEncrypt(context, iv, source, destination, bytes);
    else aesXtsDecrypt(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_AES_F8) {
    aesF8(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_ARC4) {
    arc4(context, source, destination, bytes);
  } else if (isDes(algo)) {
    desRun(algo, encrypt, context, iv, source, destination, bytes);
  } else if (algo == CIPHER_KASUMI_F8) {
    kasumiF8(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_SNOW3G_UEA2) {
    snow3gUea2(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_ZUC_EEA3) {
    zucEea3(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_AES_ECB) {
    if (encrypt) aesEcbEncrypt(context, source, destination, bytes / AES_BLOCK_BYTES);
    else aesEcbDecrypt(context, source, destination, bytes / AES_BLOCK_BYTES);
  } else {
    unreachable();
  }
}

function desRun(
  algo: u32,
  encrypt: bool,
  context: usize,
  iv: usize,
  source: usize,
  destination: usize,
  bytes: u32,
): void {
  const blocks = bytes / SHORT_BLOCK_BYTES;
  if (algo == CIPHER_3DES_CTR) {
    desCtr(context, iv, source, destination, bytes);
  } else if (algo == CIPHER_DES_CBC || algo == CIPHER_3DES_CBC) {
    if (encrypt) desCbcEncrypt(context, iv, source, destination, blocks);
    else desCbcDecrypt(context, iv, source, destination, blocks);
  } else if (encrypt) {
    desEcbEncrypt(context, source, destination, blocks);
  } else {
    desEcbDecrypt(context, source, destination, blocks);
  }
}
