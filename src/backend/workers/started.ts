import type { DevicePort } from '../contract.ts';
import { JobSlots } from '../deferral/job_slots.ts';
import type { SharedLayout } from '../deferral/layout.ts';
import type { Records } from '../deferral/records.ts';
import { JobRunner } from '../deferral/runner.ts';
import { Announcements } from './announcements.ts';
import type { CreateWorker } from './browser_worker.ts';
import { controlOf, RUNNING } from './control.ts';
import type { WorkerPool } from './pool.ts';
import { type SharedStretch, takeTurn } from './shared_stretch.ts';

/** The memory that is claimed for workers before they start. */
export interface Attached {
  layout: SharedLayout;
  /** The part of the guest's memory that holds the layout; undefined: the layout has a memory of its own. */
  stretch: SharedStretch | undefined;
}

/** Everything that exists once workers do. */
export interface Started {
  slots: JobSlots;
  pool: WorkerPool;
  runner: JobRunner;
  control: Int32Array;
  announcements: Announcements;
  /** The slot state of a job that the device runs itself, and the number of the device's own slot. */
  self: number;
  spare: number;
  owners: Records['owners'];
  /** For each slot: the clock's milliseconds when its job was posted. */
  postedAt: number[];
  /** Gives the shared stretch back. Call it when no worker runs any more. */
  leave(): void;
}

/** The caller of startWorkers(): it wants the workers and hears of their events. */
export interface Starter {
  /** A worker has ended without being told to. Its jobs are not finished. */
  lost(worker: number, reason: string): void;
  /** A new worker takes jobs in place of a lost one. */
  joined(): void;
  /** A new worker has failed before it was known to take jobs. It may have taken some. */
  failed(worker: number): void;
  /** Whether the workers are still wanted. */
  wanted(): boolean;
  /** Makes a browser's workers; undefined: the library makes them. */
  createWorker: CreateWorker | undefined;
  /** Called when the workers take jobs. */
  ready(started: Started): void;
}

/**
 * Starts workers. Resolves when they take jobs, or are not wanted any more. Rejects with an Error if no worker can be started.
 */
export async function startWorkers(
  port: DevicePort,
  { layout, records, stretch }: Attached & { records: Records },
  starter: Starter,
): Promise<void> {
  const leave = stretch ? await takeTurn(stretch) : () => {};
  let pool: WorkerPool | undefined;
  let isReady = false;
  try {
    if (!starter.wanted()) return;
    // A page loads the workers' script with the first device that starts them.
    const { createSharedEngine, WorkerPool } = await import('./pool.ts');
    const shared = await createSharedEngine(layout, stretch && port.memory);
    const { memory, module } = shared;
    const control = controlOf(layout, memory);
    // The pool that had the stretch before has left the control words that told its workers to end.
    control.fill(0);
    const announcements = new Announcements(control);
    pool = new WorkerPool(shared, port.clock, {
      lost: (worker, reason) => {
        // The lost worker may have been about to send its message.
        announcements.rung();
        starter.lost(worker, reason);
      },
      joined: () => starter.joined(),
      failed: (worker) => starter.failed(worker),
      announced: () => announcements.rung(),
      createWorker: starter.createWorker,
    });
    await pool.start();
    if (!starter.wanted()) return;
    if (!pool.working) throw new Error(`No worker could be started: ${pool.failure}`);
    const started: Started = {
      slots: new JobSlots(layout, memory, port.memory, records.table, port.foreign),
      pool,
      runner: new JobRunner(module, memory, layout, layout.workers),
      control,
      announcements,
      self: RUNNING + layout.workers,
      spare: layout.slots,
      owners: records.owners,
      postedAt: records.owners.map(() => 0),
      leave,
    };
    isReady = true;
    starter.ready(started);
  } finally {
    if (!isReady) {
      await pool?.end();
      leave();
    }
  }
}
