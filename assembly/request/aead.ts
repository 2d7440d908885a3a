import { AEAD_CCM, CCM_IV_BYTES, CRYPTO_BADMSG, CRYPTO_ERR, CRYPTO_OK, DIRECTION_ENCRYPT } from '../../spec/crypto';
import {
  REFUSED_DESTINATION_LENGTH,
  REFUSED_IV_LENGTH,
  REFUSED_NONCE_FIELD,
  REFUSED_SOURCE_LENGTH,
  REFUSED_TAG,
  REFUSED_TAG_LENGTH,
} from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { aeadIvValid } from '../session/aead';
import { Session } from '../session/slot';
import { readBytes, readSteadily, reportWritten, steadyResult, writeBytes } from '../chain/buffers';
import { runBatch } from './batch';
import { inPlaceOrApart } from './cipher';
import { runAeadOf } from './host_crypto';
import { Operation } from './operation';

/**
 * Runs an AEAD request (5.9.7.7). Encryption writes the ciphertext, and the tag behind it. Decryption reads the same
 * order and writes the plaintext. If the tag is wrong, it writes nothing and returns BADMSG.
 */
export function runAead(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  runBatch(device);
  const encrypt = session.direction == DIRECTION_ENCRYPT;
  const wrong = wrongAead(device, session);
  if (wrong) return refuse(device, wrong, CRYPTO_ERR);
  const tagBytes = operation.tagBytes;
  const text = encrypt ? operation.sourceBytes : operation.sourceBytes - tagBytes;
  const resultBytes = encrypt ? text + tagBytes : text;
  const ivField = nonceFieldBytes(session, operation);
  readBytes(device, device.iv, ivField);
  const source = readSteadily(device, operation.sourceBytes, device.scratch);
  const aad = readSteadily(device, operation.aadBytes, device.scratch2);

  const destination = resultBytes ? steadyResult(device, 0, resultBytes) : device.scratch;
  const direct =
    inPlaceOrApart(source, destination, operation.sourceBytes, resultBytes) &&
    // A kernel may write ciphertext before it reads the additional data.
    (aad + operation.aadBytes <= destination || destination + resultBytes <= aad);
  const result = direct ? destination : device.scratch;
  const nonce = session.algo == AEAD_CCM ? device.iv + 1 : device.iv;
  if (!runAeadOf(device, session, nonce, operation.ivBytes, aad, operation.aadBytes, source, text, result))
    return refuse(device, REFUSED_TAG, CRYPTO_BADMSG);
  if (direct) reportWritten(device, 0, resultBytes);
  else writeBytes(device, device.scratch, 0, resultBytes);
  device.resultBytes = resultBytes;
  return CRYPTO_OK;
}

/** The check that an AEAD request's lengths fail (REFUSED_*), or 0. */
export function wrongAead(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const encrypt = session.direction == DIRECTION_ENCRYPT;
  const tagBytes = operation.tagBytes;
  if (tagBytes != session.resultBytes) return REFUSED_TAG_LENGTH;
  if (!encrypt && operation.sourceBytes < tagBytes) return REFUSED_SOURCE_LENGTH;
  const text = encrypt ? operation.sourceBytes : operation.sourceBytes - tagBytes;
  const resultBytes = encrypt ? text + tagBytes : text;
  if (operation.destinationBytes < resultBytes) return REFUSED_DESTINATION_LENGTH;
  if (!aeadIvValid(session.algo, operation.ivBytes, text)) return REFUSED_IV_LENGTH;
  const content = <u64>nonceFieldBytes(session, operation) + operation.sourceBytes + operation.aadBytes;
  return content > <u64>device.readableLeft ? REFUSED_NONCE_FIELD : 0;
}

/** Length of the field that holds the nonce. CCM's field has 16 bytes: a reserved byte, then the nonce. */
@inline
function nonceFieldBytes(session: Session, operation: Operation): u32 {
  return session.algo == AEAD_CCM ? <u32>CCM_IV_BYTES : operation.ivBytes;
}
