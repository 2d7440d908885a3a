// Why a request is refused. A check that refuses a request stores its number and returns a status. The host hears of it
// with the status, if it asked for reports.
import { Device } from './device';

/** Tells the host that a check (REFUSED_*) refused a request of queue `queue` with `status`. */
// @ts-ignore: decorator
@external('refusals', 'refused')
declare function refused(queue: u32, check: u32, status: u32, opcode: u32): void;

/** Notes the check (REFUSED_*) that refuses the current request. Returns `status`. */
@inline
export function refuse(device: Device, check: u32, status: u32): u32 {
  device.refused = check;
  return status;
}

/** Tells the host which check refused the current request, if the host wants reports. */
export function reportRefusal(device: Device, status: u32, opcode: u32): void {
  if (device.reportRefusals) refused(device.runningQueue, device.refused, status, opcode);
}
