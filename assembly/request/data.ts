// The data queues (5.9.7.3): parses one request from the device's chain and runs it. Writes its status, unless the
// request is batched or deferred: then its status is written later.
import {
  AEAD_DECRYPT,
  AEAD_ENCRYPT,
  AKCIPHER_ENCRYPT,
  AKCIPHER_VERIFY,
  CIPHER_DECRYPT,
  CIPHER_ENCRYPT,
  CRYPTO_ERR,
  CRYPTO_INVSESS,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  CRYPTO_SOFT_EXPIRY,
  DATA_FLAG,
  DATA_HEADER_BYTES,
  DATA_LEGACY_BYTES,
  DATA_OPCODE,
  DATA_SESSION_ID,
  DIRECTION_DECRYPT,
  DIRECTION_ENCRYPT,
  F_REVISION_1,
  FLAG_SESSION_MODE,
  HASH,
  IPSEC_INBOUND,
  IPSEC_OUTBOUND,
  MAC,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_CIPHER,
  SERVICE_IPSEC,
  STATUS_BYTES,
  SYM_OP_ALGORITHM_CHAINING,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { FAULT_REQUEST_HEADER, FAULT_REQUEST_STATUS, PLACE_ENGINE, PLACE_FIRST_EXECUTOR } from '../../spec/engine';
import {
  REFUSED_MAX_SIZE,
  REFUSED_NO_ROOM,
  REFUSED_NO_SESSION_MODE,
  REFUSED_OPCODE,
  REFUSED_OP_TYPE,
  REFUSED_SERVICE,
  REFUSED_SESSION,
  REFUSED_SESSION_DIRECTION,
  REFUSED_SESSION_OP_TYPE,
  REFUSED_SESSION_SERVICE,
  REFUSED_SOURCE_MISSING,
} from '../../spec/refusals';
import { Device, hasFeature, offersService } from '../device';
import { refuse, reportRefusal } from '../refusal';
import { Session } from '../session/slot';
import { findSession } from '../session/table';
import { readBytes, usedBytes, writeLastByte } from '../chain/buffers';
import { countRequest } from '../statistics';
import { runAead, wrongAead } from './aead';
import { runAkcipher } from './akcipher';
import { runAuth, wrongAuth } from './auth';
import { keepAddresses, runBatchBeforeChain } from './batch';
import { runChain, wrongChain } from './chain';
import { runCipher, wrongCipher } from './cipher';
import { readLengths, runIpsec, saOfRequest } from './ipsec';
import { dataHeaderBytes, readOperation, statelessLayout, symOpType } from './layout';
import { Operation } from './operation';
import { defer } from './deferred';
import { BATCHED, DEFERRED, DONE, NOT_DEFERRED, OUTCOMES, WAITS } from './outcome';
import { kindOf, noteKind, placeOf } from './placement';
import { closeStateless, openStateless } from './stateless';
import { markWritten } from './used_length';

/** The longest result of a hash or MAC with a fixed length. */
const DIGEST_BYTES_MAX: u32 = 64;

/**
 * Runs the data request in the device's chain. Returns its outcome (outcome.ts), or a FAULT_* if the chain has no
 * complete header or no room for a status.
 */
export function runDataRequest(device: Device): u32 {
  const revision1 = hasFeature(device, F_REVISION_1);
  const headerBytes: u32 = revision1 ? DATA_HEADER_BYTES : DATA_LEGACY_BYTES;
  if (device.readableBytes < headerBytes) return FAULT_REQUEST_HEADER;
  if (device.writableBytes < <u32>STATUS_BYTES) return FAULT_REQUEST_STATUS;
  runBatchBeforeChain(device);
  readBytes(device, device.header, headerBytes);
  const opcode = load<u32>(device.header + DATA_OPCODE);
  const service = opcode >> 8;
  let outcome: u32 = CRYPTO_NOTSUPP;
  device.resultBytes = 0;
  device.contentBytes = 0;
  device.refused = REFUSED_OPCODE;
  if (isOperation(opcode) && offersService(device, service)) {
    const stateless = statelessLayout(device, service);
    if (revision1) {
      const rest = dataHeaderBytes(service, stateless) - DATA_HEADER_BYTES;
      if (device.readableLeft < rest) return FAULT_REQUEST_HEADER;
      readBytes(device, device.header + DATA_HEADER_BYTES, rest);
    }
    // The note of 5.9.7.3: without REVISION_1 the flag is ignored.
    if (!revision1 || load<u32>(device.header + DATA_FLAG) & FLAG_SESSION_MODE) {
      outcome = runInSession(device, opcode, stateless);
    } else if (stateless) {
      outcome = runStateless(device, opcode);
    } else {
      device.refused = REFUSED_NO_SESSION_MODE;
    }
  } else if (isOperation(opcode)) {
    device.refused = REFUSED_SERVICE;
  }
  if (outcome == WAITS) return WAITS;
  const status = outcome < OUTCOMES ? outcome : CRYPTO_OK;
  countRequest(device, service, status, device.contentBytes);
  const failed = status != CRYPTO_OK && status != CRYPTO_SOFT_EXPIRY;
  if (failed) reportRefusal(device, status, opcode);
  if (outcome == DEFERRED) return DEFERRED;
  // No AKCIPHER request is completed here unless it failed. Drivers of IPSEC learn the result's length, too.
  const resultBytes = failed ? 0 : device.resultBytes;
  device.usedBytes =
    service >= <u32>SERVICE_AKCIPHER && offersService(device, service)
      ? markWritten(device, resultBytes, device.writableBytes)
      : usedBytes(resultBytes, device.writableBytes);
  if (outcome == BATCHED) {
    if (device.reportWrites) keepAddresses(device);
    return BATCHED;
  }
  writeLastByte(device, <u8>status);
  return DONE;
}

/**
 * Counts the request's content, even if the request fails later: IV, associated data and source. A long result of SHAKE
 * counts as well, because it takes as much time as a source of its length.
 */
@inline
function countContent(device: Device): void {
  const operation = changetype<Operation>(device.operation);
  const squeezed = operation.resultBytes > DIGEST_BYTES_MAX ? operation.resultBytes : 0;
  device.contentBytes += operation.ivBytes + operation.sourceBytes + operation.aadBytes + squeezed;
}

@inline
function isOperation(opcode: u32): bool {
  return (
    opcode == CIPHER_ENCRYPT ||
    opcode == CIPHER_DECRYPT ||
    opcode == HASH ||
    opcode == MAC ||
    opcode == AEAD_ENCRYPT ||
    opcode == AEAD_DECRYPT ||
    (opcode >= <u32>AKCIPHER_ENCRYPT && opcode <= <u32>AKCIPHER_VERIFY) ||
    opcode == IPSEC_OUTBOUND ||
    opcode == IPSEC_INBOUND
  );
}

/** Uses the session's algorithm and ignores the header's algo field, because DPDK leaves this field uninitialised. */
function runInSession(device: Device, opcode: u32, stateless: bool): u32 {
  const service = opcode >> 8;
  if (service == SERVICE_IPSEC) return runPacket(device, opcode);
  const session = findSession(device, load<u64>(device.header + DATA_SESSION_ID));
  if (!session) return refuse(device, REFUSED_SESSION, CRYPTO_INVSESS);
  if (session.service != service) return refuse(device, REFUSED_SESSION_SERVICE, CRYPTO_INVSESS);
  if (service == SERVICE_CIPHER) {
    const opType = symOpType(device, stateless);
    if (opType != SYM_OP_CIPHER && opType != SYM_OP_ALGORITHM_CHAINING)
      return refuse(device, REFUSED_OP_TYPE, CRYPTO_NOTSUPP);
    if (opType != session.opType) return refuse(device, REFUSED_SESSION_OP_TYPE, CRYPTO_ERR);
  }
  return runOperation(device, session, opcode, stateless);
}

/** An IPSEC request: the id in its header is that of a security association. */
function runPacket(device: Device, opcode: u32): u32 {
  const sa = saOfRequest(device, opcode);
  if (!sa) return CRYPTO_INVSESS;
  readLengths(device);
  const misfit = misfitOf(device);
  if (misfit) return refuse(device, misfit, CRYPTO_ERR);
  countContent(device);
  return runIpsec(device, sa, opcode);
}

/** 5.9.7: all parameters come with the request, and its keys too. The keys are wiped when the request has run. */
function runStateless(device: Device, opcode: u32): u32 {
  let outcome = openStateless(device, opcode >> 8);
  if (outcome == CRYPTO_OK) outcome = runOperation(device, changetype<Session>(device.stateless), opcode, true);
  closeStateless(device);
  return outcome;
}

function runOperation(device: Device, session: Session, opcode: u32, stateless: bool): u32 {
  const service = opcode >> 8;
  if (service == SERVICE_CIPHER || service == SERVICE_AEAD) {
    // The low bit of an opcode says decrypt.
    if (session.direction != <u32>(opcode & 1 ? DIRECTION_DECRYPT : DIRECTION_ENCRYPT))
      return refuse(device, REFUSED_SESSION_DIRECTION, CRYPTO_ERR);
  }
  readOperation(device, service, session.opType, stateless);
  const misfit = misfitOf(device);
  if (misfit) return refuse(device, misfit, CRYPTO_ERR);
  if (service == SERVICE_AKCIPHER) return runAkcipher(device, session, opcode);
  countContent(device);
  const sourceBytes = changetype<Operation>(device.operation).sourceBytes;
  device.place = placeOf(device, session, sourceBytes);
  if (device.place >= <u32>PLACE_FIRST_EXECUTOR) {
    // A worker could only say that a request failed. So its lengths are checked here, where the reason is known.
    const wrong = wrongOf(device, session, service);
    if (wrong) return refuse(device, wrong, CRYPTO_ERR);
    const outcome = defer(device, session, opcode);
    if (outcome != NOT_DEFERRED) return outcome;
    device.place = PLACE_ENGINE;
  }
  noteKind(device, kindOf(device, session, sourceBytes));
  return runParsed(device, session, service);
}

/**
 * Runs the request whose operation was read. Its content is next in the chain. Returns its status, or BATCHED. Leaves
 * the length of its result in resultBytes.
 */
export function runParsed(device: Device, session: Session, service: u32): u32 {
  if (service == SERVICE_AEAD) return runAead(device, session);
  if (service != SERVICE_CIPHER) return runAuth(device, session);
  return session.opType == SYM_OP_ALGORITHM_CHAINING ? runChain(device, session) : runCipher(device, session);
}

/** The check that a request's lengths fail in its session (REFUSED_*), or 0. */
function wrongOf(device: Device, session: Session, service: u32): u32 {
  if (service == SERVICE_AEAD) return wrongAead(device, session);
  if (service != SERVICE_CIPHER) return wrongAuth(device, session);
  return session.opType == SYM_OP_ALGORITHM_CHAINING ? wrongChain(device, session) : wrongCipher(device, session);
}

/**
 * Checks that the content is within max_size (5.9.5.1), and that the chain has as many bytes as the lengths say.
 * Returns the check that fails (REFUSED_*), or 0. The sums have 64 bits, because the guest's lengths may wrap in 32.
 */
function misfitOf(device: Device): u32 {
  const operation = changetype<Operation>(device.operation);
  const readable = <u64>operation.ivBytes + operation.sourceBytes + operation.aadBytes;
  const writable = <u64>operation.destinationBytes + operation.resultBytes;
  if (readable + writable > <u64>device.maxRequestBytes) return REFUSED_MAX_SIZE;
  if (readable > <u64>device.readableLeft) return REFUSED_SOURCE_MISSING;
  return writable > <u64>(device.writableBytes - STATUS_BYTES) ? REFUSED_NO_ROOM : 0;
}
