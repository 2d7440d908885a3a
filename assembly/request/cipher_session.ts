import {
  CIPHER_AES_CBC,
  CRYPTO_ERR,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  CTRL_CIPHER_ALGO,
  CTRL_CIPHER_KEY_LEN,
  CTRL_CIPHER_OP,
  CTRL_SYM_OP_TYPE,
  DIRECTION_DECRYPT,
  DIRECTION_ENCRYPT,
  SERVICE_CIPHER,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { aesExpandKey } from '../cipher/aes_key';
import { Device } from '../device';
import { contextOf, keyOf, Session } from '../session/slot';
import { freeSession, openSession } from '../session/table';
import { readBytes } from '../virtqueue/buffers';

/** Whether a CIPHER algorithm is offered (cipher_algo_l/h, 5.9.5). */
@inline
export function offersCipher(device: Device, algo: u32): bool {
  return algo < 64 && ((device.cipherAlgorithms >> algo) & 1) != 0;
}

/** Whether `algo` has keys of this length. */
export function validCipherKey(algo: u32, keyBytes: u32): bool {
  return algo == CIPHER_AES_CBC && (keyBytes == 16 || keyBytes == 24 || keyBytes == 32);
}

/** Expands the key that stands in the session. Its algorithm and key length have been checked. */
export function expandCipherKey(session: Session): void {
  aesExpandKey(contextOf(session), keyOf(session), session.keyBytes);
}

/**
 * VIRTIO_CRYPTO_CIPHER_CREATE_SESSION (5.9.8.2.1), its header in the device's copy, its key next in the chain. Returns the
 * request's status; the new session's id is left in createdSession. Without REVISION_1 a full table is ERR, not NOSPC.
 */
export function createCipherSession(device: Device): u32 {
  const header = device.header;
  if (load<u32>(header + CTRL_SYM_OP_TYPE) != SYM_OP_CIPHER) return CRYPTO_NOTSUPP;
  const algo = load<u32>(header + CTRL_CIPHER_ALGO);
  if (!offersCipher(device, algo)) return CRYPTO_NOTSUPP;
  const direction = load<u32>(header + CTRL_CIPHER_OP);
  if (direction != DIRECTION_ENCRYPT && direction != DIRECTION_DECRYPT) return CRYPTO_ERR;
  const keyBytes = load<u32>(header + CTRL_CIPHER_KEY_LEN);
  if (keyBytes > device.maxCipherKeyBytes || keyBytes > device.readableLeft) return CRYPTO_ERR;
  if (!validCipherKey(algo, keyBytes)) return CRYPTO_ERR;
  const session = freeSession(device);
  if (!session) return CRYPTO_ERR;
  session.service = SERVICE_CIPHER;
  session.algo = algo;
  session.direction = direction;
  session.keyBytes = keyBytes;
  readBytes(device, keyOf(session), keyBytes);
  expandCipherKey(session);
  device.createdSession = openSession(device, session);
  return CRYPTO_OK;
}
