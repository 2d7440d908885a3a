import { Device } from '../device';
import { runAdminCommand } from '../request/admin';
import { runControlRequest } from '../request/control';
import { runDataRequest } from '../request/data';
import { holdBack, isOrdered, meetsDeferred, reserve } from '../request/deferred';
import { BATCHED, DEFERRED, DONE, WAITS } from '../request/outcome';
import { Queue } from './queue';

/**
 * Runs the request in the device's buffer list. Returns its outcome: DONE, BATCHED, DEFERRED or WAITS, or a FAULT_* if
 * the chain is too short for a header or an answer.
 */
@inline
export function runRequest(device: Device, queue: Queue): u32 {
  if (meetsDeferred(device)) return WAITS;
  return isOrdered(queue) ? runBehind(device, queue) : run(device, queue);
}

/** Runs a request whose chain must not be used before earlier chains that are under way (IN_ORDER). */
function runBehind(device: Device, queue: Queue): u32 {
  if (reserve(device) < 0) return WAITS;
  const outcome = run(device, queue);
  if (outcome != DONE && outcome != BATCHED) return outcome;
  // Its used element is written after those of the earlier chains, which complete after this notification's batch.
  holdBack(device, queue);
  return DEFERRED;
}

@inline
function run(device: Device, queue: Queue): u32 {
  if (queue.index < device.dataQueues) return runDataRequest(device);
  return queue.index == device.dataQueues ? runControlRequest(device) : runAdminCommand(device);
}
