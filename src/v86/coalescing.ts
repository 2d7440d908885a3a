import type { CryptoDevice } from '../device/device.ts';
import { Coalescing } from './coalescing_policy.ts';
import type { V86Cpu } from './internals.ts';
import { MachineLifecycle } from './lifecycle.ts';

/** A guest that does not halt within this many more slices of v86 is busy with other work. */
const BUSY_SLICES = 1;

/** Takes a driver's notifications for one device. */
export interface CoalescedNotifications {
  /** Takes a notification of a queue. It is passed to the device now, or a little later. */
  (queue: number): void;
  /** Passes on all notifications that are held back. Call it before each access to another register than the notification. */
  answerHeld(): void;
}

/**
 * Decides when notifications of a v86 device's data queues are passed on. A notification that is held back is passed on at the first of
 * these events:
 *
 * - The guest halts. v86 then calls run_hardware_timers inside its own loop, and takes interrupts right after.
 * - The guest does not halt: v86 calls run_hardware_timers after each slice of 100,003 instructions or a few more, whether or not
 *   the guest has interrupts enabled. So a driver that polls the used ring waits for two slices at most. Only translated code
 *   that never leaves a loop can put this off (see the machine's JIT settings).
 * - The driver accesses a register of the device, the ISR status among them: it waits in another way than by halting.
 * - The machine is saved.
 *
 * A guest that has halted with interrupts disabled reaches none of these events. It does not run again until the machine is reset, and v86
 * runs no timers for it.
 */
export function coalesceNotifications(cpu: V86Cpu, device: CryptoDevice): CoalescedNotifications {
  const { dataQueues } = device.options;
  const newPolicies = () => Array.from({ length: dataQueues }, () => new Coalescing());
  let policies = newPolicies();
  const held = new Set<number>();
  /** Slices that have ended since the oldest held notification arrived. */
  let slices = 0;

  /** @param judge called for each queue with the number of requests that were in it */
  const answerHeld = (judge: (policy: Coalescing | undefined, requests: number) => void) => {
    slices = 0;
    // An interrupt handler may notify again, save or reset the machine. So each queue is run only if it is still held.
    for (const queue of [...held]) {
      if (!held.delete(queue)) continue;
      const policy = policies[queue];
      const before = device.requests(queue);
      device.notify(queue);
      judge(policy, device.requests(queue) - before);
    }
  };
  const busy = (policy: Coalescing | undefined, requests: number) => policy?.settle(requests, false);
  const idle = (policy: Coalescing | undefined, requests: number) => policy?.settle(requests, true);

  const runTimers = cpu.run_hardware_timers.bind(cpu);
  cpu.run_hardware_timers = (acpi, now) => {
    if (held.size > 0) {
      // The slice in which the notification came may have been about to end. Only the end of the next slice shows that the guest is busy.
      if (cpu.in_hlt[0] !== 0) answerHeld(idle);
      else if (++slices > BUSY_SLICES) answerHeld(busy);
    }
    return runTimers(acpi, now);
  };

  const lifecycle = MachineLifecycle.of(cpu);
  lifecycle.add({
    // A saved state cannot contain held notifications. They are passed on, but not judged: a save says nothing about the guest.
    release: () => answerHeld(() => {}),
    reset: () => {
      held.clear();
      policies = newPolicies();
    },
  });

  const notify = (queue: number) => {
    const policy = policies[queue];
    // Control requests are run inside the notification, because older drivers wait for them in a busy loop.
    if (!policy || lifecycle.saving || policy.answerAtOnce()) device.notify(queue);
    else held.add(queue);
  };
  return Object.assign(notify, {
    answerHeld: () => {
      if (held.size > 0) answerHeld(busy);
    },
  });
}
