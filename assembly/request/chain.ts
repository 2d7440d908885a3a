// Algorithm chaining (5.9.7.6): a cipher over one window of the source and a hash or MAC over another. dst_data is the
// source with the cipher's window replaced. The hash takes the additional data, then its window. alg_chain_order says
// whether this window is of the source or of the result.
import { CHAIN_HASH_THEN_CIPHER, CRYPTO_ERR, CRYPTO_OK, HASH_MODE_AUTH } from '../../spec/crypto';
import {
  REFUSED_DESTINATION_LENGTH,
  REFUSED_IV_LENGTH,
  REFUSED_RESULT_LENGTH,
  REFUSED_SOURCE_LENGTH,
  REFUSED_WINDOW,
} from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { NOWHERE, STEADY } from '../memory/guest';
import { macInputValid } from '../session/auth';
import { cipherIvBytes, cipherLengthValid } from '../session/cipher';
import { Session } from '../session/slot';
import { nextIsContiguous, readBytes, readSteadily, reportWritten, steadyResult, writeBytes } from '../chain/buffers';
import { resultAllowed } from './auth';
import { mayWait, nextWaiting, runBatch } from './batch';
import { inPlaceOrApart } from './cipher';
import { runCipherOf, runDigestOf } from './host_crypto';
import { Operation } from './operation';
import { BATCHED } from './outcome';

/**
 * Runs a chained request. Returns its status, or BATCHED. With OK, result and digest are in the chain. Leaves the
 * length of both together in resultBytes.
 */
export function runChain(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const wrong = wrongChain(device, session);
  if (wrong) return refuse(device, wrong, CRYPTO_ERR);
  const bytes = operation.sourceBytes;
  const aadBytes = operation.aadBytes;
  readBytes(device, device.iv, operation.ivBytes);
  // The batch uses scratch too, so it runs before anything is gathered there.
  const gathers = aadBytes != 0 || !STEADY || !nextIsContiguous(device, bytes);
  if (gathers) runBatch(device);
  if (aadBytes && operation.aadFirst) readBytes(device, device.scratch2, aadBytes);
  const source = readSteadily(device, bytes, device.scratch);
  if (aadBytes && !operation.aadFirst) readBytes(device, device.scratch2, aadBytes);

  const destination = bytes ? steadyResult(device, 0, bytes) : device.scratch;
  const direct = inPlaceOrApart(source, destination, bytes, bytes);
  const wanted = operation.resultBytes;
  const digest = steadyResult(device, bytes, wanted);
  device.resultBytes = bytes + wanted;
  if (
    direct &&
    bytes &&
    !gathers &&
    digest != NOWHERE &&
    mayWait(device, session, source, bytes, destination, bytes, digest, wanted)
  ) {
    copyAround(operation, source, destination);
    const hashed = session.chainOrder == CHAIN_HASH_THEN_CIPHER ? source : destination;
    const waiting = nextWaiting(device, session);
    waiting.read = <u32>source;
    waiting.readBytes = bytes;
    waiting.write = <u32>destination;
    waiting.writeBytes = bytes;
    waiting.cipherSource = <u32>source + operation.cipherStart;
    waiting.cipherDestination = <u32>destination + operation.cipherStart;
    waiting.cipherBytes = operation.cipherBytes;
    waiting.hashSource = <u32>hashed + operation.hashStart;
    waiting.hashBytes = operation.hashBytes;
    waiting.digest = <u32>digest;
    waiting.digestBytes = wanted;
    return BATCHED;
  }
  runBatch(device);
  runNow(device, session, source, direct ? destination : device.scratch);
  if (direct) reportWritten(device, 0, bytes);
  else writeBytes(device, device.scratch, 0, bytes);
  // runNow() left the digest in scratch2, behind the additional data and the window.
  writeBytes(device, device.scratch2 + aadBytes + operation.hashBytes, bytes, wanted);
  return CRYPTO_OK;
}

/** The check that a chained request's lengths fail (REFUSED_*), or 0. */
export function wrongChain(device: Device, session: Session): u32 {
  const operation = changetype<Operation>(device.operation);
  const bytes = operation.sourceBytes;
  if (operation.destinationBytes != bytes) return REFUSED_DESTINATION_LENGTH;
  if (operation.ivBytes != cipherIvBytes(session.algo)) return REFUSED_IV_LENGTH;
  // In 64 bits: start and length may wrap in 32.
  if (
    <u64>operation.cipherStart + operation.cipherBytes > <u64>bytes ||
    <u64>operation.hashStart + operation.hashBytes > <u64>bytes
  )
    return REFUSED_WINDOW;
  if (!cipherLengthValid(session.algo, operation.cipherBytes)) return REFUSED_SOURCE_LENGTH;
  if (!resultAllowed(session, operation.resultBytes)) return REFUSED_RESULT_LENGTH;
  const isMac = session.hashMode == HASH_MODE_AUTH;
  const hashed = operation.aadBytes + operation.hashBytes;
  return isMac && !macInputValid(session.authAlgo, hashed) ? REFUSED_SOURCE_LENGTH : 0;
}

/** Runs both algorithms of one request. Leaves the digest in scratch2, behind the additional data and the window. */
function runNow(device: Device, session: Session, source: usize, result: usize): void {
  const operation = changetype<Operation>(device.operation);
  const hashFirst = session.chainOrder == CHAIN_HASH_THEN_CIPHER;
  if (hashFirst) hashWindow(device, session, source);
  if (source != result) copyAround(operation, source, result);
  if (operation.cipherBytes) {
    const at = operation.cipherStart;
    runCipherOf(device, session, device.iv, source + at, result + at, operation.cipherBytes);
  }
  if (!hashFirst) hashWindow(device, session, result);
}

function hashWindow(device: Device, session: Session, data: usize): void {
  const operation = changetype<Operation>(device.operation);
  const aadBytes = operation.aadBytes;
  const bytes = operation.hashBytes;
  const digest = device.scratch2 + aadBytes + bytes;
  let message = data + operation.hashStart;
  if (aadBytes) {
    memory.copy(device.scratch2 + aadBytes, message, bytes);
    message = device.scratch2;
  }
  runDigestOf(device, session, message, aadBytes + bytes, digest, operation.resultBytes);
}

/** Copies the source's bytes outside the cipher's window to the result. */
function copyAround(operation: Operation, source: usize, result: usize): void {
  if (source == result) return;
  const end = operation.cipherStart + operation.cipherBytes;
  if (operation.cipherStart) memory.copy(result, source, operation.cipherStart);
  if (end < operation.sourceBytes) memory.copy(result + end, source + end, operation.sourceBytes - end);
}
