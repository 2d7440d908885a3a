// The host's own cryptography, which may have instructions that WebAssembly lacks: large requests of sessions that it
// says it can serve are offered to it, inside the notification. It computes what the kernels would, or declines.
import { DIRECTION_DECRYPT } from '../../spec/crypto';
import { DEPTHS, HOST_DECLINED, HOST_DONE, SESSION_FROM_BYTES, SESSION_HOST_FROM } from '../../spec/engine';
import { Device } from '../device';
import { aeadDecrypt, aeadEncrypt } from '../session/aead';
import { cipherRun } from '../session/cipher';
import { contextOf, Session } from '../session/slot';
import { digestOf } from './digest';

/**
 * Content bytes from which requests of a session are offered to the host at a depth (DEPTH_*); 0: never. Asked when its
 * keys are expanded.
 */
// @ts-ignore: decorator
@external('host', 'from')
declare function from(session: usize, depth: u32): u32;

/** Runs a cipher, in place or apart; false: declined, and nothing was written. */
// @ts-ignore: decorator
@external('host', 'cipher')
declare function cipher(session: usize, iv: usize, source: usize, destination: usize, bytes: u32): bool;

/** Makes a digest; false: declined. */
// @ts-ignore: decorator
@external('host', 'digest')
declare function digest(session: usize, source: usize, bytes: u32, result: usize, resultBytes: u32): bool;

/** Runs an AEAD, whose tag stands behind the ciphertext. Returns HOST_*. */
// @ts-ignore: decorator
@external('host', 'aead')
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

/** Asks where a session's requests are to run. */
export function placeSession(session: Session): void {
  const at = changetype<usize>(session);
  for (let depth: u32 = 0; depth < <u32>DEPTHS; depth++) {
    store<u32>(at + SESSION_HOST_FROM + depth * SESSION_FROM_BYTES, from(at, depth));
  }
}

/** Whether a request of so many bytes is to be offered to the host. */
@inline
export function offeredToHost(device: Device, session: Session, bytes: u32): bool {
  const least = load<u32>(changetype<usize>(session) + SESSION_HOST_FROM + device.depth * SESSION_FROM_BYTES);
  return least != 0 && bytes >= least;
}

/** Runs a cipher where it belongs. The IV's place is scratch. */
export function runCipherOf(
  device: Device,
  session: Session,
  iv: usize,
  source: usize,
  destination: usize,
  bytes: u32,
): void {
  if (offeredToHost(device, session, bytes) && cipher(changetype<usize>(session), iv, source, destination, bytes))
    return;
  cipherRun(session.algo, session.direction, contextOf(session), iv, source, destination, bytes);
}

/** Makes a digest where it belongs. */
export function runDigestOf(
  device: Device,
  session: Session,
  source: usize,
  bytes: u32,
  result: usize,
  resultBytes: u32,
): void {
  if (offeredToHost(device, session, bytes) && digest(changetype<usize>(session), source, bytes, result, resultBytes))
    return;
  digestOf(session, source, bytes, result, resultBytes);
}

/** Runs an AEAD where it belongs; false: the tag is wrong, and nothing was written. */
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
  if (offeredToHost(device, session, bytes)) {
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
