import { GuestConsoleError } from '../../../guest/index.ts';
import { DEVICE_DRIVER } from '../../../guest/measure.ts';
import { selftestOf } from '../../../guest/proc-crypto.ts';
import { loadDriver } from '../../../guest/selftest.ts';
import type { RequestEnd } from '../../../lab/index.ts';
import { OPEN } from '../../../lab/matrix/outcome.ts';
import { type Machine, waitForShell } from '../../machine.ts';
import type { GuestScenario, GuestStage } from './scenarios/scenario.ts';
import { FREE_PAGES, roundTripOf } from './scenarios/shell.ts';

/** How a scenario is run. */
export interface ScenarioRun {
  machine: Machine;
  /** Whether the guest's initramfs is not ours, so that its shell has to be probed for after a reboot. */
  probe: boolean;
  /** The time, and the time by which the scenario has to end: milliseconds of one clock. */
  now(): number;
  limit: number;
  /** Resets of the device so far. */
  resets(): number;
  /** Called when the driver is loaded and tested for the first time: the fault begins. */
  arm(): void;
}

/** What became of a scenario's steps. */
export interface ScenarioEnds {
  ends: RequestEnd[];
  /** The round trip after the scenario; undefined if the guest does not answer any more. */
  afterwards: RequestEnd | undefined;
  /** Resets of the device that no step asked for. */
  ownResets: number;
  /** Bytes of memory that the guest's kernel has not got back. */
  grownBytes: number;
  /** Whether a self-test has failed since the guest was restored or rebooted. False if the guest does not answer any more. */
  selfTestFailed: boolean;
}

const SELF_TEST_FAILED = `dmesg | grep -q 'alg: .*${DEVICE_DRIVER}.*failed'`;
/** A driver that has not registered its algorithm after so many looks has given the device up. */
const LOOKS = 3;

/** Plugs the device in, goes through a scenario, and makes one more round trip. */
export async function runScenario(scenario: GuestScenario, run: ScenarioRun): Promise<ScenarioEnds> {
  const { machine, limit, now, probe, resets } = run;
  const ends: RequestEnd[] = [];
  let askedResets = 0;
  let grownBytes = 0;
  let isArmed = scenario.strikesLoad ?? false;
  const left = () => ({ timeoutMs: Math.max(1, limit - now()) });
  const command = (text: string) => machine.console.run(text, left());
  const noted = async (what: string, work: () => Promise<boolean>): Promise<boolean> => {
    const entry: RequestEnd = { what, end: OPEN, expected: false };
    ends.push(entry);
    const isDone = await work();
    Object.assign(entry, { end: isDone ? 'ok' : 'failed', expected: isDone });
    return isDone;
  };
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = resets();
    const result = await work();
    askedResets += resets() - before;
    return result;
  };
  const isTested = async (): Promise<boolean> => {
    let looks = 0;
    while (true) {
      const verdict = selftestOf((await command('cat /proc/crypto')).output, DEVICE_DRIVER);
      if (verdict === 'passed') return true;
      if ((await command(SELF_TEST_FAILED)).status === 0) return false;
      if (verdict === undefined && ++looks > LOOKS) return false;
      if (now() > limit) throw new GuestConsoleError('The self-test did not end.', '');
      await command('sleep 0.2');
    }
  };
  const stage: GuestStage = {
    step: (what, text, { resets: isAsked = false } = {}) => {
      const work = async () => (await command(text)).status === 0;
      return noted(what, () => (isAsked ? asked(work) : work()));
    },
    load: () =>
      noted('virtio_crypto is loaded and tested', async () => {
        await asked(() => loadDriver(machine.console, left()));
        const isGood = await isTested();
        if (!isArmed) run.arm();
        isArmed = true;
        return isGood;
      }),
    roundTrip: (bytes) => noted(`AF_ALG, ${bytes} bytes`, async () => (await command(roundTripOf(bytes))).status === 0),
    freePages: async () => {
      const { output } = await command(FREE_PAGES);
      const pages = Number(output.trim());
      if (Number.isInteger(pages) && pages > 0) return pages;
      throw new Error(
        `The guest does not say how much memory is free: it needs awk and /proc/zoneinfo. It says: ${output.trim()}`,
      );
    },
    grown: (bytes) => {
      grownBytes += bytes;
    },
    reboot: () =>
      noted('the guest reboots', () =>
        asked(async () => {
          machine.send('reboot -f\n');
          await waitForShell(machine, { probe, ...left() });
          return true;
        }),
      ),
  };
  const end = (afterwards: RequestEnd | undefined, selfTestFailed = false): ScenarioEnds => ({
    ends: afterwards ? ends.slice(0, -1) : ends,
    afterwards,
    ...{ ownResets: resets() - askedResets, grownBytes, selfTestFailed },
  });
  try {
    await asked(() => command('echo 1 > /sys/bus/pci/rescan'));
    await scenario.run(stage);
    await stage.roundTrip(64);
    const { status } = await command(SELF_TEST_FAILED);
    return end(ends.at(-1), status === 0);
  } catch (error) {
    if (error instanceof GuestConsoleError) return end(undefined);
    throw error;
  }
}
