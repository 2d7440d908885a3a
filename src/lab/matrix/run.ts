import { F_RING_PACKED } from '../../../spec/virtio.ts';
import { checkFunction } from '../../check.ts';
import type { DriverOptions } from '../../driver/index.ts';
import { KNOWN_FEATURES } from '../../driver/ring_driver.ts';
import { type Bench, type BenchOptions, createBench } from '../../testing/index.ts';
import { DriverChecker } from '../checker/checker.ts';
import { WatchedDevice } from '../checker/watched_device.ts';
import type { LabDriver, MakeDriver } from '../drivers/driver.ts';
import { DRIVERS } from '../drivers/index.ts';
import type { Fault } from '../faults/fault.ts';
import { FAULTS } from '../faults/index.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { SHA_256 } from '../scenarios/vectors.ts';
import { type Cell, type CellResult, NO_FAULT, type RequestEnd } from './cell.ts';
import { CellObserver } from './cell_observer.ts';
import { FEATURE_SETS } from './features.ts';
import { expectedOutcomes, OPEN, outcomeOf } from './outcome.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { Stage } from './stage.ts';
import { VirtualClock } from './virtual_clock.ts';
import { waitFor } from './wait.ts';

/** A request that is open for so long has no end: in milliseconds of the cell's time. Drivers give up earlier. */
const HUNG_MS = 60_000;
/** A driver that waits by a clock of its own gets so much real time when nothing else is left to do. */
const OWN_CLOCK_MS = 250;
/** The request that a fault strikes is one of the first. */
const NTH_MAX = 4;
/** As much as the scenarios need: making a device takes longer than most of them, and it takes the longer the larger it is. */
const SIZES = {
  memoryBytes: 1024 * 1024,
  queueSize: 64,
  controlQueueSize: 16,
  maxSessions: 64,
  maxRequestBytes: 65_536,
};

/**
 * Runs a cell without a guest, in time that passes only when nothing else is left to do.
 * @param own makes the driver of a cell whose driver is `own`
 * @throws TypeError for a cell whose driver is `own`, without one
 */
export async function runCell(cell: Cell, own?: MakeDriver): Promise<CellResult> {
  const began = performance.now();
  const make = cell.driver === 'own' ? own : DRIVERS[cell.driver].make;
  if (make === undefined) checkFunction('driver', make);
  const clock = new VirtualClock();
  const random = new Random(cell.seed, `${cell.scenario} ${cell.fault}`);
  const fault: Fault | undefined = cell.fault === NO_FAULT ? undefined : FAULTS[cell.fault];
  const nth = fault?.begin ? 1 + random.below(NTH_MAX) : undefined;
  const struck = () => (checker.struck && nth !== undefined ? `The device ${fault?.device}.` : undefined);
  const checker: DriverChecker = new DriverChecker({
    ...(cell.fault === NO_FAULT ? {} : { fault: cell.fault }),
    ...(nth === undefined ? {} : { nth }),
    shared: () => interrupt(),
    watch: (inner) => {
      recorder = new Recorder(inner, () => clock.now(), struck);
      return recorder;
    },
    onViolation: ({ section, statement, seen }) => recorder?.mark('violation', `${section}: ${statement} ${seen}`),
  });
  let recorder: Recorder | undefined;
  let driver: LabDriver | undefined;
  const interrupt = () => {
    try {
      driver?.interrupt();
    } catch (error) {
      recorder?.mark('fault', `The driver's interrupt() throws: ${String(error)}`);
    }
  };
  const bench = await createBench({
    ...benchOptions(cell),
    ...{ clock, createDevice: checker.createDevice },
    onInterrupt: interrupt,
  });
  try {
    const { device, allocator, ram } = bench;
    driver = make?.({ transport: bench.driver.transport, ram, allocator, options: driverOptions(cell), clock });
    if (!recorder || !driver || !(device instanceof WatchedDevice))
      throw new Error('The checker has not made the device.');
    recorder.decode(device);
    const observer = new CellObserver(device, checker.observer);
    device.observe(observer);
    const stage = new Stage({ driver, random, recorder, clock, observer, remove: () => device.remove() });
    const ends = await runScenario(stage, SCENARIOS[cell.scenario], clock, cell.driver === 'own' ? OWN_CLOCK_MS : 0);
    if (ends.afterwards === undefined) recorder.mark('fault', 'Nothing happens any more, and the driver still waits.');
    const outcome = outcomeOf({ ...ends, ownResets: stage.ownResets });
    const violations = (outcome === 'hung' || device.removed ? checker.violations : checker.finish()).map(
      ({ at: _, ...rest }) => rest,
    );
    const leaks = leaksOf(bench, driver, outcome === 'hung');
    const expected = expectedOutcomes(cell, checker.struck);
    return {
      ...{ cell, outcome, expected, nth, violations, leaks },
      passed: violations.length === 0 && isClean(leaks) && expected.includes(outcome),
      struck: checker.struck,
      requests: stage.ends,
      timeline: recorder.timeline,
      log: [],
      milliseconds: performance.now() - began,
    };
  } finally {
    await bench.dispose();
  }
}

function benchOptions({ features, ring, transport }: Cell): BenchOptions {
  return {
    ...SIZES,
    ...FEATURE_SETS[features].options,
    ...{ ring, transport, backend: 'inline', start: false },
  };
}

function driverOptions({ features, ring }: Cell): DriverOptions {
  const { layout, driver }: BenchOptions = FEATURE_SETS[features].options;
  const packed = 1n << BigInt(F_RING_PACKED);
  return {
    ...(layout && { layout }),
    ...driver,
    features: ring === 'packed' ? KNOWN_FEATURES : KNOWN_FEATURES & ~packed,
  };
}

/** Starts the driver, goes through the scenario, and sends one more request. */
async function runScenario(
  stage: Stage,
  scenario: Scenario,
  clock: VirtualClock,
  graceMs: number,
): Promise<{ ends: RequestEnd[]; afterwards: RequestEnd | undefined }> {
  const hash = () => stage.driver.hash({ algorithm: 'sha-256', data: SHA_256.message });
  let count: number | undefined;
  const run = async () => {
    stage.call('start()', () => stage.driver.start());
    if (stage.ends.length === 0) await scenario.run(stage);
    // What a device does later than its answer, it does before the last request.
    await stage.sleep(AFTERWARDS_MS);
    count = stage.ends.length;
    await stage.request('sha-256 afterwards', hash, SHA_256.digest);
  };
  await waitFor(run(), clock, { limit: HUNG_MS, graceMs });
  const all = stage.ends;
  const ended = count === undefined ? undefined : all[count];
  return { ends: all.slice(0, count), afterwards: ended?.end === OPEN ? undefined : ended };
}

function isClean({ sessions, bytes }: CellResult['leaks']): boolean {
  return sessions === 0 && bytes === 0;
}

/** Longer than a fault is late. */
const AFTERWARDS_MS = 500;

/** Stops the driver, and says what it did not give back. Of a driver that hangs nothing is known. */
function leaksOf(
  { device, allocator }: Bench,
  driver: LabDriver,
  isHung: boolean,
): { sessions: number; bytes: number } {
  if (isHung) return { sessions: 0, bytes: 0 };
  const sessions = device.removed ? 0 : device.sessionCount;
  try {
    driver.stop();
  } catch {
    // The device may be gone: what the driver holds is counted all the same.
  }
  return { sessions, bytes: allocator.taken };
}
