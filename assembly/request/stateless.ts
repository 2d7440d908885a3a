// Stateless mode (5.9.7): a session for one request, made from the request's own fields, in a slot that has no id.
import {
  CRYPTO_ERR,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  HASH_MODE_PLAIN,
  RSA_HASH_ALGO,
  RSA_PADDING_ALGO,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_CIPHER,
  SERVICE_HASH,
  STATELESS_AEAD_ALGO,
  STATELESS_AEAD_KEY_LEN,
  STATELESS_AEAD_OP,
  STATELESS_AEAD_TAG_LEN,
  STATELESS_AKCIPHER_ALGO,
  STATELESS_AKCIPHER_KEY_LEN,
  STATELESS_AKCIPHER_KEY_TYPE,
  STATELESS_AKCIPHER_PARAMETERS,
  STATELESS_CHAIN_AUTH_ALGO,
  STATELESS_CHAIN_AUTH_KEY_LEN,
  STATELESS_CHAIN_CIPHER_ALGO,
  STATELESS_CHAIN_CIPHER_KEY_LEN,
  STATELESS_CHAIN_CIPHER_OP,
  STATELESS_CHAIN_HASH_MODE,
  STATELESS_CHAIN_ORDER,
  STATELESS_CIPHER_ALGO,
  STATELESS_CIPHER_KEY_LEN,
  STATELESS_CIPHER_OP,
  STATELESS_HASH_ALGO,
  STATELESS_MAC_ALGO,
  STATELESS_MAC_KEY_LEN,
  SYM_OP_ALGORITHM_CHAINING,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { SESSION_HEAD_BYTES } from '../../spec/engine';
import { REFUSED_KEY_MISSING, REFUSED_OP_TYPE } from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { wipe } from '../memory/bytes';
import { checkSession } from '../session/expand';
import { contextOf, keyOf, Session, SLOT_BYTES } from '../session/slot';
import { readBytes } from '../chain/buffers';
import { handOverKey } from './akcipher';
import { announceClosing } from './deferred';
import { symOpType } from './layout';
import { readyStateless } from './ready';

/** Makes a session of the request in the device's header. Its keys are next in the chain. Returns a status. */
export function openStateless(device: Device, service: u32): u32 {
  const session = changetype<Session>(device.stateless);
  const header = device.header;
  session.service = service;
  if (service == SERVICE_CIPHER) {
    session.opType = symOpType(device, true);
    if (session.opType == SYM_OP_CIPHER) readCipher(session, header);
    else if (session.opType == SYM_OP_ALGORITHM_CHAINING) readChain(session, header);
    else return refuse(device, REFUSED_OP_TYPE, CRYPTO_NOTSUPP);
  } else if (service == SERVICE_AEAD) {
    session.algo = load<u32>(header + STATELESS_AEAD_ALGO);
    session.keyBytes = load<u32>(header + STATELESS_AEAD_KEY_LEN);
    session.direction = load<u32>(header + STATELESS_AEAD_OP);
    session.resultBytes = load<u32>(header + STATELESS_AEAD_TAG_LEN);
  } else if (service == SERVICE_HASH) {
    session.authAlgo = load<u32>(header + STATELESS_HASH_ALGO);
  } else if (service == SERVICE_AKCIPHER) {
    session.algo = load<u32>(header + STATELESS_AKCIPHER_ALGO);
    session.keyBytes = load<u32>(header + STATELESS_AKCIPHER_KEY_LEN);
    session.keyType = load<u32>(header + STATELESS_AKCIPHER_KEY_TYPE);
    session.padding = load<u32>(header + STATELESS_AKCIPHER_PARAMETERS + RSA_PADDING_ALGO);
    session.signatureHash = load<u32>(header + STATELESS_AKCIPHER_PARAMETERS + RSA_HASH_ALGO);
  } else {
    session.authAlgo = load<u32>(header + STATELESS_MAC_ALGO);
    session.authKeyBytes = load<u32>(header + STATELESS_MAC_KEY_LEN);
  }
  const status = checkSession(device, session);
  if (status != CRYPTO_OK) return status;
  if (service == SERVICE_AKCIPHER) {
    device.contentBytes = session.keyBytes;
    return handOverKey(device, session);
  }
  const keys = session.keyBytes + session.authKeyBytes;
  if (keys > device.readableLeft) return refuse(device, REFUSED_KEY_MISSING, CRYPTO_ERR);
  readBytes(device, keyOf(session), keys);
  device.contentBytes = keys;
  readyStateless(session);
  return CRYPTO_OK;
}

/** Wipes the request's parameters and keys. The steps stay, for the next request with the same parameters. */
export function closeStateless(device: Device): void {
  const session = changetype<Session>(device.stateless);
  if (session.service == SERVICE_AKCIPHER) announceClosing(session);
  wipe(device.stateless, SESSION_HEAD_BYTES);
  const context = contextOf(session);
  wipe(context, device.stateless + SLOT_BYTES - context);
}

function readCipher(session: Session, header: usize): void {
  session.algo = load<u32>(header + STATELESS_CIPHER_ALGO);
  session.keyBytes = load<u32>(header + STATELESS_CIPHER_KEY_LEN);
  session.direction = load<u32>(header + STATELESS_CIPHER_OP);
}

function readChain(session: Session, header: usize): void {
  session.chainOrder = load<u32>(header + STATELESS_CHAIN_ORDER);
  session.algo = load<u32>(header + STATELESS_CHAIN_CIPHER_ALGO);
  session.keyBytes = load<u32>(header + STATELESS_CHAIN_CIPHER_KEY_LEN);
  session.direction = load<u32>(header + STATELESS_CHAIN_CIPHER_OP);
  session.authAlgo = load<u32>(header + STATELESS_CHAIN_AUTH_ALGO);
  session.hashMode = load<u32>(header + STATELESS_CHAIN_HASH_MODE);
  // A plain hash has no key, so its auth_key_len is ignored.
  session.authKeyBytes = session.hashMode == HASH_MODE_PLAIN ? 0 : load<u32>(header + STATELESS_CHAIN_AUTH_KEY_LEN);
}
