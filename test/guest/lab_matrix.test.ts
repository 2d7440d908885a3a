// The lab's matrix in Debian's kernel. By day a few cells; LAB_GUEST_CELLS=all has every scenario with every fault and both rings.
import { beforeAll, expect, test } from 'vitest';
import { GUEST_FAULTS } from '../../src/cli/lab/guest/faults.ts';
import { type BootedBase, type GuestCell, runGuestCell } from '../../src/cli/lab/guest/run_cell.ts';
import { GUEST_SCENARIOS, type GuestScenarioName } from '../../src/cli/lab/guest/scenarios/index.ts';
import type { GuestScenario } from '../../src/cli/lab/guest/scenarios/scenario.ts';
import { takeOut } from '../../src/cli/lab/guest/take_out.ts';
import { buildGuest } from '../../src/guest/index.ts';
import type { FaultName, Outcome, RuleName } from '../../src/lab/index.ts';
import { bootedMachine, MEMORY_MIB } from './booted.ts';

const LIMIT_MS = 120_000;
/** Where a guest is known to wait without an end. */
const HANGS_MS = 30_000;
type Choice = Pick<GuestCell, 'scenario' | 'fault' | 'ring'>;

/** Outcomes of Linux 6.1 that are not those of a correct driver: docs/lab-results.md. */
const OUTCOMES: Partial<Record<FaultName | `${GuestScenarioName} ${FaultName}`, readonly Outcome[]>> = {
  'used-length-long': ['completed'],
  'used-length-max': ['completed'],
  'used-id-foreign': ['hung'],
  'used-id-repeated': ['hung', 'completed'],
  'completion-never': ['hung'],
  'interrupt-lost': ['hung'],
  'needs-reset': ['hung'],
  'features-withdrawn': ['hung'],
  removal: ['hung'],
  'sessions-1': ['gave up'],
  // The device is given up at the resume, and the next suspend does not return.
  'guest-suspend features-refused': ['hung'],
};
/** Statements that Linux 6.1 breaks with a fault, or in a scenario. */
const RULES: Partial<Record<FaultName | GuestScenarioName, readonly RuleName[]>> = {
  'config-unannounced': ['5.9.5.2-2'],
  'features-refused': ['2.1.1-2'],
  'features-withdrawn': ['2.1.1-3'],
  'hardware-away': ['5.9.5.2-2'],
  'needs-reset': ['2.1.1-3'],
  'queue-size-1': ['2.7.5.3.1-3'],
  'queue-size-2': ['2.7.5.3.1-3'],
  'guest-suspend': ['5.9.5.2-1', '5.9.5.2-3', '5.9.5.2-4', '5.9.5.2-5', '5.9.5.2-6'],
};

/** Where Linux 6.1 may warn that it unregisters an algorithm which a process has open: whether one has is chance. */
const WARNS: readonly string[] = ['guest-removal', 'hardware-away', 'config-unannounced'];
const WARNING = 'crypto_unregister_alg';

const NAMES = Object.keys(GUEST_SCENARIOS) as GuestScenarioName[];
const ALL = NAMES.flatMap((scenario) =>
  GUEST_FAULTS.flatMap((fault) => (['split', 'packed'] as const).map((ring): Choice => ({ scenario, fault, ring }))),
);
const BY_DAY: readonly Choice[] = [
  { scenario: 'guest-bind', fault: 'completion-reordered', ring: 'split' },
  { scenario: 'guest-suspend', fault: 'none', ring: 'packed' },
  { scenario: 'guest-processes', fault: 'completion-bursts', ring: 'packed' },
  { scenario: 'guest-removal', fault: 'none', ring: 'split' },
];
const { LAB_GUEST_CELLS } = process.env;
const CELLS = LAB_GUEST_CELLS === 'all' ? ALL : BY_DAY;

let base: BootedBase;
beforeAll(async () => {
  const files = await buildGuest();
  const machine = await bootedMachine(files);
  machine.send('\n');
  base = await takeOut(machine, { files, memoryMiB: MEMORY_MIB, ownGuest: false, again: '' });
  await machine.stop();
});

const cellOf = (choice: Choice): GuestCell => ({
  ...choice,
  ...{ features: 'default', transport: 'pci', driver: 'linux', seed: 1 },
});

test.each(CELLS)('$scenario / $fault / $ring: Linux does what it is known to do', async (choice) => {
  const { scenario, fault } = choice;
  const own = fault === 'none' ? [] : [...(OUTCOMES[fault] ?? []), ...(OUTCOMES[`${scenario} ${fault}`] ?? [])];
  const hangs = own.includes('hung');
  const result = await runGuestCell(cellOf(choice), base, hangs ? HANGS_MS : LIMIT_MS);

  expect([...result.expected, ...own], JSON.stringify(result.requests)).toContain(result.outcome);
  const known: readonly string[] = [...(RULES[scenario] ?? []), ...(fault === 'none' ? [] : (RULES[fault] ?? []))];
  expect(result.violations.filter(({ rule }) => !known.includes(rule))).toEqual([]);
  const warns = WARNS.includes(scenario) || WARNS.includes(fault);
  const log = result.log.filter((line) => !(warns && line.includes(WARNING)));
  const bytes = fault === 'none' ? result.leaks.bytes : 0;
  expect({ log, leaks: { ...result.leaks, bytes } }).toEqual({ log: [], leaks: { sessions: 0, bytes: 0 } });
});

test('a driver that sets the device up anew by itself has recovered', async () => {
  const scenario: GuestScenario = {
    about: 'is bound anew by a program in the guest, which no step asks for',
    section: '2.1.2',
    run: async ({ load, step }) => {
      await load();
      const folder = '/sys/bus/virtio/drivers/virtio_crypto';
      await step(
        'a helper',
        `n=$(basename $(ls -d ${folder}/virtio*)); echo $n > ${folder}/unbind; echo $n > ${folder}/bind`,
      );
    },
  };
  const choice = { scenario: 'guest-bind', fault: 'none', ring: 'split' } as const;
  const result = await runGuestCell(cellOf(choice), base, LIMIT_MS, scenario);
  expect(result).toMatchObject({ outcome: 'recovered', passed: false, expected: ['completed'] });
});

test('sessions that are left open fail a cell', async () => {
  const scenario: GuestScenario = {
    about: 'has a process that keeps its session',
    section: '5.9.7.2',
    run: async ({ load, step }) => {
      await load();
      const keep = 'printf 0123456789abcdef > /tmp/key; (sleep 600 | kcapi-enc -e -q -c virtio_crypto_aes_cbc';
      const iv = '00'.repeat(16);
      await step('a process', `${keep} --iv ${iv} --keyfd 3 3< /tmp/key > /dev/null 2>&1) > /dev/null 2>&1 & sleep 1`);
    },
  };
  const choice = { scenario: 'guest-af-alg', fault: 'none', ring: 'split' } as const;
  const result = await runGuestCell(cellOf(choice), base, LIMIT_MS, scenario);
  expect(result).toMatchObject({ outcome: 'completed', passed: false });
  expect(result.leaks.sessions).toBeGreaterThan(0);
});
