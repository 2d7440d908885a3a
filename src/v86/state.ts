import * as v from 'valibot';
import type { CryptoDevice } from '../device/device.ts';
import { parseDeviceState, StateError } from '../device/state.ts';
import type { V86Cpu } from './internals.ts';
import { MachineLifecycle } from './lifecycle.ts';

/** Where the devices' parts stand in v86's list of states: far behind v86's own, so that each ignores the other's. */
const STATE_INDEX = 160;

const VERSION = 1;
const Saved = v.looseObject({ version: v.literal(VERSION), device: v.unknown() });

/** A device with its transport, as a saved state sees them. */
export interface Keepable {
  readonly device: CryptoDevice;
  /** Whether the sessions are saved with their keys. */
  readonly includeKeys: boolean;
  /** The machine was switched on: device and transport are reset, and the interrupt line is low. */
  reset(): void;
  /** The transport's part, under its name. */
  save(): object;
  /** Checks what save() answered; gives what takes it over, or nothing if it is damaged. */
  parse(saved: unknown): (() => void) | undefined;
}

/**
 * Makes v86's save_state and restore_state carry the device, and a reboot reset it. The part is text, one of the few
 * types that v86's format takes; an emulator without the device ignores it.
 *
 * After a restore the device stands where the saved one stood. If the state has no part of it (it was saved by a machine without
 * this device), or if the restore fails, the device is as if it was just switched on: its keys are wiped, nothing of the machine
 * before is under way, and a driver that believes in it has to start it anew.
 * @param place tells the devices of one machine apart: the slot of a PCI device, or the interrupt of another
 */
export function keepState(cpu: V86Cpu, place: number, kept: Keepable): void {
  const { device, includeKeys } = kept;
  const index = STATE_INDEX + place;
  MachineLifecycle.of(cpu).add({
    settle: () => device.settle(),
    save: (state) => {
      if (device.removed) return;
      state[index] = JSON.stringify({ version: VERSION, ...kept.save(), device: device.save({ includeKeys }) });
    },
    check: (state) => {
      const saved = state[index];
      // The parts are reset before each restore: a device without a saved part stays so.
      return device.removed || saved === undefined || saved === null ? () => {} : checkSaved(kept, saved);
    },
    reset: () => kept.reset(),
  });
}

/** @throws StateError for what save() did not write, and for the state of a device with other options */
function checkSaved(kept: Keepable, saved: unknown): () => void {
  const damaged = new StateError(
    "The virtio crypto device's part of this saved state is damaged: the device was reset. Restart the machine.",
  );
  const parsed = v.safeParse(Saved, parseJson(saved));
  if (!parsed.success) throw damaged;
  const { version: _, device, ...transport } = parsed.output;
  const takeOver = kept.parse(transport);
  if (!takeOver) throw damaged;
  parseDeviceState(device, kept.device.options);
  return () => {
    kept.device.restore(device);
    takeOver();
  };
}

/** What a text of JSON says; nothing for anything else. */
function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
