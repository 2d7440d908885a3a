// A notification of a queue, for split and packed rings.
import {
  CROWD_REQUESTS,
  DEPTH_CROWD,
  DEPTH_FEW,
  DEPTH_MANY,
  FAULT_NONE,
  MANY_REQUESTS,
  NOTIFY_IDLE,
  NOTIFY_NEEDS_RESET,
  RAN_NOTHING,
} from '../../spec/engine';
import { Device } from '../device';
import { beginNotification, endNotification } from '../statistics';
import { packedAvailable } from './chain';
import { processPackedQueue } from './packed';
import { Queue, queueAt } from './queue';
import { processSplitQueue, splitAhead } from './split';

/** Number of available chains of a queue. A packed ring tells only whether there is one: 1. */
@inline
function availableIn(queue: Queue): u32 {
  if (!queue.enabled) return 0;
  return queue.packed ? <u32>packedAvailable(queue) : splitAhead(queue);
}

/** Whether a queue is enabled and has an available chain. */
@inline
export function queueHasAvailable(queue: Queue): bool {
  return availableIn(queue) != 0;
}

/** Runs the available chains of queue `index`, as far as the budget goes. Returns NOTIFY_* bits. */
export function notifyQueue(device: Device, index: u32, requests: u32, bytes: u32, descriptors: i32): u32 {
  if (device.fault != FAULT_NONE) return NOTIFY_NEEDS_RESET;
  const queue = queueAt(device, index);
  const available = availableIn(queue);
  if (!available) return NOTIFY_IDLE;
  beginNotification(device, index, requests, bytes, descriptors);
  device.depth = depthOf(queue, available);
  device.ran = RAN_NOTHING;
  queue.lastTaken = 0;
  const before = <u32>queue.requests;
  const answer = queue.packed ? processPackedQueue(device, queue) : processSplitQueue(device, queue);
  queue.lastTaken += <u32>queue.requests - before;
  return answer | endNotification(device);
}

/**
 * How many requests are at work at once (DEPTH_*): those that the last notification took, or that a split ring has
 * available now (a packed ring does not tell), whichever number is larger, and those in flight.
 */
@inline
function depthOf(queue: Queue, available: u32): u32 {
  const ahead = queue.packed ? 0 : available;
  const requests = max<u32>(queue.lastTaken, ahead) + queue.inFlight;
  if (requests < <u32>MANY_REQUESTS) return DEPTH_FEW;
  return requests < <u32>CROWD_REQUESTS ? DEPTH_MANY : DEPTH_CROWD;
}
