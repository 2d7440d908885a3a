// Used elements tell the driver which chain was used, and how many bytes the device wrote to it. A ring decides an
// element's place when it takes or completes the request. The element is written after the request's bytes and status.
import {
  DESC_BYTES,
  DESC_LEN,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
  USED_ELEM_BYTES,
  USED_ELEM_ID,
  USED_ELEM_LEN,
  USED_RING,
} from '../../spec/virtio';
import { Device } from '../device';
import { guestStore, reportWrite } from '../memory/guest';
import { Queue } from './queue';

/** Writes the element at `place` of a split ring (2.7.8). The driver sees it when the used index is written. */
@inline
export function writeSplitUsed(queue: Queue, place: u32, id: u32, bytes: u32): void {
  const element = queue.used + USED_RING + place * USED_ELEM_BYTES;
  guestStore<u32>(element + USED_ELEM_ID, id);
  guestStore<u32>(element + USED_ELEM_LEN, bytes);
}

/** Writes id and length of the used descriptor at `place` of a packed ring (2.8.4). markUsed() marks it used. */
@inline
export function writePackedUsed(queue: Queue, place: u32, id: u32, bytes: u32): void {
  const descriptor = queue.desc + place * DESC_BYTES;
  guestStore<u16>(descriptor + PACKED_DESC_ID, <u16>id);
  guestStore<u32>(descriptor + DESC_LEN, bytes);
}

/** Marks the descriptor at `place` used (2.8.1). The device must not change it afterwards (2.8.15). */
@inline
export function markUsed(device: Device, queue: Queue, place: u32, flags: u32): void {
  guestStore<u16>(queue.desc + place * DESC_BYTES + PACKED_DESC_FLAGS, <u16>flags);
  reportWrite(device, queue.descAddress + place * DESC_BYTES, DESC_BYTES);
}
