import { GuestConsoleError } from '../../../guest/index.ts';
import { DriverChecker, FAULTS, type Fault, type FaultName, type Outcome } from '../../../lab/index.ts';
import { NO_FAULT } from '../../../lab/matrix/cell.ts';
import { outcomeOf } from '../../../lab/matrix/outcome.ts';
import { Random } from '../../../lab/matrix/random.ts';
import { Recorder } from '../../../lab/matrix/recorder.ts';
import { type Machine, type MachineFiles, startMachine } from '../../machine.ts';
import type { ReportedCell, ReportedResult } from '../results.ts';
import { GUEST_FEATURES, type GuestFeaturesName } from './features.ts';
import { runScenario } from './run_scenario.ts';
import { GUEST_SCENARIOS, type GuestScenarioName } from './scenarios/index.ts';
import type { GuestScenario } from './scenarios/scenario.ts';

/** A place of the guest's matrix. */
export interface GuestCell extends ReportedCell {
  scenario: GuestScenarioName;
  fault: FaultName | typeof NO_FAULT;
  ring: 'split' | 'packed';
  features: GuestFeaturesName;
}

/** A guest that has booted, and whose device was taken out. */
export interface BootedBase {
  files: MachineFiles;
  /** Whether its initramfs is not ours. */
  ownGuest: boolean;
  memoryMiB: number;
  state: ArrayBuffer;
  /** The options of `lab guest` that name the guest. */
  again: string;
}

const NTH_MAX = 4;
/** How long the shell of a guest that hangs may take for its log. */
const HUNG_LOG_MS = 5000;
const LOG_LINES = 20;
/**
 * Lines by which a kernel reports an error of its own: oopses, lockups, lockdep, KASAN, modules that it does not take. A self-test that has
 * failed is a warning of its kernel, too, and is known already.
 */
const LOG =
  'dmesg | grep -E "BUG:|WARNING:|Oops|INFO: (task|rcu)|blocked for more|lockup|deadlock|inconsistent lock|KASAN|UBSAN|refcount_t|version magic|symbol version|Unknown symbol" | grep -v crypto/testmgr.c';

/**
 * Runs a cell in a guest that goes on from a saved state, with a device that is plugged in anew.
 * @param limitMs the most that the cell may take after the restore
 * @param scenario what happens. Default: the cell's scenario
 */
export async function runGuestCell(
  cell: GuestCell,
  base: BootedBase,
  limitMs: number,
  scenario: GuestScenario = GUEST_SCENARIOS[cell.scenario],
): Promise<ReportedResult> {
  const began = performance.now();
  const now = () => performance.now() - began;
  const fault: Fault | undefined = cell.fault === NO_FAULT ? undefined : FAULTS[cell.fault];
  const nth = fault?.begin ? 1 + new Random(cell.seed, `${cell.scenario} ${cell.fault}`).below(NTH_MAX) : undefined;
  const struck = () => (checker.struck && nth !== undefined ? `The device ${fault?.device}.` : undefined);
  const checker: DriverChecker = new DriverChecker({
    ...(cell.fault === NO_FAULT ? {} : { fault: cell.fault }),
    ...(nth === undefined ? {} : { nth }),
    armed: scenario.strikesLoad ?? false,
    watch: (inner) => {
      recorder = new Recorder(inner, now, struck);
      return recorder;
    },
    onViolation: ({ section, statement, seen }) => recorder?.mark('violation', `${section}: ${statement} ${seen}`),
  });
  let recorder: Recorder | undefined;
  const { files, memoryMiB, state, ownGuest } = base;
  const machine = await startMachine({
    ...{ files, memoryMiB, state, commandTimeoutMs: limitMs },
    reboots: scenario.reboots ?? false,
    device: {
      createDevice: checker.createDevice,
      features: { ...GUEST_FEATURES[cell.features].features, packed: cell.ring === 'packed' },
    },
  });
  try {
    const { device } = machine;
    recorder?.decode(device);
    device.observe(checker.observer);
    const restored = now();
    const { ends, afterwards, ownResets, grownBytes, selfTestFailed } = await runScenario(scenario, {
      ...{ machine, now, probe: ownGuest, limit: now() + limitMs },
      resets: () => recorder?.resets ?? 0,
      arm: () => checker.arm(),
    });
    if (afterwards === undefined) recorder?.mark('fault', 'The guest does not answer any more.');
    const outcome = outcomeOf({ ends, afterwards, ownResets });
    const log = await logOf(machine, afterwards === undefined);
    const isOver = outcome === 'hung' || device.removed;
    const violations = (isOver ? checker.violations : checker.finish()).map(({ at: _, ...rest }) => rest);
    const expected = expectedOutcomes(cell.fault, scenario, checker.struck, selfTestFailed);
    // The guest's processes have ended, and their sessions with them.
    const leaks = { sessions: isOver ? 0 : device.sessionCount, bytes: grownBytes };
    const isTight = leaks.sessions === 0 && leaks.bytes === 0;
    return {
      ...{ cell, outcome, expected, nth, violations, log, leaks },
      passed: violations.length === 0 && log.length === 0 && isTight && expected.includes(outcome),
      struck: checker.struck,
      requests: [{ what: 'the guest is restored', end: `${Math.round(restored)} ms`, expected: true }, ...ends],
      timeline: recorder?.timeline ?? [],
      milliseconds: now(),
      again: guestCellOptions(cell, base),
    };
  } finally {
    await machine.stop();
  }
}

/** The arguments of `virtio-crypto lab` that run a cell again. */
export function guestCellOptions(
  { scenario, fault, ring, features, seed }: GuestCell,
  base: Pick<BootedBase, 'again'>,
) {
  return `guest --scenario ${scenario} --fault ${fault} --ring ${ring} --features ${features} --seed ${seed}${base.again}`;
}

/**
 * The outcomes of a correct driver in a cell.
 * @param struck whether the device has misbehaved
 * @param selfTestFailed whether the kernel's self-test has failed. Where a driver is set up anew, the kernel tests it again
 */
export function expectedOutcomes(
  fault: GuestCell['fault'],
  scenario: Omit<GuestScenario, 'run'>,
  struck: boolean,
  selfTestFailed = false,
): Outcome[] {
  const ofFault: readonly Outcome[] = fault !== NO_FAULT && struck ? FAULTS[fault].outcomes : [];
  const own: readonly Outcome[] = scenario.strikesLoad && ofFault.length === 0 ? [] : (scenario.outcomes ?? []);
  const renewed: readonly Outcome[] = scenario.renews && ofFault.includes('gave up') ? ['error'] : [];
  // A kernel does not use an algorithm whose self-test has failed.
  const refused: readonly Outcome[] = scenario.renews && selfTestFailed && ofFault.includes('error') ? ['gave up'] : [];
  const all = [...ofFault, ...own, ...renewed, ...refused];
  return all.length === 0 ? ['completed'] : [...new Set(all)];
}

/** What the guest's kernel says of errors of its own. A guest that hangs may have a shell that answers once it is interrupted. */
async function logOf({ console }: Machine, isHung: boolean): Promise<string[]> {
  try {
    const { output } = await console.run(LOG, isHung ? { timeoutMs: HUNG_LOG_MS } : {});
    return output.trim().split('\n').filter(Boolean).slice(0, LOG_LINES);
  } catch (error) {
    if (error instanceof GuestConsoleError) return [];
    throw error;
  }
}
