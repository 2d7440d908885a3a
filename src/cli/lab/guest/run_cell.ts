import { GuestConsoleError } from '../../../guest/index.ts';
import { DEVICE_DRIVER } from '../../../guest/measure.ts';
import { selftestOf } from '../../../guest/proc-crypto.ts';
import { loadDriver } from '../../../guest/selftest.ts';
import {
  DriverChecker,
  FAULTS,
  type Fault,
  type FaultName,
  type Outcome,
  type RequestEnd,
} from '../../../lab/index.ts';
import { NO_FAULT } from '../../../lab/matrix/cell.ts';
import { outcomeOf } from '../../../lab/matrix/outcome.ts';
import { Random } from '../../../lab/matrix/random.ts';
import { Recorder } from '../../../lab/matrix/recorder.ts';
import { type Machine, type MachineFiles, startMachine } from '../../machine.ts';
import type { ReportedCell, ReportedResult } from '../results.ts';
import { GUEST_SCENARIOS, type GuestScenario, type GuestScenarioName, type GuestStage } from './scenarios.ts';

/** A place of the guest's matrix. */
export interface GuestCell extends ReportedCell {
  scenario: GuestScenarioName;
  fault: FaultName | typeof NO_FAULT;
  ring: 'split' | 'packed';
}

/** A guest that has booted, and whose device was taken out. */
export interface BootedBase {
  files: MachineFiles;
  memoryMiB: number;
  state: ArrayBuffer;
}

const NTH_MAX = 4;
/** How long the shell of a guest that hangs may take for its log. */
const HUNG_LOG_MS = 5000;
const LOG_LINES = 20;
/** Lines by which a kernel reports an error of its own: oopses, lockups, lockdep, KASAN. */
const LOG =
  'dmesg | grep -E "BUG:|WARNING:|Oops|INFO: (task|rcu)|blocked for more|lockup|deadlock|inconsistent lock|KASAN|UBSAN|refcount_t"';
const SELF_TEST_FAILED = `dmesg | grep -q 'alg: .*${DEVICE_DRIVER}.*failed'`;

/**
 * Runs a cell in a guest that goes on from a saved state, with a device that is plugged in anew.
 * @param limitMs the most that the cell may take after the restore
 */
export async function runGuestCell(cell: GuestCell, base: BootedBase, limitMs: number): Promise<ReportedResult> {
  const began = performance.now();
  const now = () => performance.now() - began;
  const fault: Fault | undefined = cell.fault === NO_FAULT ? undefined : FAULTS[cell.fault];
  const nth = fault?.begin ? 1 + new Random(cell.seed, `${cell.scenario} ${cell.fault}`).below(NTH_MAX) : undefined;
  const struck = () => (checker.struck && nth !== undefined ? `The device ${fault?.device}.` : undefined);
  const checker: DriverChecker = new DriverChecker({
    ...(cell.fault === NO_FAULT ? {} : { fault: cell.fault }),
    ...(nth === undefined ? {} : { nth }),
    watch: (inner) => {
      recorder = new Recorder(inner, now, struck);
      return recorder;
    },
    onViolation: ({ section, statement, seen }) => recorder?.mark('violation', `${section}: ${statement} ${seen}`),
  });
  let recorder: Recorder | undefined;
  const machine = await startMachine({
    files: base.files,
    memoryMiB: base.memoryMiB,
    state: base.state,
    commandTimeoutMs: limitMs,
    device: { createDevice: checker.createDevice, features: { packed: cell.ring === 'packed' } },
  });
  try {
    recorder?.decode(machine.device);
    machine.device.observe(checker.observer);
    const restored = now();
    const { ends, afterwards } = await runScenario(machine, GUEST_SCENARIOS[cell.scenario], now() + limitMs, now);
    if (afterwards === undefined) recorder?.mark('fault', 'The guest does not answer any more.');
    const outcome = outcomeOf({ ends, afterwards, ownResets: 0 });
    const log = await logOf(machine, afterwards === undefined);
    const violations = (outcome === 'hung' || machine.device.removed ? checker.violations : checker.finish()).map(
      ({ at: _, ...rest }) => rest,
    );
    const expected = expectedOutcomes(cell, checker.struck);
    return {
      ...{ cell, outcome, expected, nth, violations, log },
      leaks: { sessions: 0, bytes: 0 },
      passed: violations.length === 0 && log.length === 0 && expected.includes(outcome),
      struck: checker.struck,
      requests: [{ what: 'the guest is restored', end: `${Math.round(restored)} ms`, expected: true }, ...ends],
      timeline: recorder?.timeline ?? [],
      milliseconds: now(),
      again: `guest --scenario ${cell.scenario} --fault ${cell.fault} --ring ${cell.ring} --seed ${cell.seed}`,
    };
  } finally {
    await machine.stop();
  }
}

function expectedOutcomes({ scenario, fault }: GuestCell, struck: boolean): Outcome[] {
  const own: readonly Outcome[] = (GUEST_SCENARIOS[scenario] satisfies GuestScenario as GuestScenario).outcomes ?? [];
  const ofFault: readonly Outcome[] = fault !== NO_FAULT && struck ? FAULTS[fault].outcomes : [];
  const all = [...ofFault, ...own];
  return all.length === 0 ? ['completed'] : [...new Set(all)];
}

async function runScenario(
  { console }: Machine,
  scenario: GuestScenario,
  limit: number,
  now: () => number,
): Promise<{ ends: RequestEnd[]; afterwards: RequestEnd | undefined }> {
  const ends: RequestEnd[] = [];
  const run = (command: string) => console.run(command, { timeoutMs: Math.max(1, limit - now()) });
  const noted = async (what: string, work: () => Promise<boolean>): Promise<boolean> => {
    const entry: RequestEnd = { what, end: 'open', expected: false };
    ends.push(entry);
    const isDone = await work();
    Object.assign(entry, { end: isDone ? 'ok' : 'failed', expected: isDone });
    return isDone;
  };
  const isTested = async (): Promise<boolean> => {
    while (selftestOf((await run('cat /proc/crypto')).output, DEVICE_DRIVER) !== 'passed') {
      if ((await run(SELF_TEST_FAILED)).status === 0) return false;
      if (now() > limit) throw new GuestConsoleError('The self-test did not end.', '');
      await run('sleep 0.2');
    }
    return true;
  };
  const stage: GuestStage = {
    step: (what, command) => noted(what, async () => (await run(command)).status === 0),
    load: () =>
      noted('virtio_crypto is loaded and tested', async () => {
        await loadDriver(console);
        return isTested();
      }),
    roundTrip: (bytes) => noted(`AF_ALG, ${bytes} bytes`, async () => (await run(roundTripOf(bytes))).status === 0),
  };
  try {
    await run('echo 1 > /sys/bus/pci/rescan');
    await scenario.run(stage);
    await stage.roundTrip(64);
    return { ends: ends.slice(0, -1), afterwards: ends.at(-1) };
  } catch (error) {
    if (error instanceof GuestConsoleError) return { ends, afterwards: undefined };
    throw error;
  }
}

/** Encrypts zeros on the driver, decrypts the result on it, and compares. */
function roundTripOf(bytes: number): string {
  const run = (mode: string, from: string, to: string) =>
    `kcapi-enc ${mode} -q -c ${DEVICE_DRIVER} --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/k < ${from} > ${to}`;
  return [
    'printf 0123456789abcdef > /tmp/k',
    `head -c ${bytes} /dev/zero > /tmp/a`,
    run('-e', '/tmp/a', '/tmp/b'),
    run('-d', '/tmp/b', '/tmp/c'),
    'cmp /tmp/a /tmp/c && ! cmp -s /tmp/a /tmp/b',
  ].join(' && ');
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
