import {
  AVAIL_ALIGN,
  AVAIL_ELEM_BYTES,
  AVAIL_RING,
  DESC_ALIGN,
  DESC_BYTES,
  EVENT_SUPPRESS_ALIGN,
  EVENT_SUPPRESS_BYTES,
  EVENT_WRAP_BIT,
  F_EVENT_IDX,
  F_INDIRECT_DESC,
  F_RING_PACKED,
  QUEUE_SIZE_MAX,
  RING_EVENT_BYTES,
  USED_ALIGN,
  USED_ELEM_BYTES,
  USED_RING,
} from '../../spec/virtio';
import { FAULT_NONE, FAULT_QUEUE_ADDRESS, FAULT_QUEUE_ALIGNMENT, FAULT_QUEUE_SIZE } from '../../spec/engine';
import { Device, hasFeature } from '../device';
import { GuestPointer, NO_RAM, translate } from '../memory/guest';
import { wipe } from '../memory/bytes';

/** One virtqueue (2.7, 2.8). Its three areas are translated once, when the driver enables it. */
@unmanaged
export class Queue {
  desc: GuestPointer;
  /** The driver area: available ring, or driver event suppression. */
  avail: GuestPointer;
  /** The device area: used ring, or device event suppression. */
  used: GuestPointer;
  /** Guest-physical addresses of the areas that the device writes to, for write reports. */
  descAddress: u64;
  usedAddress: u64;
  size: u32;
  enabled: u32;
  index: u32;
  indirect: u32;
  eventIdx: u32;
  packed: u32;
  /**
   * The next available entry to read, and the next used entry to write. Split: free-running like the rings' indices.
   * Packed: places in the ring, and their wrap counters (2.8.1).
   */
  nextAvail: u16;
  nextUsed: u16;
  availWrap: u32;
  usedWrap: u32;
  /** The current chain: its buffer id (split: its head) and, in a packed ring, its number of descriptors. */
  chainId: u32;
  chainDescriptors: u32;
  /** Requests completed since the queue was enabled. */
  requests: u64;
  /**
   * Chains that were taken and are not used yet (request/deferred.ts), and their descriptors. With IN_ORDER: the first
   * and the last record of these chains, index + 1.
   */
  inFlight: u32;
  inFlightDescriptors: u32;
  orderFirst: u32;
  orderLast: u32;
  /** Requests that the last notification completed or deferred. */
  lastTaken: u32;
}
export const QUEUE_BYTES: usize = 128;

/** The queue with this index, which the caller has checked against dataQueues. */
@inline
export function queueAt(device: Device, index: u32): Queue {
  return changetype<Queue>(device.queues + index * QUEUE_BYTES);
}

/**
 * Enables a queue (4.1.4.3 queue_enable). Size and addresses are checked here and nowhere else.
 * Returns FAULT_NONE, or why the queue cannot be used.
 */
export function enableQueue(
  device: Device,
  queue: Queue,
  index: u32,
  size: u32,
  desc: u64,
  avail: u64,
  used: u64,
): u32 {
  const packed = hasFeature(device, F_RING_PACKED);
  // 2.7, 2.8: the longest queue of the specification. The host checks its own limit for this queue.
  if (size == 0 || size > <u32>QUEUE_SIZE_MAX) return FAULT_QUEUE_SIZE;
  // 2.7: a split ring's size is a power of 2. A packed ring's size need not be (2.8).
  if (!packed && (size & (size - 1)) != 0) return FAULT_QUEUE_SIZE;
  const availAlign: u64 = packed ? EVENT_SUPPRESS_ALIGN : AVAIL_ALIGN;
  const availBytes: u64 = packed ? EVENT_SUPPRESS_BYTES : AVAIL_RING + size * AVAIL_ELEM_BYTES + RING_EVENT_BYTES;
  const usedBytes: u64 = packed ? EVENT_SUPPRESS_BYTES : USED_RING + size * USED_ELEM_BYTES + RING_EVENT_BYTES;
  // 2.7, 2.8.10.1: alignment of each part.
  if (desc & (DESC_ALIGN - 1) || avail & (availAlign - 1) || used & (USED_ALIGN - 1)) return FAULT_QUEUE_ALIGNMENT;
  const descPointer = translate(device, desc, size * DESC_BYTES);
  const availPointer = translate(device, avail, availBytes);
  const usedPointer = translate(device, used, usedBytes);
  if (descPointer == NO_RAM || availPointer == NO_RAM || usedPointer == NO_RAM) return FAULT_QUEUE_ADDRESS;
  queue.desc = descPointer;
  queue.avail = availPointer;
  queue.used = usedPointer;
  queue.descAddress = desc;
  queue.usedAddress = used;
  queue.size = size;
  queue.index = index;
  queue.packed = packed;
  queue.indirect = hasFeature(device, F_INDIRECT_DESC);
  queue.eventIdx = hasFeature(device, F_EVENT_IDX);
  queue.nextAvail = 0;
  queue.nextUsed = 0;
  queue.availWrap = 1;
  queue.usedWrap = 1;
  queue.requests = 0;
  queue.inFlight = 0;
  queue.inFlightDescriptors = 0;
  queue.orderFirst = 0;
  queue.enabled = 1;
  return FAULT_NONE;
}

/** Puts a queue into its state after a device reset (2.6.1.1). */
export function forgetQueue(queue: Queue): void {
  wipe(changetype<usize>(queue), QUEUE_BYTES);
}

/**
 * A queue's position: the next available entry in the low half, the next used entry in the high half. In a packed ring
 * bit 15 of each half is the wrap counter.
 */
export function indicesOf(queue: Queue): u32 {
  return (indexHalf(queue, queue.nextUsed, queue.usedWrap) << 16) | indexHalf(queue, queue.nextAvail, queue.availWrap);
}

@inline
function indexHalf(queue: Queue, index: u32, wrap: u32): u32 {
  return queue.packed ? index | (wrap << EVENT_WRAP_BIT) : index;
}

/** Sets an enabled queue's position, as indicesOf() returns it. False: its ring has no such place. */
export function setIndices(queue: Queue, indices: u32): bool {
  let nextAvail = indices & 0xffff;
  let nextUsed = indices >> 16;
  if (queue.packed) {
    queue.availWrap = nextAvail >> EVENT_WRAP_BIT;
    queue.usedWrap = nextUsed >> EVENT_WRAP_BIT;
    nextAvail &= (1 << EVENT_WRAP_BIT) - 1;
    nextUsed &= (1 << EVENT_WRAP_BIT) - 1;
    if (nextAvail >= queue.size || nextUsed >= queue.size) return false;
  }
  queue.nextAvail = <u16>nextAvail;
  queue.nextUsed = <u16>nextUsed;
  return true;
}
