import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { SelectionError } from '../../../lab/index.ts';

const MIB = 1024 * 1024;
/** What the process takes besides its machines, the booted guest first of all: 600 MiB were measured. */
const BASE_BYTES = 640 * MIB;
/** What a machine takes: its RAM, its copy of the saved state, and what v86 makes of its code: 456 MiB were measured. */
const JOB_BYTES = 512 * MIB;

/** What machines can be given. */
export interface Room {
  processors: number;
  /** Bytes of memory that are free. */
  bytes: number;
}

/** What this computer, or the container on it, has. */
export function machineHas(): Room {
  return { processors: availableParallelism(), bytes: process.availableMemory() };
}

/** @throws InvalidArgumentError for anything but a whole number from 1 */
export function parseJobs(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 1.');
}

/**
 * Each machine keeps a processor busy, and time limits are of real time: with more machines than processors, guests that work are taken for
 * guests that hang. Without memory for all of them, the system ends the process. One machine is always let through.
 * @throws SelectionError with the most that there is room for
 */
export function checkJobs(jobs: number, { processors, bytes }: Room): void {
  const fitting = Math.max(1, Math.floor((bytes - BASE_BYTES) / JOB_BYTES));
  const most = Math.min(processors, fitting);
  if (jobs <= most) return;
  const why =
    jobs > processors
      ? `there ${processors === 1 ? 'is one processor' : `are ${processors} processors`}, and each machine keeps one busy`
      : `${jobs} machines take ${(BASE_BYTES + jobs * JOB_BYTES) / MIB} MiB, and ${Math.floor(bytes / MIB)} MiB are free`;
  throw new SelectionError(`--jobs is ${jobs}: ${why}. Give ${most === 1 ? '1' : `1 to ${most}`}.`);
}
