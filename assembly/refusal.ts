// Why a request is refused. Each check leaves its number beside the status that it answers; the host is told of it, if
// it asked for that, when the status is written.
import { Device } from './device';

/** A request of queue `queue` is refused with `status`, by a check (REFUSED_*). */
// @ts-ignore: decorator
@external('refusals', 'refused')
declare function refused(queue: u32, check: u32, status: u32, opcode: u32): void;

/** A check (REFUSED_*) refuses the request in hand. Returns the status. */
@inline
export function refuse(device: Device, check: u32, status: u32): u32 {
  device.refused = check;
  return status;
}

/** Tells the host that the request in hand was refused, and by which check. */
export function reportRefusal(device: Device, status: u32, opcode: u32): void {
  if (device.reportRefusals) refused(device.runningQueue, device.refused, status, opcode);
}
