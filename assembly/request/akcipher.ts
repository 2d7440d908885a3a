// Requests of the AKCIPHER service (5.9.7.8). The host keeps their keys and does their arithmetic, which takes up to
// milliseconds: every request is deferred. The engine parses it, checks its lengths, and completes it.
import { AKCIPHER_VERIFY, CRYPTO_ERR, CRYPTO_OK } from '../../spec/crypto';
import { PLACE_AKCIPHER } from '../../spec/engine';
import { REFUSED_KEY, REFUSED_KEY_MISSING, REFUSED_MAX_SIZE, REFUSED_PIECES } from '../../spec/refusals';
import { Device } from '../device';
import { refuse } from '../refusal';
import { wipe } from '../memory/bytes';
import { Session } from '../session/slot';
import { readBytes } from '../chain/buffers';
import { defer } from './deferred';
import { Operation } from './operation';
import { NOT_DEFERRED, WAITS } from './outcome';

/** Gives the host the key of a session whose parameters are written. Returns a status: OK if the host keeps the key. */
// @ts-ignore: decorator
@external('backend', 'keep')
declare function keep(session: usize, key: usize, bytes: u32): u32;

/** Whether requests in this session have to wait in their rings, because the host is still loading what runs them. */
// @ts-ignore: decorator
@external('backend', 'waits')
declare function waits(session: usize): bool;

/**
 * Hands over the key that is next in the chain. checkSession() has compared its length with the limit, which is at most
 * the size of scratch. Returns a status.
 */
export function handOverKey(device: Device, session: Session): u32 {
  const bytes = session.keyBytes;
  if (bytes > device.readableLeft) return refuse(device, REFUSED_KEY_MISSING, CRYPTO_ERR);
  readBytes(device, device.scratch, bytes);
  const status = keep(changetype<usize>(session), device.scratch, bytes);
  wipe(device.scratch, bytes);
  return status == CRYPTO_OK ? CRYPTO_OK : refuse(device, REFUSED_KEY, status);
}

/** Defers the request whose lengths were read and compared with the chain. Returns its outcome. */
export function runAkcipher(device: Device, session: Session, opcode: u32): u32 {
  const operation = changetype<Operation>(device.operation);
  // In stateless mode contentBytes holds the length of the key (5.9.5: max_size bounds the variable part).
  const content = <u64>operation.sourceBytes + operation.aadBytes + operation.destinationBytes + device.contentBytes;
  if (content > <u64>device.maxRequestBytes) return refuse(device, REFUSED_MAX_SIZE, CRYPTO_ERR);
  if (waits(changetype<usize>(session))) return WAITS;
  device.contentBytes += operation.sourceBytes + operation.aadBytes;
  device.place = PLACE_AKCIPHER;
  const outcome = defer(device, session, opcode);
  return outcome == NOT_DEFERRED ? refuse(device, REFUSED_PIECES, CRYPTO_ERR) : outcome;
}

/** Puts src_data_len and dst_data_len into the operation. VERIFY reads both: the signature, then the signed data. */
export function setLengths(device: Device, opcode: u32, source: u32, destination: u32): void {
  const operation = changetype<Operation>(device.operation);
  const verifies = opcode == AKCIPHER_VERIFY;
  operation.ivBytes = 0;
  operation.sourceBytes = source;
  operation.aadBytes = verifies ? destination : 0;
  operation.destinationBytes = verifies ? 0 : destination;
  operation.resultBytes = 0;
}
