// The control queue (5.9.7.2): requests create and destroy sessions at once, inside the notification.
import {
  CREATE_INPUT_BYTES,
  CREATE_INPUT_SESSION_ID,
  CREATE_INPUT_STATUS,
  CRYPTO_ERR,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  CTRL_AEAD_BYTES,
  CTRL_AKCIPHER_BYTES,
  CTRL_DESTROY_BYTES,
  CTRL_DESTROY_SESSION_ID,
  CTRL_HASH_BYTES,
  CTRL_HEADER_BYTES,
  CTRL_LEGACY_BYTES,
  CTRL_MAC_BYTES,
  CTRL_OPCODE,
  CTRL_SYM_BYTES,
  F_REVISION_1,
  OP_AKCIPHER_CREATE_SESSION,
  OP_AKCIPHER_DESTROY_SESSION,
  OP_CREATE_SESSION,
  OP_DESTROY_SESSION,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_HASH,
  SERVICE_MAC,
  STATUS_BYTES,
} from '../../spec/crypto';
import { FAULT_REQUEST_HEADER, FAULT_REQUEST_STATUS } from '../../spec/engine';
import { REFUSED_DESTROY, REFUSED_OPCODE, REFUSED_SERVICE } from '../../spec/refusals';
import { Device, hasFeature, offersService } from '../device';
import { refuse, reportRefusal } from '../refusal';
import { closeSession, findSession, isSession } from '../session/table';
import { readBytes, writeBytes } from '../chain/buffers';
import { countControlRequest } from '../statistics';
import { createSession } from './create';
import { announceClosing } from './deferred';
import { DONE } from './outcome';

/**
 * Runs the control request in the device's chain. Returns DONE, or a FAULT_* if the chain has no room for an answer
 * or no complete header.
 */
export function runControlRequest(device: Device): u32 {
  const revision1 = hasFeature(device, F_REVISION_1);
  let headerBytes: u32 = revision1 ? CTRL_HEADER_BYTES : CTRL_LEGACY_BYTES;
  if (device.readableBytes < headerBytes) return FAULT_REQUEST_HEADER;
  readBytes(device, device.header, headerBytes);
  const opcode = load<u32>(device.header + CTRL_OPCODE);
  const operation = opcode & 0xff;
  if (operation == OP_DESTROY_SESSION || operation == OP_AKCIPHER_DESTROY_SESSION) {
    if (device.writableBytes < <u32>STATUS_BYTES) return FAULT_REQUEST_STATUS;
    if (revision1 && !readRest(device, CTRL_DESTROY_BYTES)) return FAULT_REQUEST_HEADER;
    const status = destroySession(device, opcode);
    answerDestroy(device, status);
    if (status != CRYPTO_OK) reportRefusal(device, status, opcode);
    countControlRequest(device, status, 0);
    return DONE;
  }
  if (device.writableBytes < <u32>CREATE_INPUT_BYTES) return FAULT_REQUEST_STATUS;
  let made: u64 = CRYPTO_NOTSUPP;
  const service = opcode >> 8;
  const creates = operation == (service == SERVICE_AKCIPHER ? OP_AKCIPHER_CREATE_SESSION : OP_CREATE_SESSION);
  device.refused = creates ? REFUSED_SERVICE : REFUSED_OPCODE;
  if (creates && offersService(device, service)) {
    if (revision1) {
      headerBytes = createHeaderBytes(service);
      if (!readRest(device, headerBytes)) return FAULT_REQUEST_HEADER;
    }
    made = createSession(device, service);
  }
  const status = answerCreate(device, made);
  if (status != CRYPTO_OK) reportRefusal(device, status, opcode);
  countControlRequest(device, status, device.readableBytes - device.readableLeft - headerBytes);
  return DONE;
}

/** Reads the fixed-length fields up to byte `bytes` of the request. False: the chain is shorter. */
function readRest(device: Device, bytes: u32): bool {
  const rest = bytes - CTRL_HEADER_BYTES;
  if (device.readableLeft < rest) return false;
  readBytes(device, device.header + CTRL_HEADER_BYTES, rest);
  return true;
}

/** Bytes of header and fixed-length fields with REVISION_1. */
function createHeaderBytes(service: u32): u32 {
  if (service == SERVICE_HASH) return CTRL_HASH_BYTES;
  if (service == SERVICE_MAC) return CTRL_MAC_BYTES;
  if (service == SERVICE_AKCIPHER) return CTRL_AKCIPHER_BYTES;
  return service == SERVICE_AEAD ? CTRL_AEAD_BYTES : CTRL_SYM_BYTES;
}

/**
 * Closes the session that the request names. The opcode's service must be offered, but is not compared with the
 * session's: DPDK destroys every symmetric session with the opcode of CIPHER.
 */
function destroySession(device: Device, opcode: u32): u32 {
  const service = opcode >> 8;
  const operation: u32 = service == SERVICE_AKCIPHER ? OP_AKCIPHER_DESTROY_SESSION : OP_DESTROY_SESSION;
  if ((opcode & 0xff) != operation) return refuse(device, REFUSED_OPCODE, CRYPTO_ERR);
  if (!offersService(device, service)) return refuse(device, REFUSED_SERVICE, CRYPTO_ERR);
  const session = findSession(device, load<u64>(device.header + CTRL_DESTROY_SESSION_ID));
  if (!session) return refuse(device, REFUSED_DESTROY, CRYPTO_ERR);
  announceClosing(session);
  closeSession(device, session);
  return CRYPTO_OK;
}

/** Writes struct virtio_crypto_destroy_session_input. */
function answerDestroy(device: Device, status: u32): void {
  store<u8>(device.header, <u8>status);
  writeBytes(device, device.header, 0, STATUS_BYTES);
  device.usedBytes = STATUS_BYTES;
}

/**
 * Writes struct virtio_crypto_create_session_input. The id is 0 unless a session was made.
 * @param made what createSession() returns
 * @returns the status
 */
function answerCreate(device: Device, made: u64): u32 {
  const status: u32 = isSession(made) ? CRYPTO_OK : <u32>made;
  store<u64>(device.header + CREATE_INPUT_SESSION_ID, isSession(made) ? made : 0);
  // The 32-bit status and the padding behind it, in one store.
  store<u64>(device.header + CREATE_INPUT_STATUS, status);
  writeBytes(device, device.header, 0, CREATE_INPUT_BYTES);
  device.usedBytes = CREATE_INPUT_BYTES;
  return status;
}
