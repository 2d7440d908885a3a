// Session creation (5.9.7.2.1): the fields of the services' requests, read into a session.
import {
  CRYPTO_ERR,
  CRYPTO_NOSPC,
  CRYPTO_OK,
  CTRL_AEAD_ALGO,
  CTRL_AEAD_KEY_LEN,
  CTRL_AEAD_OP,
  CTRL_AEAD_TAG_LEN,
  CTRL_AKCIPHER_ALGO,
  CTRL_AKCIPHER_KEY_LEN,
  CTRL_AKCIPHER_KEY_TYPE,
  CTRL_AKCIPHER_PARAMETERS,
  CTRL_AUTH_ALGO,
  CTRL_AUTH_KEY_LEN,
  CTRL_AUTH_RESULT_LEN,
  CTRL_CHAIN_AUTH_ALGO,
  CTRL_CHAIN_AUTH_KEY_LEN,
  CTRL_CHAIN_CIPHER_ALGO,
  CTRL_CHAIN_CIPHER_KEY_LEN,
  CTRL_CHAIN_CIPHER_OP,
  CTRL_CHAIN_HASH_MODE,
  CTRL_CHAIN_ORDER,
  CTRL_CHAIN_RESULT_LEN,
  CTRL_CIPHER_ALGO,
  CTRL_CIPHER_KEY_LEN,
  CTRL_CIPHER_OP,
  CTRL_SYM_OP_TYPE,
  F_REVISION_1,
  HASH_MODE_PLAIN,
  RSA_HASH_ALGO,
  RSA_PADDING_ALGO,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_CIPHER,
  SERVICE_MAC,
  SYM_OP_ALGORITHM_CHAINING,
} from '../../spec/crypto';
import { SESSION_HEAD_BYTES } from '../../spec/engine';
import { REFUSED_KEY_MISSING, REFUSED_NO_SPACE } from '../../spec/refusals';
import { Device, hasFeature } from '../device';
import { refuse } from '../refusal';
import { wipe } from '../memory/bytes';
import { checkSession } from '../session/expand';
import { copyParameters, keyOf, PARAMETERS_BYTES, parametersOf, Session } from '../session/slot';
import { freeSession, openSession } from '../session/table';
import { readBytes } from '../chain/buffers';
import { handOverKey } from './akcipher';
import { readySession } from './ready';

/**
 * Makes the session that the request in the device's header asks for. Its keys are next in the chain. Returns the new
 * session's id, or a status (isSession() tells which).
 */
export function createSession(device: Device, service: u32): u64 {
  // The parameters are checked in the stateless slot first, so that only a valid session takes a slot of the table.
  const session = changetype<Session>(device.stateless);
  readParameters(session, device.header, service);
  const status = checkSession(device, session);
  const made: u64 = status == CRYPTO_OK ? takeSlot(device, session) : status;
  wipe(device.stateless, SESSION_HEAD_BYTES);
  return made;
}

function takeSlot(device: Device, parameters: Session): u64 {
  const keys = parameters.keyBytes + parameters.authKeyBytes;
  if (keys > device.readableLeft) return refuse(device, REFUSED_KEY_MISSING, CRYPTO_ERR);
  const session = freeSession(device);
  // 5.9.7.1: NOSPC is a status of REVISION_1.
  if (!session) return refuse(device, REFUSED_NO_SPACE, hasFeature(device, F_REVISION_1) ? CRYPTO_NOSPC : CRYPTO_ERR);
  copyParameters(session, parameters);
  if (session.service == SERVICE_AKCIPHER) {
    const status = handOverKey(device, session);
    if (status == CRYPTO_OK) return openSession(device, session);
    wipe(parametersOf(session), PARAMETERS_BYTES);
    return status;
  }
  readBytes(device, keyOf(session), keys);
  readySession(session);
  return openSession(device, session);
}

function readParameters(session: Session, header: usize, service: u32): void {
  session.service = service;
  if (service == SERVICE_CIPHER) {
    session.opType = load<u32>(header + CTRL_SYM_OP_TYPE);
    if (session.opType == SYM_OP_ALGORITHM_CHAINING) {
      readChain(session, header);
    } else {
      session.algo = load<u32>(header + CTRL_CIPHER_ALGO);
      session.keyBytes = load<u32>(header + CTRL_CIPHER_KEY_LEN);
      session.direction = load<u32>(header + CTRL_CIPHER_OP);
    }
  } else if (service == SERVICE_AEAD) {
    session.algo = load<u32>(header + CTRL_AEAD_ALGO);
    session.keyBytes = load<u32>(header + CTRL_AEAD_KEY_LEN);
    session.resultBytes = load<u32>(header + CTRL_AEAD_TAG_LEN);
    session.direction = load<u32>(header + CTRL_AEAD_OP);
  } else if (service == SERVICE_AKCIPHER) {
    session.algo = load<u32>(header + CTRL_AKCIPHER_ALGO);
    session.keyBytes = load<u32>(header + CTRL_AKCIPHER_KEY_LEN);
    session.keyType = load<u32>(header + CTRL_AKCIPHER_KEY_TYPE);
    session.padding = load<u32>(header + CTRL_AKCIPHER_PARAMETERS + RSA_PADDING_ALGO);
    session.signatureHash = load<u32>(header + CTRL_AKCIPHER_PARAMETERS + RSA_HASH_ALGO);
  } else {
    session.authAlgo = load<u32>(header + CTRL_AUTH_ALGO);
    session.resultBytes = load<u32>(header + CTRL_AUTH_RESULT_LEN);
    if (service == SERVICE_MAC) session.authKeyBytes = load<u32>(header + CTRL_AUTH_KEY_LEN);
  }
}

function readChain(session: Session, header: usize): void {
  session.chainOrder = load<u32>(header + CTRL_CHAIN_ORDER);
  session.hashMode = load<u32>(header + CTRL_CHAIN_HASH_MODE);
  session.algo = load<u32>(header + CTRL_CHAIN_CIPHER_ALGO);
  session.keyBytes = load<u32>(header + CTRL_CHAIN_CIPHER_KEY_LEN);
  session.direction = load<u32>(header + CTRL_CHAIN_CIPHER_OP);
  session.authAlgo = load<u32>(header + CTRL_CHAIN_AUTH_ALGO);
  session.resultBytes = load<u32>(header + CTRL_CHAIN_RESULT_LEN);
  // With a plain hash, algo_flf is a hash's structure, which has no auth_key_len.
  if (session.hashMode != HASH_MODE_PLAIN) session.authKeyBytes = load<u32>(header + CTRL_CHAIN_AUTH_KEY_LEN);
}
