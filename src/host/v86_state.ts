import * as v from 'valibot';
import type { CryptoDevice } from '../device/device.ts';
import { StateError } from '../device/state.ts';
import type { V86Cpu } from './v86_internals.ts';

/** Where the devices' parts stand in v86's list of states: far behind v86's own, so that each ignores the other's. */
const STATE_INDEX = 160;

const VERSION = 1;
const Saved = v.looseObject({ version: v.literal(VERSION), device: v.unknown() });

/** A device with its transport, as a saved state sees them. */
export interface Keepable {
  readonly device: CryptoDevice;
  /** Whether the sessions are saved with their keys. */
  readonly includeKeys: boolean;
  /** The machine was switched on: device and transport are reset. */
  reset(): void;
  /** The transport's part, under its name. */
  save(): object;
  /** Checks what save() answered; gives what takes it over, or nothing if it is damaged. */
  parse(saved: unknown): (() => void) | undefined;
}

/**
 * Makes v86's save_state and restore_state carry the device, and a reboot reset it. The part is text, one of the few
 * types that v86's format takes; an emulator without the device ignores it.
 * @param place tells the devices of one machine apart: the slot of a PCI device, or the interrupt of another
 */
export function keepState(cpu: V86Cpu, place: number, kept: Keepable): void {
  const { device, includeKeys } = kept;
  const getState = cpu.get_state.bind(cpu);
  const setState = cpu.set_state.bind(cpu);
  const reboot = cpu.reboot_internal.bind(cpu);

  cpu.get_state = () => {
    // What is under way ends before the guest's RAM is saved.
    device.settle();
    const state = getState();
    if (device.removed) return state;
    state[STATE_INDEX + place] = JSON.stringify({
      version: VERSION,
      ...kept.save(),
      device: device.save({ includeKeys }),
    });
    return state;
  };
  cpu.set_state = (state) => {
    setState(state);
    if (device.removed) return;
    const saved = state[STATE_INDEX + place];
    if (typeof saved === 'string') restore(kept, saved);
    // Saved by a machine without this device: what the guest finds is one that was just switched on.
    else kept.reset();
  };
  cpu.reboot_internal = () => {
    kept.reset();
    reboot();
  };
}

function restore(kept: Keepable, text: string): void {
  const parsed = v.safeParse(Saved, parseJson(text));
  if (parsed.success) {
    const { version: _, device, ...transport } = parsed.output;
    const takeOver = kept.parse(transport);
    if (takeOver) {
      kept.device.restore(device);
      takeOver();
      return;
    }
  }
  throw new StateError("The virtio crypto device's part of this saved state is damaged.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
