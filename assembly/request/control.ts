// The control queue (5.9.8.2): sessions are made and unmade, at once, inside the notification.
import {
  CREATE_INPUT_BYTES,
  CREATE_INPUT_SESSION_ID,
  CREATE_INPUT_STATUS,
  CRYPTO_ERR,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  CTRL_DESTROY_SESSION_ID,
  CTRL_LEGACY_BYTES,
  CTRL_OPCODE,
  OP_AKCIPHER_DESTROY_SESSION,
  OP_CREATE_SESSION,
  OP_DESTROY_SESSION,
  SERVICE_CIPHER,
  STATUS_BYTES,
} from '../../spec/crypto';
import { FAULT_NONE, FAULT_REQUEST_HEADER, FAULT_REQUEST_STATUS } from '../../spec/engine';
import { Device, offersService } from '../device';
import { closeSession, findSession } from '../session/table';
import { readBytes, writeBytes } from '../virtqueue/buffers';
import { createCipherSession } from './cipher_session';

/** Runs the control request that was read into the device's chain. Returns FAULT_NONE or why it cannot even be answered. */
export function runControlRequest(device: Device): u32 {
  if (device.readableBytes < <u32>CTRL_LEGACY_BYTES) return FAULT_REQUEST_HEADER;
  readBytes(device, device.header, CTRL_LEGACY_BYTES);
  const opcode = load<u32>(device.header + CTRL_OPCODE);
  const operation = opcode & 0xff;
  if (operation == OP_DESTROY_SESSION || operation == OP_AKCIPHER_DESTROY_SESSION) {
    if (device.writableBytes < <u32>STATUS_BYTES) return FAULT_REQUEST_STATUS;
    answerDestroy(device, destroySession(device, opcode));
    return FAULT_NONE;
  }
  if (device.writableBytes < <u32>CREATE_INPUT_BYTES) return FAULT_REQUEST_STATUS;
  device.createdSession = 0;
  let status: u32 = CRYPTO_NOTSUPP;
  if (operation == OP_CREATE_SESSION) {
    if (opcode >> 8 == SERVICE_CIPHER && offersService(device, SERVICE_CIPHER)) status = createCipherSession(device);
  }
  answerCreate(device, status);
  return FAULT_NONE;
}

/**
 * Closes the session that the request names. The opcode's service must be offered, but is not compared with the session's:
 * DPDK destroys every symmetric session with the opcode of CIPHER.
 */
function destroySession(device: Device, opcode: u32): u32 {
  if (!offersService(device, opcode >> 8) || (opcode & 0xff) != OP_DESTROY_SESSION) return CRYPTO_ERR;
  const session = findSession(device, load<u64>(device.header + CTRL_DESTROY_SESSION_ID));
  if (!session) return CRYPTO_ERR;
  closeSession(device, session);
  return CRYPTO_OK;
}

/** struct virtio_crypto_destroy_session_input. */
function answerDestroy(device: Device, status: u32): void {
  store<u8>(device.header, <u8>status);
  writeBytes(device, device.header, STATUS_BYTES);
  device.resultBytes = STATUS_BYTES;
}

/** struct virtio_crypto_create_session_input; the id is 0 unless a session was made. */
function answerCreate(device: Device, status: u32): void {
  store<u64>(device.header + CREATE_INPUT_SESSION_ID, device.createdSession);
  // The 32-bit status and the padding behind it, in one store.
  store<u64>(device.header + CREATE_INPUT_STATUS, status);
  writeBytes(device, device.header, CREATE_INPUT_BYTES);
  device.resultBytes = CREATE_INPUT_BYTES;
}
