import { type Machine, waitForShell } from '../../src/cli/machine.ts';

const TRIES = 3;
const PATIENCE_MS = 90_000;

/**
 * Resets the machine and waits for its guest. What v86's interrupt controllers had pending outlives its reset (the kernel reports vectors
 * that nobody handles), and now and then the kernel waits for an interrupt that does not come: the button is pressed again then.
 */
export async function pressReset(machine: Machine): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    machine.restart();
    try {
      await waitForShell(machine, { signal: AbortSignal.timeout(PATIENCE_MS) });
      return;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
