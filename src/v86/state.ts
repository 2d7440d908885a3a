import * as v from 'valibot';
import type { CryptoDevice } from '../device/device.ts';
import { parseDeviceState, StateError } from '../device/state.ts';
import type { V86Cpu } from './internals.ts';
import { MachineLifecycle } from './lifecycle.ts';

/** First index of the devices' parts in v86's list of states: far beyond v86's own parts, so that both ignore each other. */
const STATE_INDEX = 160;

const VERSION = 1;
const Saved = v.looseObject({ version: v.literal(VERSION), device: v.unknown() });

/** A device with its transport, as a saved state sees them. */
export interface Keepable {
  readonly device: CryptoDevice;
  /** Whether the sessions are saved with their keys. */
  readonly includeKeys: boolean;
  /** Resets device and transport as at power-on, and makes the interrupt line inactive. */
  reset(): void;
  /** The transport's part, under its name. */
  save(): object;
  /** Checks a result of save(). Returns the function that takes it over; undefined if it is damaged. */
  parse(saved: unknown): (() => void) | undefined;
}

/**
 * Makes v86's save_state and restore_state include the device, and a reboot reset it. The device's part is text, one of the few types that
 * v86's format allows. An emulator without the device ignores it.
 *
 * After a restore the device is in the saved state. If the state has no part for it, because it was saved by a machine without this device,
 * or if the restore fails, the device is as after power-on: its keys are wiped, no request is under way, and its driver must start again.
 * @param place tells the devices of one machine apart: the slot of a PCI device, or the interrupt of an MMIO device
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
      // All parts are reset before each restore. A device without a saved part stays reset.
      return device.removed || saved === undefined || saved === null ? () => {} : checkSaved(kept, saved);
    },
    reset: () => kept.reset(),
  });
}

/** @throws StateError if save() did not write `saved`, or if it is the state of a device with other options */
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

/** Parses JSON; undefined if `text` is not JSON. */
function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
