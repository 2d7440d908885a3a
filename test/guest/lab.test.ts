// Cells of the lab in Debian's kernel: each goes on from where the guest has booted, with a device that is plugged in anew.
import { beforeAll, expect, test } from 'vitest';
import { type BootedBase, type GuestCell, runGuestCell } from '../../src/cli/lab/guest/run_cell.ts';
import { takeOut } from '../../src/cli/lab/guest/take_out.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { bootedMachine, MEMORY_MIB } from './booted.ts';

const LIMIT_MS = 240_000;
let base: BootedBase;
beforeAll(async () => {
  const image = await buildGuest();
  const machine = await bootedMachine(image);
  machine.send('\n');
  base = await takeOut(machine, { files: image, memoryMiB: MEMORY_MIB, ownGuest: false, again: '' });
  await machine.stop();
}, 600_000);

const run = (choice: Pick<GuestCell, 'scenario' | 'fault' | 'ring'>, limitMs = LIMIT_MS) =>
  runGuestCell({ ...choice, features: 'default', transport: 'pci', driver: 'linux', seed: 1 }, base, limitMs);

test('the self-test, with a split ring: the driver breaks no statement, from its first register on', async () => {
  const result = await run({ scenario: 'guest-self-test', fault: 'none', ring: 'split' });
  expect(result).toMatchObject({ outcome: 'completed', passed: true, violations: [], log: [] });
});

test('queues of two entries: the driver makes chains that are longer', async () => {
  const result = await run({ scenario: 'guest-self-test', fault: 'queue-size-2', ring: 'split' });
  expect(result.violations.map(({ rule }) => rule)).toEqual(['2.7.5.3.1-3']);
  expect(result).toMatchObject({ outcome: 'completed', passed: false });
});

test('a guest that hangs is ended after its limit, and reported', async () => {
  const result = await run({ scenario: 'guest-self-test', fault: 'completion-never', ring: 'packed' }, 20_000);
  expect(result).toMatchObject({ outcome: 'hung', passed: false });
  expect(result.timeline.at(-1)?.text).toBe('The guest does not answer any more.');
  // The run goes on from the same state.
  const next = await run({ scenario: 'guest-self-test', fault: 'none', ring: 'packed' });
  expect(next).toMatchObject({ outcome: 'completed', passed: true });
});
