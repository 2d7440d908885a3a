import { AVAIL_ALIGN, AVAIL_ELEM_BYTES, AVAIL_RING, DESC_ALIGN, DESC_BYTES, F_EVENT_IDX, F_INDIRECT_DESC, RING_EVENT_BYTES, SPLIT_QUEUE_SIZE_MAX, USED_ALIGN, USED_ELEM_BYTES, USED_RING } from '../../spec/virtio';
import { FAULT_NONE, FAULT_QUEUE_ADDRESS, FAULT_QUEUE_ALIGNMENT, FAULT_QUEUE_SIZE } from '../../spec/engine';
import { Device } from '../device';
import { GuestPointer, NOWHERE, translate } from '../memory/guest';

/** One split virtqueue (2.7), its three areas translated once when the driver enables it. */
@unmanaged
export class Queue {
  desc: GuestPointer;
  avail: GuestPointer;
  used: GuestPointer;
  /** Guest-physical address of the used ring, for write reports. */
  usedAddress: u64;
  size: u32;
  enabled: u32;
  index: u32;
  indirect: u32;
  eventIdx: u32;
  /** The next available entry to look at, and the next used one to fill: free-running, as the rings' own indices. */
  nextAvail: u16;
  nextUsed: u16;
  /** Requests completed since the queue was enabled. */
  requests: u64;
}
export const QUEUE_BYTES: usize = 64;

/**
 * Enables a queue (4.1.4.3 queue_enable): size and addresses are checked here and not again.
 * Returns FAULT_NONE or why the queue cannot be used.
 */
export function enableQueue(device: Device, queue: Queue, index: u32, size: u32, desc: u64, avail: u64, used: u64): u32 {
  // 2.7: Queue Size is always a power of 2, 32768 at most.
  if (size == 0 || size > <u32>SPLIT_QUEUE_SIZE_MAX || (size & (size - 1)) != 0) return FAULT_QUEUE_SIZE;
  // 2.7.1 (alignment of each part).
  if (desc & (DESC_ALIGN - 1) || avail & (AVAIL_ALIGN - 1) || used & (USED_ALIGN - 1)) return FAULT_QUEUE_ALIGNMENT;
  const descPointer = translate(device, desc, size * DESC_BYTES);
  const availPointer = translate(device, avail, AVAIL_RING + size * AVAIL_ELEM_BYTES + RING_EVENT_BYTES);
  const usedPointer = translate(device, used, USED_RING + size * USED_ELEM_BYTES + RING_EVENT_BYTES);
  if (descPointer == NOWHERE || availPointer == NOWHERE || usedPointer == NOWHERE) return FAULT_QUEUE_ADDRESS;
  queue.desc = descPointer;
  queue.avail = availPointer;
  queue.used = usedPointer;
  queue.usedAddress = used;
  queue.size = size;
  queue.index = index;
  queue.indirect = <u32>((device.features >> F_INDIRECT_DESC) & 1);
  queue.eventIdx = <u32>((device.features >> F_EVENT_IDX) & 1);
  queue.nextAvail = 0;
  queue.nextUsed = 0;
  queue.requests = 0;
  queue.enabled = 1;
  return FAULT_NONE;
}
