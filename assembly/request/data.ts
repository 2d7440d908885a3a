// The data queues (5.9.8.3): one request is parsed from the device's chain, run, and its status written.
import { CIPHER_DECRYPT, CIPHER_ENCRYPT, CRYPTO_NOTSUPP, CRYPTO_OK, DATA_LEGACY_BYTES, DATA_OPCODE, SERVICE_CIPHER, STATUS_BYTES } from '../../spec/crypto';
import { FAULT_NONE, FAULT_REQUEST_HEADER, FAULT_REQUEST_STATUS } from '../../spec/engine';
import { Device } from '../device';
import { readBytes, writeLastByte } from '../virtqueue/buffers';
import { runCipherRequest } from './cipher';

/** Runs the data request that was read into the device's chain. Returns FAULT_NONE or why it cannot even be answered. */
export function runDataRequest(device: Device): u32 {
  if (device.readableBytes < <u32>DATA_LEGACY_BYTES) return FAULT_REQUEST_HEADER;
  if (device.writableBytes < <u32>STATUS_BYTES) return FAULT_REQUEST_STATUS;
  readBytes(device, device.header, DATA_LEGACY_BYTES);
  const opcode = load<u32>(device.header + DATA_OPCODE);
  let status: u32 = CRYPTO_NOTSUPP;
  device.resultBytes = 0;
  if ((opcode == CIPHER_ENCRYPT || opcode == CIPHER_DECRYPT) && (device.services >> SERVICE_CIPHER) & 1) {
    status = runCipherRequest(device, opcode);
  }
  if (status != CRYPTO_OK) device.resultBytes = 0;
  writeLastByte(device, <u8>status);
  device.resultBytes += STATUS_BYTES;
  return FAULT_NONE;
}
