import { CRYPTO_ERR, CRYPTO_OK, HASH_MODE_AUTH, SERVICE_CIPHER, SERVICE_HASH } from '../../spec/crypto';
import { REFUSED_RESULT_LENGTH, REFUSED_SOURCE_LENGTH } from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { NOWHERE } from '../memory/guest';
import { hashResultValid, macInputValid, macResultValid } from '../session/auth';
import { Session } from '../session/slot';
import { nextIsContiguous, readContiguous, steadyResult, writeBytes } from '../chain/buffers';
import { mayWait, nextWaiting, runBatch } from './batch';
import { runDigestOf } from './host_crypto';
import { Operation } from './operation';
import { BATCHED } from './outcome';

/**
 * Runs a HASH or MAC request (5.9.7.4, 5.9.7.5). Returns its status, or BATCHED. With OK the result is in the chain.
 * Leaves the result's length in resultBytes.
 */
export function runAuth(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  const wanted = operation.resultBytes;
  const wrong = wrongAuth(device, session);
  if (wrong) return refuse(device, wrong, CRYPTO_ERR);
  // The batch uses scratch too, so it runs before the source is gathered there.
  if (!nextIsContiguous(device, bytes)) runBatch(device);
  const source = readContiguous(device, bytes, device.scratch);
  const digest = steadyResult(device, 0, wanted);
  device.resultBytes = wanted;
  if (
    digest != NOWHERE &&
    source != device.scratch &&
    mayWait(device, session, source, bytes, digest, 0, digest, wanted)
  ) {
    const waiting = nextWaiting(device, session);
    waiting.read = <u32>source;
    waiting.readBytes = bytes;
    waiting.hashSource = <u32>source;
    waiting.hashBytes = bytes;
    waiting.digest = <u32>digest;
    waiting.digestBytes = wanted;
    return BATCHED;
  }
  runBatch(device);
  // Through scratch: a kernel may still read its source when it begins to write.
  runDigestOf(device, session, source, bytes, device.scratch2, wanted);
  writeBytes(device, device.scratch2, 0, wanted);
  return CRYPTO_OK;
}

/** The check that a HASH or MAC request's lengths fail (REFUSED_*), or 0. */
@inline
export function wrongAuth(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  if (!resultAllowed(session, operation.resultBytes)) return REFUSED_RESULT_LENGTH;
  const isMac = session.service != SERVICE_HASH;
  return isMac && !macInputValid(session.authAlgo, operation.sourceBytes) ? REFUSED_SOURCE_LENGTH : 0;
}

/** Whether a result may have this length: at most the algorithm's, and at most the session's if the session has one. */
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
