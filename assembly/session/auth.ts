// The HASH and MAC algorithms (5.9.4.2, 5.9.4.3): which keys and results they have, and which kernels run them.
//
// A MAC request has no field for some parameters. As in DPDK (docs/parameters.md), the message then begins with them:
// with the IV for GMAC, UIA2 and EIA3. f9's message is the padded string, which begins with COUNT and FRESH and ends
// with the direction.
import {
  HASH_SHAKE128,
  MAC_CBCMAC_AES,
  MAC_CBCMAC_KASUMI_F9,
  MAC_CMAC_3DES,
  MAC_CMAC_AES,
  MAC_GMAC_AES,
  MAC_GMAC_TWOFISH,
  MAC_KASUMI_F9,
  MAC_SNOW3G_UIA2,
  MAC_XCBC_AES,
  MAC_ZUC_EIA3,
} from '../../spec/crypto';
import { GCM_CONTEXT_BYTES, gcmSetKey, gmac } from '../aead/aes_gcm';
import { kasumiSetKey } from '../cipher/kasumi';
import { snow3gSetKey } from '../cipher/snow3g';
import { zucSetKey } from '../cipher/zuc';
import { hashDigest, hashDigestBytes, hashFinal, hashInit, hashUpdate } from '../hash/hash';
import { wipe } from '../memory/bytes';
import { aesCbcmacFinal, aesCbcmacInit, aesCbcmacSetKey, aesCbcmacUpdate } from '../mac/aes_cbcmac';
import { aesCmacFinal, aesCmacInit, aesCmacSetKey, aesCmacUpdate } from '../mac/aes_cmac';
import { desCmacFinal, desCmacInit, desCmacSetKey, desCmacUpdate } from '../mac/des_cmac';
import { aesXcbcFinal, aesXcbcInit, aesXcbcSetKey, aesXcbcUpdate } from '../mac/aes_xcbc';
import { gmacTwofish, gmacTwofishSetKey } from '../mac/gmac_twofish';
import { hmacDigest, hmacDigestBytes, hmacKnown, hmacSetKey } from '../mac/hmac';
import { kasumiCbcmac } from '../mac/kasumi_cbcmac';
import { kasumiF9 } from '../mac/kasumi_f9';
import { snow3gUia2 } from '../mac/snow3g_uia2';
import { zucEia3 } from '../mac/zuc_eia3';

/** Room for the expanded key and the working state of any hash or MAC. GMAC's is the largest. */
export const AUTH_CONTEXT_BYTES: usize = GCM_CONTEXT_BYTES;

/** Kernels with results of 4 and 8 bytes write them here, at the end of the context, because a result may be cut. */
const SHORT_RESULT: usize = AUTH_CONTEXT_BYTES - 8;
/** Where a nested hash keeps its inner digest: behind the running hash. */
const NESTED_INNER: usize = 512;
const NESTED_INNER_BYTES: u32 = 64;
/** Bytes of COUNT and FRESH. The direction needs another byte. */
const F9_HEAD_BYTES: u32 = 8;

/** Bytes of the IV that stands before the message. */
@inline
function ivBytes(algo: u32): u32 {
  if (algo == MAC_GMAC_AES || algo == MAC_GMAC_TWOFISH) return 12;
  return algo == MAC_SNOW3G_UIA2 || algo == MAC_ZUC_EIA3 ? 16 : 0;
}

/** Whether a hash's result can have this length. SHAKE's can have any, and the others can be cut. */
export function hashResultValid(algo: u32, bytes: u32): bool {
  return bytes != 0 && (algo >= <u32>HASH_SHAKE128 || bytes <= hashDigestBytes(algo));
}

/** Whether a MAC's result can be cut to this length. */
export function macResultValid(algo: u32, bytes: u32): bool {
  return bytes != 0 && bytes <= macBytes(algo);
}

function macBytes(algo: u32): u32 {
  if (hmacKnown(algo)) return hmacDigestBytes(algo);
  if (algo == MAC_KASUMI_F9 || algo == MAC_SNOW3G_UIA2 || algo == MAC_ZUC_EIA3) return 4;
  if (algo == MAC_CBCMAC_KASUMI_F9 || algo == MAC_CMAC_3DES) return 8;
  return 16;
}

export function macKeyValid(algo: u32, keyBytes: u32): bool {
  if (hmacKnown(algo)) return true;
  if (algo == MAC_XCBC_AES || algo == MAC_KASUMI_F9 || algo == MAC_CBCMAC_KASUMI_F9) return keyBytes == 16;
  if (algo == MAC_SNOW3G_UIA2 || algo == MAC_ZUC_EIA3) return keyBytes == 16;
  if (algo == MAC_CMAC_3DES) return keyBytes == 16 || keyBytes == 24;
  return keyBytes == 16 || keyBytes == 24 || keyBytes == 32;
}

/** Whether a message of this length is long enough for the parameters at its start. */
export function macInputValid(algo: u32, bytes: u32): bool {
  return algo == MAC_KASUMI_F9 ? bytes > F9_HEAD_BYTES : bytes >= ivBytes(algo);
}

export function macExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {
  if (hmacKnown(algo)) hmacSetKey(algo, context, key, keyBytes);
  else if (algo == MAC_CMAC_AES) aesCmacSetKey(context, key, keyBytes);
  else if (algo == MAC_CBCMAC_AES) aesCbcmacSetKey(context, key, keyBytes);
  else if (algo == MAC_XCBC_AES) aesXcbcSetKey(context, key);
  else if (algo == MAC_GMAC_AES) gcmSetKey(context, key, keyBytes);
  else if (algo == MAC_CMAC_3DES) desCmacSetKey(context, key, keyBytes);
  else if (algo == MAC_GMAC_TWOFISH) gmacTwofishSetKey(context, key, keyBytes);
  else if (algo == MAC_SNOW3G_UIA2) snow3gSetKey(context, key);
  else if (algo == MAC_ZUC_EIA3) zucSetKey(context, key);
  else kasumiSetKey(context, key);
}

export function hashRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {
  hashDigest(algo, context, source, bytes, digest, digestBytes);
}

/**
 * The nested hash of a chained request: H(key, H(key, message)). The inner hash is not cut.
 */
export function nestedHashRun(
  algo: u32,
  context: usize,
  key: usize,
  keyBytes: u32,
  source: usize,
  bytes: u32,
  digest: usize,
  digestBytes: u32,
): void {
  const inner = context + NESTED_INNER;
  // SHAKE has no fixed length. Its inner hash is as long as the result, up to this bound.
  const innerBytes = hashDigestBytes(algo) || min<u32>(digestBytes, NESTED_INNER_BYTES);
  hashInit(algo, context);
  hashUpdate(algo, context, key, keyBytes);
  hashUpdate(algo, context, source, bytes);
  hashFinal(algo, context, inner, innerBytes);
  hashInit(algo, context);
  hashUpdate(algo, context, key, keyBytes);
  hashUpdate(algo, context, inner, innerBytes);
  hashFinal(algo, context, digest, digestBytes);
  wipe(inner, innerBytes);
}

export function macRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {
  if (hmacKnown(algo)) {
    hmacDigest(algo, context, source, bytes, digest, digestBytes);
  } else if (algo == MAC_CMAC_AES) {
    aesCmacInit(context);
    aesCmacUpdate(context, source, bytes);
    aesCmacFinal(context, digest, digestBytes);
  } else if (algo == MAC_CBCMAC_AES) {
    aesCbcmacInit(context);
    aesCbcmacUpdate(context, source, bytes);
    aesCbcmacFinal(context, digest, digestBytes);
  } else if (algo == MAC_XCBC_AES) {
    aesXcbcInit(context);
    aesXcbcUpdate(context, source, bytes);
    aesXcbcFinal(context, digest, digestBytes);
  } else if (algo == MAC_CMAC_3DES) {
    desCmacInit(context);
    desCmacUpdate(context, source, bytes);
    desCmacFinal(context, digest, digestBytes);
  } else if (algo == MAC_GMAC_TWOFISH) {
    const head = ivBytes(algo);
    gmacTwofish(context, source, head, source + head, bytes - head, digest, digestBytes);
  } else if (algo == MAC_GMAC_AES) {
    const head = ivBytes(algo);
    gmac(context, source, head, source + head, bytes - head, digest, digestBytes);
  } else {
    macShort(algo, context, source, bytes);
    memory.copy(digest, context + SHORT_RESULT, digestBytes);
  }
}

function macShort(algo: u32, context: usize, source: usize, bytes: u32): void {
  const result = context + SHORT_RESULT;
  const head = ivBytes(algo);
  if (algo == MAC_SNOW3G_UIA2) snow3gUia2(context, source, source + head, bytes - head, result);
  else if (algo == MAC_ZUC_EIA3) zucEia3(context, source, source + head, bytes - head, result);
  else if (algo == MAC_KASUMI_F9) kasumiF9(context, source, bytes, result);
  else kasumiCbcmac(context, source, bytes, result);
}
