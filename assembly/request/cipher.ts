import {
  AES_BLOCK_BYTES,
  CIPHER_ENCRYPT,
  CRYPTO_ERR,
  CRYPTO_INVSESS,
  CRYPTO_NOTSUPP,
  CRYPTO_OK,
  DATA_CIPHER_DST_LEN,
  DATA_CIPHER_IV_LEN,
  DATA_CIPHER_SRC_LEN,
  DATA_SESSION_ID,
  DATA_SYM_OP_TYPE,
  DIRECTION_DECRYPT,
  DIRECTION_ENCRYPT,
  SERVICE_CIPHER,
  STATUS_BYTES,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { aesCbcDecrypt } from '../cipher/aes_fixslice';
import { aesCbcEncrypt } from '../cipher/aes_vperm';
import { Device } from '../device';
import { NOWHERE } from '../memory/guest';
import { contextOf } from '../session/slot';
import { findSession } from '../session/table';
import { encryptInLane, runLanes } from './lanes';
import { nextIsContiguous, readBytes, readContiguous, reportContiguous, writableContiguous, writeBytes } from '../virtqueue/buffers';

/**
 * A CIPHER request in session mode (5.9.8.6), its header in the device's copy. Returns the request's status; with OK the
 * result stands in the chain and its length in resultBytes. The session's algorithm counts, not the header's: DPDK leaves
 * that field uninitialised.
 */
export function runCipherRequest(device: Device, opcode: u32): u32 {
  const header = device.header;
  const session = findSession(device, load<u64>(header + DATA_SESSION_ID));
  if (!session || session.service != SERVICE_CIPHER) return CRYPTO_INVSESS;
  if (load<u32>(header + DATA_SYM_OP_TYPE) != SYM_OP_CIPHER) return CRYPTO_NOTSUPP;
  if (session.direction != <u32>(opcode == CIPHER_ENCRYPT ? DIRECTION_ENCRYPT : DIRECTION_DECRYPT)) return CRYPTO_ERR;

  const ivBytes = load<u32>(header + DATA_CIPHER_IV_LEN);
  const sourceBytes = load<u32>(header + DATA_CIPHER_SRC_LEN);
  const resultBytes = load<u32>(header + DATA_CIPHER_DST_LEN);
  // 5.9.5.1: content beyond max_size fails. In 64 bits, because the guest's lengths may wrap in 32.
  if (<u64>ivBytes + sourceBytes + resultBytes > <u64>device.maxRequestBytes) return CRYPTO_ERR;
  if (ivBytes + sourceBytes > device.readableLeft) return CRYPTO_ERR;
  if (resultBytes > device.writableBytes - STATUS_BYTES) return CRYPTO_ERR;
  if (ivBytes != AES_BLOCK_BYTES || sourceBytes % AES_BLOCK_BYTES || sourceBytes != resultBytes) return CRYPTO_ERR;
  if (!sourceBytes) return CRYPTO_OK;

  readBytes(device, device.iv, AES_BLOCK_BYTES);
  // A gathered source may hold what a waiting request has yet to write.
  if (!nextIsContiguous(device, sourceBytes)) runLanes(device);
  const source = readContiguous(device, sourceBytes, device.scratch);
  const destination = writableContiguous(device, resultBytes);
  // Kernels take a destination that is the source or apart from it; anything between goes through scratch.
  const direct = destination != NOWHERE && (destination == source || apart(source, destination, sourceBytes));
  const blocks = sourceBytes / AES_BLOCK_BYTES;
  const context = contextOf(session);
  if (direct && source != device.scratch && session.direction == DIRECTION_ENCRYPT) {
    encryptInLane(device, context, source, destination, blocks);
  } else {
    runLanes(device);
    const result = direct ? destination : device.scratch;
    if (session.direction == DIRECTION_ENCRYPT) aesCbcEncrypt(context, device.iv, source, result, blocks);
    else aesCbcDecrypt(context, device.iv, source, result, blocks);
  }
  if (direct) reportContiguous(device, resultBytes);
  else writeBytes(device, device.scratch, resultBytes);
  device.resultBytes = resultBytes;
  return CRYPTO_OK;
}

/** Whether two stretches of `bytes` share none. */
@inline
function apart(a: usize, b: usize, bytes: usize): bool {
  return a + bytes <= b || b + bytes <= a;
}
