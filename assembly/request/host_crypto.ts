// The host's own cryptography, which may use instructions that WebAssembly lacks. A request with PLACE_HOST is offered
// to it inside the notification. The host computes the same result as the kernels, or declines.
import { DIRECTION_DECRYPT } from '../../spec/crypto';
import { HOST_DECLINED, HOST_DONE, PLACE_HOST } from '../../spec/engine';
import { Device } from '../device';
import { aeadDecrypt, aeadEncrypt } from '../session/aead';
import { cipherRun } from '../session/cipher';
import { contextOf, Session } from '../session/slot';
import { digestOf } from './digest';

/** Runs a cipher, in place or apart. False: the host declined and wrote nothing. */
// @ts-ignore: decorator
@external('backend', 'cipher')
declare function cipher(session: usize, iv: usize, source: usize, destination: usize, bytes: u32): bool;

/** Makes a digest. False: the host declined. */
// @ts-ignore: decorator
@external('backend', 'digest')
declare function digest(session: usize, source: usize, bytes: u32, result: usize, resultBytes: u32): bool;

/** Runs an AEAD, with the tag behind the ciphertext. Returns HOST_*. */
// @ts-ignore: decorator
@external('backend', 'aead')
declare function aead(
  session: usize,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: u32,
  source: usize,
  textBytes: u32,
  destination: usize,
): u32;

/** Runs a cipher in the host if the request's place is PLACE_HOST, else in the engine. Overwrites the IV. */
export function runCipherOf(
  device: Device,
  session: Session,
  iv: usize,
  source: usize,
  destination: usize,
  bytes: u32,
): void {
  if (device.place == PLACE_HOST && cipher(changetype<usize>(session), iv, source, destination, bytes)) return;
  cipherRun(session.algo, session.direction, contextOf(session), iv, source, destination, bytes);
}

/** Makes a digest in the host if the request's place is PLACE_HOST, else in the engine. */
export function runDigestOf(
  device: Device,
  session: Session,
  source: usize,
  bytes: u32,
  result: usize,
  resultBytes: u32,
): void {
  if (device.place == PLACE_HOST && digest(changetype<usize>(session), source, bytes, result, resultBytes)) return;
  digestOf(session, source, bytes, result, resultBytes);
}

/**
 * Runs an AEAD in the host if the request's place is PLACE_HOST, else in the engine. False: the tag is wrong, and
 * nothing was written.
 */
export function runAeadOf(
  device: Device,
  session: Session,
  iv: usize,
  ivBytes: u32,
  aad: usize,
  aadBytes: u32,
  source: usize,
  bytes: u32,
  destination: usize,
): bool {
  if (device.place == PLACE_HOST) {
    const answer = aead(changetype<usize>(session), iv, ivBytes, aad, aadBytes, source, bytes, destination);
    if (answer != HOST_DECLINED) return answer == HOST_DONE;
  }
  const context = contextOf(session);
  if (session.direction == DIRECTION_DECRYPT) {
    return aeadDecrypt(
      session.algo,
      context,
      iv,
      ivBytes,
      aad,
      aadBytes,
      source,
      bytes,
      destination,
      session.resultBytes,
    );
  }
  aeadEncrypt(session.algo, context, iv, ivBytes, aad, aadBytes, source, bytes, destination, session.resultBytes);
  return true;
}
