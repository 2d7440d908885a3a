import { AEAD_CCM, CCM_IV_BYTES, CRYPTO_BADMSG, CRYPTO_ERR, CRYPTO_OK, DIRECTION_ENCRYPT } from '../../spec/crypto';
import { Device } from '../device';
import { aeadIvValid } from '../session/aead';
import { Session } from '../session/slot';
import { readBytes, readContiguous, reportWritten, writableContiguous, writeBytes } from '../chain/buffers';
import { runBatch } from './batch';
import { inPlaceOrApart } from './cipher';
import { runAeadOf } from './host_crypto';
import { Operation } from './operation';

/**
 * An AEAD request (5.9.7.7). Encryption writes the ciphertext and behind it the tag; decryption reads them so and
 * writes the plaintext, or nothing and BADMSG where the tag is not right.
 */
export function runAead(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  runBatch(device);
  const encrypt = session.direction == DIRECTION_ENCRYPT;
  const tagBytes = operation.tagBytes;
  if (tagBytes != session.resultBytes) return CRYPTO_ERR;
  if (!encrypt && operation.sourceBytes < tagBytes) return CRYPTO_ERR;
  const text = encrypt ? operation.sourceBytes : operation.sourceBytes - tagBytes;
  const resultBytes = encrypt ? text + tagBytes : text;
  if (operation.destinationBytes < resultBytes || !aeadIvValid(session.algo, operation.ivBytes, text))
    return CRYPTO_ERR;

  // CCM's nonce stands in a field of 16 bytes, behind one that is reserved.
  const ccm = session.algo == AEAD_CCM;
  const ivField = ccm ? <u32>CCM_IV_BYTES : operation.ivBytes;
  if (<u64>ivField + operation.sourceBytes + operation.aadBytes > <u64>device.readableLeft) return CRYPTO_ERR;
  readBytes(device, device.iv, ivField);
  const source = readContiguous(device, operation.sourceBytes, device.scratch);
  const aad = readContiguous(device, operation.aadBytes, device.scratch2);

  const destination = resultBytes ? writableContiguous(device, 0, resultBytes) : device.scratch;
  const direct =
    inPlaceOrApart(source, destination, operation.sourceBytes, resultBytes) &&
    // Encryption writes before it reads the additional data.
    (aad + operation.aadBytes <= destination || destination + resultBytes <= aad);
  const result = direct ? destination : device.scratch;
  const nonce = ccm ? device.iv + 1 : device.iv;
  if (!runAeadOf(device, session, nonce, operation.ivBytes, aad, operation.aadBytes, source, text, result))
    return CRYPTO_BADMSG;
  if (direct) reportWritten(device, 0, resultBytes);
  else writeBytes(device, device.scratch, 0, resultBytes);
  device.resultBytes = resultBytes;
  return CRYPTO_OK;
}
