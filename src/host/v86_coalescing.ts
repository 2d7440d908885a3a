import type { CryptoDevice } from '../device/device.ts';
import { Coalescing } from './coalescing.ts';
import type { V86Cpu } from './v86_internals.ts';

/** A guest that does not halt within so many of v86's slices is busy with other things. */
const BUSY_SLICES = 1;

/**
 * Decides when the data queues of a device in v86 are looked at. v86 calls run_hardware_timers inside its own loop, at
 * once when the guest halts and otherwise every hundred thousand instructions or so, and takes interrupts right after:
 * what is held back is answered there without leaving the loop, and never waits longer than two such slices.
 * @returns what takes the driver's notifications
 */
export function coalesceNotifications(cpu: V86Cpu, device: CryptoDevice): (queue: number) => void {
  const { dataQueues } = device.options;
  const policies = Array.from({ length: dataQueues }, () => new Coalescing());
  const held = new Set<number>();
  /** Slices that have ended since the first of what is held back arrived. */
  let slices = 0;

  const answerHeld = (idle: boolean) => {
    const queues = [...held];
    held.clear();
    slices = 0;
    for (const queue of queues) {
      const before = device.requests(queue);
      device.notify(queue);
      policies[queue]?.settle(device.requests(queue) - before, idle);
    }
  };

  const runTimers = cpu.run_hardware_timers.bind(cpu);
  cpu.run_hardware_timers = (acpi, now) => {
    if (held.size > 0) {
      const idle = cpu.in_hlt[0] !== 0;
      // The slice in which it arrived may have been about to end: only one more says that the guest is busy.
      if (idle || ++slices > BUSY_SLICES) answerHeld(idle);
    }
    return runTimers(acpi, now);
  };
  // A saved state has no place for what is held back: it is answered first.
  const getState = cpu.get_state.bind(cpu);
  cpu.get_state = () => {
    answerHeld(false);
    return getState();
  };

  return (queue) => {
    const policy = policies[queue];
    // Control requests are answered inside the notification: older drivers wait for them in a busy loop.
    if (!policy || policy.answerAtOnce()) device.notify(queue);
    else held.add(queue);
  };
}
