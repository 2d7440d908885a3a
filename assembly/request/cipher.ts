import { CRYPTO_ERR, CRYPTO_OK } from '../../spec/crypto';
import { Device } from '../device';
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
 * A CIPHER request of one cipher (5.9.7.6). Returns the request's status, with OK of which the result stands in the
 * chain, or BATCHED. The result's length is left in resultBytes.
 */
export function runCipher(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  if (operation.ivBytes != cipherIvBytes(session.algo) || operation.destinationBytes != bytes) return CRYPTO_ERR;
  if (!cipherLengthValid(session.algo, bytes)) return CRYPTO_ERR;
  if (!bytes) return CRYPTO_OK;

  readBytes(device, device.iv, operation.ivBytes);
  // The batch uses scratch, so what is gathered there comes after it.
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

/** Whether kernels may write to `destination` directly: it is one piece, and the source's place or apart from it. */
@inline
export function inPlaceOrApart(source: usize, destination: usize, sourceBytes: u32, bytes: u32): bool {
  return (
    destination != NOWHERE &&
    (destination == source || source + sourceBytes <= destination || destination + bytes <= source)
  );
}
