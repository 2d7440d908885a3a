import { Device } from '../device';
import { runControlRequest } from '../request/control';
import { runDataRequest } from '../request/data';
import { holdBack, isOrdered, meetsDeferred, reserve } from '../request/deferred';
import { BATCHED, DEFERRED, DONE, WAITS } from '../request/outcome';
import { Queue } from './queue';

/**
 * Runs the request in the device's buffer list. Returns what became of it: DONE, BATCHED, DEFERRED, WAITS, or the
 * FAULT_* that says why it cannot even be answered.
 */
@inline
export function runRequest(device: Device, queue: Queue): u32 {
  if (meetsDeferred(device)) return WAITS;
  return isOrdered(queue) ? runBehind(device, queue) : run(device, queue);
}

/** Runs a request whose chain may not be used before others that are under way. */
function runBehind(device: Device, queue: Queue): u32 {
  if (reserve(device) < 0) return WAITS;
  const outcome = run(device, queue);
  if (outcome != DONE && outcome != BATCHED) return outcome;
  // Its used element is written when those before it are complete, which is after the batch of this notification.
  holdBack(device, queue);
  return DEFERRED;
}

@inline
function run(device: Device, queue: Queue): u32 {
  return queue.index == device.dataQueues ? runControlRequest(device) : runDataRequest(device);
}
