// Memory that the guest's kernel has not got back after the driver was unloaded and loaded many times.
import { beforeAll, expect, test } from 'vitest';
import { type BootedBase, type GuestCell, runGuestCell } from '../../src/cli/lab/guest/run_cell.ts';
import { LEAKS } from '../../src/cli/lab/guest/scenarios/leaks.ts';
import { takeOut } from '../../src/cli/lab/guest/take_out.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { bootedMachine, MEMORY_MIB } from './booted.ts';

const LIMIT_MS = 480_000;
const CELL: GuestCell = {
  ...{ scenario: 'guest-leaks', fault: 'none', ring: 'split', features: 'default' },
  ...{ transport: 'pci', driver: 'linux', seed: 1 },
};

let base: BootedBase;
beforeAll(async () => {
  const files = await buildGuest();
  const machine = await bootedMachine(files);
  machine.send('\n');
  base = await takeOut(machine, { files, memoryMiB: MEMORY_MIB, ownGuest: false, again: '' });
  await machine.stop();
});

test("Debian's driver gives back what it takes", async () => {
  const result = await runGuestCell(CELL, base, LIMIT_MS);
  expect(result).toMatchObject({ outcome: 'completed', passed: true, leaks: { sessions: 0, bytes: 0 } });
});

test('20,000 bytes that stay at each load fail the cell', async () => {
  const result = await runGuestCell(CELL, base, LIMIT_MS, {
    ...LEAKS,
    run: (stage) =>
      LEAKS.run({
        ...stage,
        load: async () => {
          // A file of an initramfs is memory that nothing takes away.
          await stage.step('a file grows', 'head -c 20000 /dev/zero >> /root/leak');
          return stage.load();
        },
      }),
  });
  expect(result).toMatchObject({ outcome: 'completed', passed: false });
  // Six loads between the two looks, give or take the noise.
  expect(result.leaks.bytes).toBeGreaterThan(100_000);
  expect(result.leaks.bytes).toBeLessThan(140_000);
});
