// The administration queue (virtio 1.4, 2.13). The engine copies a command out of guest memory once, has the host run
// it, and copies the answer back. A command waits for nothing, so the queue's commands run in order.
import { ADMIN_DATA, ADMIN_OK, ADMIN_PART_BYTES_MAX, ADMIN_STATUS } from '../../spec/admin';
import { CRYPTO_ERR, CRYPTO_OK } from '../../spec/crypto';
import { readBytes, writeBytes } from '../chain/buffers';
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { countControlRequest } from '../statistics';
import { DONE } from './outcome';

/** Runs the command of `bytes` bytes. Writes at most `room` bytes to `answer`, and returns how many it wrote. */
// @ts-ignore: decorator
@external('admin', 'run')
declare function run(command: usize, bytes: u32, answer: usize, room: u32): u32;

/** 2.13.1: a part may be shorter or longer than its command needs, so no chain is malformed. */
export function runAdminCommand(device: Device): u32 {
  const most = min<u32>(ADMIN_PART_BYTES_MAX, device.maxRequestBytes);
  const bytes = min<u32>(device.readableBytes, most);
  const room = min<u32>(device.writableBytes, most);
  readBytes(device, device.scratch, bytes);
  const written = run(device.scratch, bytes, device.scratch2, room);
  const failed = written >= 2 && load<u16>(device.scratch2 + ADMIN_STATUS) != ADMIN_OK;
  writeBytes(device, device.scratch2, 0, written);
  device.usedBytes = written;
  // Objects may have keys.
  wipe(device.scratch, bytes);
  wipe(device.scratch2, written);
  const content: u32 = bytes > <u32>ADMIN_DATA ? bytes - ADMIN_DATA : 0;
  countControlRequest(device, failed ? CRYPTO_ERR : CRYPTO_OK, content);
  return DONE;
}
