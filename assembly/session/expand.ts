// Checks a session's parameters and expands its keys. This is the one place for all sessions: of the control queue, of
// stateless requests, and of a saved state.
import {
  AUTH_KEY_BYTES_MAX,
  CHAIN_CIPHER_THEN_HASH,
  CHAIN_HASH_THEN_CIPHER,
  CIPHER_KEY_BYTES_MAX,
  CRYPTO_ERR,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  DIRECTION_DECRYPT,
  DIRECTION_ENCRYPT,
  HASH_MODE_AUTH,
  HASH_MODE_NESTED,
  HASH_MODE_PLAIN,
  AKCIPHER_KEY_PRIVATE,
  AKCIPHER_KEY_PUBLIC,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_CIPHER,
  SERVICE_HASH,
  SERVICE_MAC,
  SYM_OP_ALGORITHM_CHAINING,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import {
  REFUSED_ALGORITHM,
  REFUSED_CHAIN_ORDER,
  REFUSED_CHAIN_SERVICE,
  REFUSED_DIRECTION,
  REFUSED_HASH_MODE,
  REFUSED_KEY_LENGTH,
  REFUSED_KEY_LIMIT,
  REFUSED_KEY_TYPE,
  REFUSED_OP_TYPE,
  REFUSED_SERVICE,
  REFUSED_SESSION_RESULT,
  REFUSED_SESSION_TAG,
} from '../../spec/refusals';
import { Device, offersService } from '../device';
import { refuse } from '../refusal';
import { aeadExpandKey, aeadKeyValid, aeadTagValid } from './aead';
import { hashResultValid, macExpandKey, macKeyValid, macResultValid } from './auth';
import { cipherExpandKey, cipherKeyValid } from './cipher';
import { authContextOf, authKeyOf, contextOf, keyOf, Session } from './slot';

@inline
function has(mask: u64, bit: u32): bool {
  return bit != 0 && bit < 64 && ((mask >> bit) & 1) != 0;
}

/**
 * Checks a session's parameters without its keys (5.9.7.2.1). Returns OK, NOTSUPP for an algorithm or mode that is not
 * offered, or ERR for invalid values. A hash_result_len of 0 stands for the algorithm's own length.
 */
export function checkSession(device: Device, session: Session): u32 {
  const service = session.service;
  if (!offersService(device, service)) return refuse(device, REFUSED_SERVICE, CRYPTO_NOTSUPP);
  if (service == SERVICE_HASH) return checkHash(device, session);
  if (service == SERVICE_MAC) return checkMac(device, session);
  if (service == SERVICE_AEAD) return checkAead(device, session);
  if (service == SERVICE_AKCIPHER) return checkAkcipher(device, session);
  if (session.opType == SYM_OP_CIPHER) return checkCipher(device, session);
  if (session.opType != SYM_OP_ALGORITHM_CHAINING) return refuse(device, REFUSED_OP_TYPE, CRYPTO_NOTSUPP);
  const status = checkCipher(device, session);
  if (status != CRYPTO_OK) return status;
  if (session.chainOrder != CHAIN_HASH_THEN_CIPHER && session.chainOrder != CHAIN_CIPHER_THEN_HASH)
    return refuse(device, REFUSED_CHAIN_ORDER, CRYPTO_ERR);
  if (session.hashMode == HASH_MODE_AUTH) {
    if (!offersService(device, SERVICE_MAC)) return refuse(device, REFUSED_CHAIN_SERVICE, CRYPTO_NOTSUPP);
    return checkMac(device, session);
  }
  if (session.hashMode != HASH_MODE_PLAIN && session.hashMode != HASH_MODE_NESTED)
    return refuse(device, REFUSED_HASH_MODE, CRYPTO_ERR);
  if (!offersService(device, SERVICE_HASH)) return refuse(device, REFUSED_CHAIN_SERVICE, CRYPTO_NOTSUPP);
  return checkHash(device, session);
}

function checkCipher(device: Device, session: Session): u32 {
  if (!has(device.cipherAlgorithms, session.algo)) return refuse(device, REFUSED_ALGORITHM, CRYPTO_NOTSUPP);
  if (!directed(session)) return refuse(device, REFUSED_DIRECTION, CRYPTO_ERR);
  if (session.keyBytes > min<u32>(CIPHER_KEY_BYTES_MAX, device.maxKeyBytes))
    return refuse(device, REFUSED_KEY_LIMIT, CRYPTO_ERR);
  return cipherKeyValid(session.algo, session.keyBytes) ? CRYPTO_OK : refuse(device, REFUSED_KEY_LENGTH, CRYPTO_ERR);
}

function checkHash(device: Device, session: Session): u32 {
  if (!has(device.hashAlgorithms, session.authAlgo)) return refuse(device, REFUSED_ALGORITHM, CRYPTO_NOTSUPP);
  // A nested hash has a key, the prefix of both hashes.
  if (session.authKeyBytes > min<u32>(AUTH_KEY_BYTES_MAX, device.maxKeyBytes))
    return refuse(device, REFUSED_KEY_LIMIT, CRYPTO_ERR);
  return !session.resultBytes || hashResultValid(session.authAlgo, session.resultBytes)
    ? CRYPTO_OK
    : refuse(device, REFUSED_SESSION_RESULT, CRYPTO_ERR);
}

function checkMac(device: Device, session: Session): u32 {
  if (!has(device.macAlgorithms, session.authAlgo)) return refuse(device, REFUSED_ALGORITHM, CRYPTO_NOTSUPP);
  if (session.authKeyBytes > min<u32>(AUTH_KEY_BYTES_MAX, device.maxKeyBytes))
    return refuse(device, REFUSED_KEY_LIMIT, CRYPTO_ERR);
  if (!macKeyValid(session.authAlgo, session.authKeyBytes)) return refuse(device, REFUSED_KEY_LENGTH, CRYPTO_ERR);
  return !session.resultBytes || macResultValid(session.authAlgo, session.resultBytes)
    ? CRYPTO_OK
    : refuse(device, REFUSED_SESSION_RESULT, CRYPTO_ERR);
}

function checkAead(device: Device, session: Session): u32 {
  if (!has(device.aeadAlgorithms, session.algo)) return refuse(device, REFUSED_ALGORITHM, CRYPTO_NOTSUPP);
  if (!directed(session)) return refuse(device, REFUSED_DIRECTION, CRYPTO_ERR);
  if (session.keyBytes > min<u32>(CIPHER_KEY_BYTES_MAX, device.maxKeyBytes))
    return refuse(device, REFUSED_KEY_LIMIT, CRYPTO_ERR);
  if (!aeadKeyValid(session.algo, session.keyBytes)) return refuse(device, REFUSED_KEY_LENGTH, CRYPTO_ERR);
  if (!aeadTagValid(session.algo, session.resultBytes)) return refuse(device, REFUSED_SESSION_TAG, CRYPTO_ERR);
  return CRYPTO_OK;
}

function checkAkcipher(device: Device, session: Session): u32 {
  if (!has(device.akcipherAlgorithms, session.algo)) return refuse(device, REFUSED_ALGORITHM, CRYPTO_NOTSUPP);
  if (session.direction != AKCIPHER_KEY_PUBLIC && session.direction != AKCIPHER_KEY_PRIVATE)
    return refuse(device, REFUSED_KEY_TYPE, CRYPTO_NOTSUPP);
  return session.keyBytes > device.maxAkcipherKeyBytes ? refuse(device, REFUSED_KEY_LIMIT, CRYPTO_ERR) : CRYPTO_OK;
}

@inline
function directed(session: Session): bool {
  return session.direction == DIRECTION_ENCRYPT || session.direction == DIRECTION_DECRYPT;
}

/** Expands the keys of a session. checkSession() has accepted its parameters. */
export function expandSession(session: Session): void {
  const service = session.service;
  if (service == SERVICE_AEAD) {
    aeadExpandKey(session.algo, contextOf(session), keyOf(session), session.keyBytes);
    return;
  }
  if (service == SERVICE_CIPHER) {
    cipherExpandKey(session.algo, contextOf(session), keyOf(session), session.keyBytes);
    if (session.opType != SYM_OP_ALGORITHM_CHAINING || session.hashMode != HASH_MODE_AUTH) return;
  } else if (service == SERVICE_HASH) {
    return;
  }
  macExpandKey(session.authAlgo, authContextOf(session), authKeyOf(session), session.authKeyBytes);
}
