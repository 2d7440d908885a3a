import { FAULT_NONE } from '../../spec/engine';
import { Device } from '../device';
import { runControlRequest } from '../request/control';
import { runDataRequest } from '../request/data';
import {
  holdBack,
  isOrdered,
  meetsDeferred,
  OUTCOME_DEFERRED,
  OUTCOME_DONE,
  OUTCOME_WAITS,
  reserve,
} from '../request/deferred';
import { Queue } from './queue';

/**
 * Runs the request in the device's buffer list, and leaves in `outcome` whether its chain is used now. Returns
 * FAULT_NONE or why it cannot even be answered.
 */
@inline
export function runRequest(device: Device, queue: Queue): u32 {
  device.outcome = OUTCOME_DONE;
  if (meetsDeferred(device)) {
    device.outcome = OUTCOME_WAITS;
    return FAULT_NONE;
  }
  return isOrdered(queue) ? runBehind(device, queue) : run(device, queue);
}

/** Runs a request whose chain may not be used before others that are under way. */
function runBehind(device: Device, queue: Queue): u32 {
  if (!reserve(device)) {
    device.outcome = OUTCOME_WAITS;
    return FAULT_NONE;
  }
  const fault = run(device, queue);
  if (fault == FAULT_NONE && device.outcome == OUTCOME_DONE) {
    holdBack(device, queue);
    device.outcome = OUTCOME_DEFERRED;
  }
  return fault;
}

@inline
function run(device: Device, queue: Queue): u32 {
  return queue.index == device.dataQueues ? runControlRequest(device) : runDataRequest(device);
}
