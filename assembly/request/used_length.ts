// The used element's length of AKCIPHER requests (5.9.7.8), whose drivers learn from it how long the result is.
import { STATUS_BYTES } from '../../spec/crypto';
import { writeBytes } from '../chain/buffers';
import { Device } from '../device';

/**
 * The length in the used element (2.7.8.2): one more than the result's, because Linux takes one off, whatever the
 * status is. If the status is not right behind the result, a zero is written there, so that so many bytes were written.
 * @param resultBytes bytes of the result at the start of the writable part
 * @param room bytes of the whole writable part, the status included
 */
export function markWritten(device: Device, resultBytes: u32, room: u32): u32 {
  if (resultBytes + STATUS_BYTES < room) {
    store<u8>(device.header, 0);
    writeBytes(device, device.header, resultBytes, 1);
  }
  return resultBytes + 1;
}
