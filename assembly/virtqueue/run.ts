import { Device } from '../device';
import { runControlRequest } from '../request/control';
import { runDataRequest } from '../request/data';
import { Queue } from './queue';

/** Runs the request in the device's buffer list. Returns FAULT_NONE or why it cannot even be answered. */
@inline
export function runRequest(device: Device, queue: Queue): u32 {
  return queue.index == device.dataQueues ? runControlRequest(device) : runDataRequest(device);
}
