// The HASH and MAC algorithms (5.9.4.2, 5.9.4.3): which keys and results they have, and which kernels run them.
//
// Where an algorithm needs a parameter that a MAC request has no field for, it is the first bytes of the message, as in DPDK
// (docs/parameters.md): so the IV of GMAC.
import { MAC_CBCMAC_AES, MAC_CMAC_AES, MAC_GMAC_AES, MAC_XCBC_AES } from '../../spec/crypto';
import { GCM_CONTEXT_BYTES, gcmSetKey, gmac } from '../aead/aes_gcm';
import { aesCbcmacFinal, aesCbcmacInit, aesCbcmacSetKey, aesCbcmacUpdate } from '../mac/aes_cbcmac';
import { aesCmacFinal, aesCmacInit, aesCmacSetKey, aesCmacUpdate } from '../mac/aes_cmac';
import { aesXcbcFinal, aesXcbcInit, aesXcbcSetKey, aesXcbcUpdate } from '../mac/aes_xcbc';

/** Room for the expanded key and the working state of any of them: that of GMAC is the largest. */
export const AUTH_CONTEXT_BYTES: usize = GCM_CONTEXT_BYTES;

const GMAC_IV_BYTES: u32 = 12;

export function hashResultValid(algo: u32, bytes: u32): bool {
  return false;
}

/** Whether a MAC can be cut to this length. */
export function macResultValid(algo: u32, bytes: u32): bool {
  return bytes != 0 && bytes <= macBytes(algo);
}

function macBytes(algo: u32): u32 {
  return 16;
}

export function macKeyValid(algo: u32, keyBytes: u32): bool {
  if (algo == MAC_XCBC_AES) return keyBytes == 16;
  return keyBytes == 16 || keyBytes == 24 || keyBytes == 32;
}

/** Whether a message of this length holds the parameters that stand at its start. */
export function macInputValid(algo: u32, bytes: u32): bool {
  return algo != MAC_GMAC_AES || bytes >= GMAC_IV_BYTES;
}

export function macExpandKey(algo: u32, context: usize, key: usize, keyBytes: u32): void {
  if (algo == MAC_CMAC_AES) aesCmacSetKey(context, key, keyBytes);
  else if (algo == MAC_CBCMAC_AES) aesCbcmacSetKey(context, key, keyBytes);
  else if (algo == MAC_XCBC_AES) aesXcbcSetKey(context, key);
  else if (algo == MAC_GMAC_AES) gcmSetKey(context, key, keyBytes);
}

export function hashRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {}

/** The nested hash of a chain: of the key and the hash of the key and the message. */
export function nestedHashRun(
  algo: u32,
  context: usize,
  key: usize,
  keyBytes: u32,
  source: usize,
  bytes: u32,
  digest: usize,
  digestBytes: u32,
): void {}

export function macRun(algo: u32, context: usize, source: usize, bytes: u32, digest: usize, digestBytes: u32): void {
  if (algo == MAC_CMAC_AES) {
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
  } else if (algo == MAC_GMAC_AES) {
    gmac(context, source, GMAC_IV_BYTES, source + GMAC_IV_BYTES, bytes - GMAC_IV_BYTES, digest, digestBytes);
  }
}
