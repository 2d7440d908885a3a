import { CRYPTO_ERR, CRYPTO_OK, HASH_MODE_AUTH, SERVICE_CIPHER, SERVICE_HASH } from '../../spec/crypto';
import { Device } from '../device';
import { NOWHERE } from '../memory/guest';
import { hashResultValid, macInputValid, macResultValid } from '../session/auth';
import { Session } from '../session/slot';
import { nextIsContiguous, readContiguous, reportWritten, writableContiguous, writeBytes } from '../chain/buffers';
import { addToBatch, mayWait, runBatch } from './batch';
import { runDigestOf } from './host_crypto';
import { Operation } from './operation';

/**
 * A HASH or MAC request (5.9.7.4, 5.9.7.5). Returns its status; with OK the result stands in the chain, or will after
 * the batch.
 */
export function runAuth(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  const wanted = operation.resultBytes;
  if (!resultAllowed(session, wanted)) return CRYPTO_ERR;
  if (session.service != SERVICE_HASH && !macInputValid(session.authAlgo, bytes)) return CRYPTO_ERR;
  // The batch uses scratch, so what is gathered there comes after it.
  if (!nextIsContiguous(device, bytes)) runBatch(device);
  const source = readContiguous(device, bytes, device.scratch);
  const digest = writableContiguous(device, 0, wanted);
  if (
    digest != NOWHERE &&
    source != device.scratch &&
    mayWait(device, session, source, bytes, digest, 0, digest, wanted)
  ) {
    addToBatch(device, session, source, bytes, digest, 0, 0, 0, 0, source, bytes, digest, wanted);
  } else {
    runBatch(device);
    // Through scratch: a kernel may still read its source when it begins to write.
    runDigestOf(device, session, source, bytes, device.scratch2, wanted);
    writeBytes(device, device.scratch2, 0, wanted);
    device.resultBytes = wanted;
    return CRYPTO_OK;
  }
  reportWritten(device, 0, wanted);
  device.resultBytes = wanted;
  return CRYPTO_OK;
}

/**
 * Whether a result of this length can be given: not longer than the algorithm's, nor than the session's if that named
 * one.
 */
export function resultAllowed(session: Session, bytes: u32): bool {
  if (session.resultBytes && bytes > session.resultBytes) return false;
  return session.service == SERVICE_HASH || isPlainHash(session)
    ? hashResultValid(session.authAlgo, bytes)
    : macResultValid(session.authAlgo, bytes);
}

@inline
function isPlainHash(session: Session): bool {
  return session.service == SERVICE_CIPHER && session.hashMode != HASH_MODE_AUTH;
}
