// The layouts of data requests (5.9.7.3): padded without REVISION_1, exact with it, and a longer one for a service
// whose stateless mode was negotiated. The engine reads all of them into one Operation.
import {
  DATA_AKCIPHER_BYTES,
  DATA_AKCIPHER_DST_LEN,
  DATA_AKCIPHER_SRC_LEN,
  DATA_AKCIPHER_STATELESS_BYTES,
  DATA_OPCODE,
  DATA_AEAD_AAD_LEN,
  DATA_AEAD_BYTES,
  DATA_AEAD_DST_LEN,
  DATA_AEAD_IV_LEN,
  DATA_AEAD_SRC_LEN,
  DATA_AEAD_STATELESS_BYTES,
  DATA_AEAD_TAG_LEN,
  DATA_AUTH_BYTES,
  DATA_AUTH_RESULT_LEN,
  DATA_AUTH_SRC_LEN,
  DATA_AUTH_STATELESS_BYTES,
  DATA_CHAIN_AAD_LEN,
  DATA_CHAIN_CIPHER_LEN,
  DATA_CHAIN_CIPHER_START,
  DATA_CHAIN_DST_LEN,
  DATA_CHAIN_HASH_LEN,
  DATA_CHAIN_HASH_START,
  DATA_CHAIN_IV_LEN,
  DATA_CHAIN_RESULT_LEN,
  DATA_CHAIN_SRC_LEN,
  DATA_CIPHER_DST_LEN,
  DATA_CIPHER_IV_LEN,
  DATA_CIPHER_SRC_LEN,
  DATA_SYM_BYTES,
  DATA_SYM_OP_TYPE,
  DATA_SYM_STATELESS_BYTES,
  F_REVISION_1,
  F_STATELESS_MODE,
  SERVICE_AEAD,
  SERVICE_AKCIPHER,
  SERVICE_CIPHER,
  SERVICE_HASH,
  STATELESS_AEAD_AAD_LEN,
  STATELESS_AEAD_DST_LEN,
  STATELESS_AEAD_IV_LEN,
  STATELESS_AEAD_SRC_LEN,
  STATELESS_AEAD_TAG_LEN,
  STATELESS_AKCIPHER_DST_LEN,
  STATELESS_AKCIPHER_SRC_LEN,
  STATELESS_CHAIN_IV_LEN,
  STATELESS_CIPHER_IV_LEN,
  STATELESS_HASH_SRC_LEN,
  STATELESS_MAC_SRC_LEN,
  STATELESS_SYM_OP_TYPE,
  SYM_OP_ALGORITHM_CHAINING,
} from '../../spec/crypto';
import { Device, hasFeature } from '../device';
import { setLengths } from './akcipher';
import { Operation } from './operation';

/** Whether requests of a service have the layout of stateless mode, even those that name a session (5.9.7.3). */
@inline
export function statelessLayout(device: Device, service: u32): bool {
  return hasFeature(device, F_STATELESS_MODE + service);
}

/** Bytes of header and fixed-length fields of a service's requests with REVISION_1. */
export function dataHeaderBytes(service: u32, stateless: bool): u32 {
  if (service == SERVICE_CIPHER) return stateless ? DATA_SYM_STATELESS_BYTES : DATA_SYM_BYTES;
  if (service == SERVICE_AEAD) return stateless ? DATA_AEAD_STATELESS_BYTES : DATA_AEAD_BYTES;
  if (service == SERVICE_AKCIPHER) return stateless ? DATA_AKCIPHER_STATELESS_BYTES : DATA_AKCIPHER_BYTES;
  return stateless ? DATA_AUTH_STATELESS_BYTES : DATA_AUTH_BYTES;
}

/** op_type of a CIPHER request. */
@inline
export function symOpType(device: Device, stateless: bool): u32 {
  return load<u32>(device.header + (stateless ? STATELESS_SYM_OP_TYPE : DATA_SYM_OP_TYPE));
}

/** Reads the lengths of a request of `service`. `opType` matters only for the CIPHER service. */
export function readOperation(device: Device, service: u32, opType: u32, stateless: bool): void {
  if (service == SERVICE_CIPHER) {
    if (opType == SYM_OP_ALGORITHM_CHAINING) readChain(device, stateless);
    else readCipher(device, stateless);
  } else if (service == SERVICE_AEAD) {
    readAead(device, stateless);
  } else if (service == SERVICE_AKCIPHER) {
    readAkcipher(device, stateless);
  } else {
    readAuth(device, service, stateless);
  }
}

function readCipher(device: Device, stateless: bool): void {
  const operation = changetype<Operation>(device.operation);
  // The three lengths follow each other in both layouts.
  const fields = device.header + (stateless ? STATELESS_CIPHER_IV_LEN : DATA_CIPHER_IV_LEN);
  operation.ivBytes = load<u32>(fields);
  operation.sourceBytes = load<u32>(fields, DATA_CIPHER_SRC_LEN - DATA_CIPHER_IV_LEN);
  operation.destinationBytes = load<u32>(fields, DATA_CIPHER_DST_LEN - DATA_CIPHER_IV_LEN);
  operation.aadBytes = 0;
  operation.resultBytes = 0;
}

function readChain(device: Device, stateless: bool): void {
  const operation = changetype<Operation>(device.operation);
  const fields = device.header + (stateless ? STATELESS_CHAIN_IV_LEN : DATA_CHAIN_IV_LEN);
  operation.ivBytes = load<u32>(fields);
  operation.sourceBytes = load<u32>(fields, DATA_CHAIN_SRC_LEN - DATA_CHAIN_IV_LEN);
  operation.destinationBytes = load<u32>(fields, DATA_CHAIN_DST_LEN - DATA_CHAIN_IV_LEN);
  operation.cipherStart = load<u32>(fields, DATA_CHAIN_CIPHER_START - DATA_CHAIN_IV_LEN);
  operation.cipherBytes = load<u32>(fields, DATA_CHAIN_CIPHER_LEN - DATA_CHAIN_IV_LEN);
  operation.hashStart = load<u32>(fields, DATA_CHAIN_HASH_START - DATA_CHAIN_IV_LEN);
  operation.hashBytes = load<u32>(fields, DATA_CHAIN_HASH_LEN - DATA_CHAIN_IV_LEN);
  operation.aadBytes = load<u32>(fields, DATA_CHAIN_AAD_LEN - DATA_CHAIN_IV_LEN);
  operation.resultBytes = load<u32>(fields, DATA_CHAIN_RESULT_LEN - DATA_CHAIN_IV_LEN);
  operation.aadFirst = stateless || !hasFeature(device, F_REVISION_1);
}

function readAuth(device: Device, service: u32, stateless: bool): void {
  const operation = changetype<Operation>(device.operation);
  const fields =
    device.header +
    (stateless ? (service == SERVICE_HASH ? STATELESS_HASH_SRC_LEN : STATELESS_MAC_SRC_LEN) : DATA_AUTH_SRC_LEN);
  operation.sourceBytes = load<u32>(fields);
  operation.resultBytes = load<u32>(fields, DATA_AUTH_RESULT_LEN - DATA_AUTH_SRC_LEN);
  operation.ivBytes = 0;
  operation.aadBytes = 0;
  operation.destinationBytes = 0;
}

function readAead(device: Device, stateless: bool): void {
  const operation = changetype<Operation>(device.operation);
  const header = device.header;
  operation.ivBytes = load<u32>(header + (stateless ? STATELESS_AEAD_IV_LEN : DATA_AEAD_IV_LEN));
  operation.aadBytes = load<u32>(header + (stateless ? STATELESS_AEAD_AAD_LEN : DATA_AEAD_AAD_LEN));
  operation.sourceBytes = load<u32>(header + (stateless ? STATELESS_AEAD_SRC_LEN : DATA_AEAD_SRC_LEN));
  operation.destinationBytes = load<u32>(header + (stateless ? STATELESS_AEAD_DST_LEN : DATA_AEAD_DST_LEN));
  operation.tagBytes = load<u32>(header + (stateless ? STATELESS_AEAD_TAG_LEN : DATA_AEAD_TAG_LEN));
  operation.resultBytes = 0;
}

function readAkcipher(device: Device, stateless: bool): void {
  const header = device.header;
  setLengths(
    device,
    load<u32>(header + DATA_OPCODE),
    load<u32>(header + (stateless ? STATELESS_AKCIPHER_SRC_LEN : DATA_AKCIPHER_SRC_LEN)),
    load<u32>(header + (stateless ? STATELESS_AKCIPHER_DST_LEN : DATA_AKCIPHER_DST_LEN)),
  );
}
