// Cells of the guest's matrix in threads beside each other, and with what a device offers.
import { beforeAll, expect, test } from 'vitest';
import { runInThreads } from '../../src/cli/lab/cell_pool.ts';
import type { GuestFeaturesName } from '../../src/cli/lab/guest/features.ts';
import { type BootedBase, type GuestCell, runGuestCell } from '../../src/cli/lab/guest/run_cell.ts';
import type { GuestScenario } from '../../src/cli/lab/guest/scenarios/scenario.ts';
import { takeOut } from '../../src/cli/lab/guest/take_out.ts';
import type { ReportedResult } from '../../src/cli/lab/results.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { bootedMachine, MEMORY_MIB } from './booted.ts';

/** As it is built: npm test and .ci/run build it first. */
const SCRIPT = new URL('../../dist/src/cli/lab/guest/cell_worker.js', import.meta.url);
const LIMIT_MS = 240_000;

let base: BootedBase;
beforeAll(async () => {
  const files = await buildGuest();
  const machine = await bootedMachine(files);
  machine.send('\n');
  base = await takeOut(machine, { files, memoryMiB: MEMORY_MIB, ownGuest: false, again: '' });
  await machine.stop();
});

const cellOf = (features: GuestFeaturesName, ring: 'split' | 'packed' = 'split'): GuestCell => ({
  ...{ scenario: 'guest-self-test', fault: 'none', ring, features, transport: 'pci', driver: 'linux', seed: 1 },
});

test.each<[GuestFeaturesName, string]>([
  // INDIRECT_DESC, EVENT_IDX and ACCESS_PLATFORM: bits 28, 29 and 33 (6).
  ['direct', '000'],
  ['access-platform', '111'],
])('%s: Linux says in sysfs which features it has accepted', async (features, bits) => {
  const scenario: GuestScenario = {
    about: 'is asked what it has accepted',
    section: '2.2',
    run: async ({ load, step }) => {
      await load();
      const accepted = 'cat /sys/bus/virtio/drivers/virtio_crypto/virtio*/features';
      await step('its features', `[ $(${accepted} | cut -c 29,30,34) = ${bits} ]`);
    },
  };
  const result = await runGuestCell(cellOf(features), base, LIMIT_MS, scenario);
  expect(result).toMatchObject({ outcome: 'completed', passed: true });
  expect(result.again).toContain(` --features ${features} `);
});

test('two machines beside each other: each cell has its result, at its place', async () => {
  const cells = [cellOf('qemu'), cellOf('notification-data', 'packed')];
  const results = new Map<number, ReportedResult>();
  await runInThreads<GuestCell, ReportedResult>(cells, {
    ...{ script: SCRIPT, data: { base, limitMs: LIMIT_MS }, jobs: 2, signal: new AbortController().signal },
    lost: () => expect.unreachable(),
    onResult: (result, index) => results.set(index, result),
  });
  expect([results.get(0), results.get(1)]).toMatchObject(
    cells.map((cell) => ({ cell, outcome: 'completed', passed: true, violations: [] })),
  );
});

test('Ctrl-C ends machines in the middle of their cells', async () => {
  const interruption = new AbortController();
  const cells = Array.from({ length: 4 }, () => cellOf('default'));
  const done: number[] = [];
  const run = runInThreads<GuestCell, ReportedResult>(cells, {
    ...{ script: SCRIPT, data: { base, limitMs: LIMIT_MS }, jobs: 2, signal: interruption.signal },
    lost: () => expect.unreachable(),
    onResult: (_, index) => {
      done.push(index);
      interruption.abort();
    },
  });
  await run;
  expect(done).toHaveLength(1);
});

test('a cell that no thread can run ends the run with its reason', async () => {
  // It boots from files that are not there.
  const files = { kernel: '/nowhere', initrd: '/nowhere', bios: '/nowhere', vgaBios: '/nowhere' };
  const cells = [cellOf('default'), cellOf('default')];
  const run = runInThreads<GuestCell, ReportedResult>(cells, {
    ...{ script: SCRIPT, data: { base: { ...base, files }, limitMs: LIMIT_MS }, jobs: 2 },
    signal: new AbortController().signal,
    lost: () => expect.unreachable(),
    onResult: () => expect.unreachable(),
  });
  await expect(run).rejects.toThrow('ENOENT');
});
