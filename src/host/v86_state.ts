import * as v from 'valibot';
import { StateError } from '../device/state.ts';
import type { VirtioPci } from '../transport/pci/pci.ts';
import type { V86Cpu } from './v86_internals.ts';

/** Where the device's part stands in v86's list of states: far behind v86's own, so that each ignores the other's. */
const STATE_INDEX = 160;

const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const VERSION = 1;
const Saved = v.strictObject({
  version: v.literal(VERSION),
  pci: v.strictObject({
    isr: v.pipe(uint32, v.maxValue(3)),
    selected: v.strictObject({ deviceFeature: uint32, driverFeature: uint32, queue: uint32 }),
  }),
  device: v.unknown(),
});

/**
 * Makes v86's save_state and restore_state carry the device, and a reboot reset it. The part is text, one of the few
 * types that v86's format takes; an emulator without the device ignores it.
 * @param includeKeys whether the sessions are saved with their keys
 */
export function keepState(cpu: V86Cpu, slot: number, registers: VirtioPci, includeKeys: boolean): void {
  const getState = cpu.get_state.bind(cpu);
  const setState = cpu.set_state.bind(cpu);
  const reboot = cpu.reboot_internal.bind(cpu);

  cpu.get_state = () => {
    const state = getState();
    if (registers.device.removed) return state;
    const device = registers.device.save({ includeKeys });
    state[STATE_INDEX + slot] = JSON.stringify({ version: VERSION, pci: registers.save(), device });
    return state;
  };
  cpu.set_state = (state) => {
    setState(state);
    if (registers.device.removed) return;
    const saved = state[STATE_INDEX + slot];
    if (typeof saved === 'string') restore(registers, saved);
    // Saved by a machine without this device: what the guest finds is one that was just switched on.
    else registers.reset();
  };
  cpu.reboot_internal = () => {
    registers.reset();
    reboot();
  };
}

function restore(registers: VirtioPci, saved: string): void {
  const parsed = v.safeParse(Saved, parseJson(saved));
  if (!parsed.success) throw new StateError("The virtio crypto device's part of this saved state is damaged.");
  registers.device.restore(parsed.output.device);
  registers.restore(parsed.output.pci);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
