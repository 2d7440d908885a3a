// Machines that go on from where one guest has booted (test/support/boot_guest.ts): a boot takes ten times as long as all else that
// many a test does.
import { readFile } from 'node:fs/promises';
import { type Machine, startMachine } from '../../src/cli/machine.ts';
import type { GuestImage } from '../../src/guest/index.ts';
import { unpackState } from '../../src/machine/state_file.ts';
import type { V86Options } from '../../src/v86/attach.ts';

const STATE = new URL('../../build/web-public/guest/booted.state', import.meta.url);

/** A guest's RAM. */
export const MEMORY_MIB = 128;

/**
 * A machine whose guest has a shell, and has not loaded the device's driver.
 * @param watch more options of its device, which must offer what the booted one did
 */
export async function bootedMachine(files: GuestImage, watch: V86Options = {}): Promise<Machine> {
  const { config, state } = await unpackState(new Uint8Array(await readFile(STATE)));
  const { memoryMiB, ...device } = config;
  return startMachine({ files, memoryMiB, device: { ...device, ...watch }, state });
}

/** The same with another device in the slot, which was just switched on. */
export async function bootedMachineWith(files: GuestImage, device: V86Options): Promise<Machine> {
  const machine = await bootedMachine(files);
  // A state without a device fits any.
  machine.device.remove();
  const state = await machine.save();
  await machine.stop();
  return startMachine({ files, memoryMiB: MEMORY_MIB, device, state });
}
