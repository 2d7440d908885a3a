// --check, --fault and --nth: a device whose driver is watched, and that misbehaves.
import { type Command, InvalidArgumentError } from 'commander';
import type { DeviceObserver } from '../../device/queue_runner.ts';
import { DriverChecker, FAULTS, type Fault, type FaultName } from '../../lab/index.ts';
import type { Output } from '../output.ts';
import { reportViolations } from '../violations.ts';

export interface CheckFlags {
  check?: true;
  fault?: FaultName;
  nth?: number;
}

const NONE = 'The driver broke no statement about rings and requests that can be observed over vhost-user';
const NTH_MAX = 1_000_000_000;

const needsOf = (name: FaultName): string | undefined => {
  const fault: Fault = FAULTS[name];
  return fault.needs;
};
/** The faults that a driver notices over vhost-user. */
const POSSIBLE = (Object.keys(FAULTS) as FaultName[]).filter((name) => needsOf(name) === undefined);

export function addCheckOptions(command: Command): Command {
  return command
    .option(
      '--check',
      "hold the driver's rings and requests to the specification, and list what it breaks; exit status 1 if it does",
    )
    .option('--fault <name>', 'the device misbehaves once: docs/lab.md lists the ways', parseFault)
    .option('--nth <n>', 'the request that the fault strikes, counted over all data queues (default: 1)', parseNth);
}

function parseFault(text: string): FaultName {
  if (!isFault(text)) throw new InvalidArgumentError(`Give one of ${POSSIBLE.join(', ')}.`);
  const needs = needsOf(text);
  if (needs === undefined) return text;
  throw new InvalidArgumentError(`It takes ${needs}, which vhost-user has not. Give one of ${POSSIBLE.join(', ')}.`);
}

const isFault = (text: string): text is FaultName => Object.hasOwn(FAULTS, text);

function parseNth(text: string): number {
  const nth = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && nth >= 1 && nth <= NTH_MAX) return nth;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${NTH_MAX}.`);
}

/** Ends the command if options are missing that others need. */
export function requireFault({ fault, nth }: CheckFlags, command: Command): void {
  if (nth === undefined || fault !== undefined) return;
  command.error(
    'error: --nth is given without --fault: say what the request is struck by, such as --fault status-err.',
  );
}

/** What makes the device; undefined if nothing is to be watched, and nothing goes wrong. */
export function checkerOf({ check, fault, nth }: CheckFlags, output: Output): DriverChecker | undefined {
  if (!check && fault === undefined) return undefined;
  return new DriverChecker({
    ...(fault && { fault }),
    ...(nth === undefined ? {} : { nth }),
    ...(check && { onViolation: ({ section, statement, seen }) => output.failed(`${section}  ${statement} ${seen}`) }),
  });
}

/** Both observers of a device that misbehaves and is traced: the tracer sees what the driver sees. */
export function besideTracer(misbehaving: DeviceObserver, tracer: DeviceObserver): DeviceObserver {
  return {
    beforeQueue: (queue) => {
      const admitted = misbehaving.beforeQueue(queue);
      return admitted === 0 ? 0 : Math.min(admitted, tracer.beforeQueue(queue));
    },
    afterQueue: (queue, backend) => {
      misbehaving.afterQueue(queue, backend);
      tracer.afterQueue(queue, backend);
    },
  };
}

/** Says what was broken, and whether the fault has struck. Returns whether the driver has broken something. */
export function reportCheck(checker: DriverChecker, { check, fault, nth = 1 }: CheckFlags, output: Output): boolean {
  if (fault !== undefined && !checker.struck) output.failed(`${fault} has not struck: request ${nth} has not come.`);
  if (!check) return false;
  reportViolations(checker.violations, NONE, output);
  return checker.violations.length > 0;
}
