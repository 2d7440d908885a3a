import { CRYPTO_ERR, CRYPTO_OK } from '../../spec/crypto';
import { REFUSED_DESTINATION_LENGTH, REFUSED_IV_LENGTH, REFUSED_SOURCE_LENGTH } from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { NOWHERE } from '../memory/guest';
import { cipherIvBytes, cipherLengthValid } from '../session/cipher';
import { Session } from '../session/slot';
import {
  nextIsContiguous,
  readBytes,
  readContiguous,
  reportWritten,
  writableContiguous,
  writeBytes,
} from '../chain/buffers';
import { mayWait, nextWaiting, runBatch } from './batch';
import { runCipherOf } from './host_crypto';
import { Operation } from './operation';
import { BATCHED } from './outcome';

/**
 * Runs a CIPHER request with one cipher (5.9.7.6). Returns its status, or BATCHED. With OK the result is in the chain.
 * Leaves the result's length in resultBytes.
 */
export function runCipher(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  const wrong = wrongCipher(device, session);
  if (wrong) return refuse(device, wrong, CRYPTO_ERR);
  if (!bytes) return CRYPTO_OK;

  readBytes(device, device.iv, operation.ivBytes);
  // The batch uses scratch too, so it runs before the source is gathered there.
  if (!nextIsContiguous(device, bytes)) runBatch(device);
  const source = readContiguous(device, bytes, device.scratch);
  const destination = writableContiguous(device, 0, bytes);
  const direct = inPlaceOrApart(source, destination, bytes, bytes);
  device.resultBytes = bytes;
  if (direct && source != device.scratch && mayWait(device, session, source, bytes, destination, bytes, 0, 0)) {
    const waiting = nextWaiting(device, session);
    waiting.read = <u32>source;
    waiting.readBytes = bytes;
    waiting.write = <u32>destination;
    waiting.writeBytes = bytes;
    waiting.cipherSource = <u32>source;
    waiting.cipherDestination = <u32>destination;
    waiting.cipherBytes = bytes;
    return BATCHED;
  }
  runBatch(device);
  const result = direct ? destination : device.scratch;
  runCipherOf(device, session, device.iv, source, result, bytes);
  if (direct) reportWritten(device, 0, bytes);
  else writeBytes(device, device.scratch, 0, bytes);
  return CRYPTO_OK;
}

/** The check that a CIPHER request's lengths fail (REFUSED_*), or 0. */
@inline
export function wrongCipher(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  if (operation.ivBytes != cipherIvBytes(session.algo)) return REFUSED_IV_LENGTH;
  if (operation.destinationBytes != operation.sourceBytes) return REFUSED_DESTINATION_LENGTH;
  return cipherLengthValid(session.algo, operation.sourceBytes) ? 0 : REFUSED_SOURCE_LENGTH;
}

/** Whether kernels may write to `destination` directly: it is one piece, either the source's place or apart from it. */
@inline
export function inPlaceOrApart(source: usize, destination: usize, sourceBytes: u32, bytes: u32): bool {
  return (
    destination != NOWHERE &&
    (destination == source || source + sourceBytes <= destination || destination + bytes <= source)
  );
}
