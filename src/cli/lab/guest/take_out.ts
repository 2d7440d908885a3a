import type { Machine } from '../../machine.ts';
import type { BootedBase } from './run_cell.ts';
import { PCI_DEVICE } from './scenarios/shell.ts';

/**
 * Takes the device out of a guest that has booted, so that each cell can plug another one in. The machine is of no use afterwards.
 * @throws Error if the guest cannot do it
 */
export async function takeOut(machine: Machine, guest: Omit<BootedBase, 'state'>): Promise<BootedBase> {
  const { status } = await machine.console.run(`rmmod virtio_crypto 2> /dev/null; ${PCI_DEVICE}; echo 1 > $d/remove`);
  if (status !== 0) {
    throw new Error(
      'The guest cannot take the device out of its bus: its kernel needs PCI, and sysfs mounted at /sys.',
    );
  }
  machine.device.remove();
  return { ...guest, state: await machine.save() };
}
