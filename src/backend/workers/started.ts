import type { DevicePort } from '../contract.ts';
import { JobSlots } from '../deferral/job_slots.ts';
import type { SharedLayout } from '../deferral/layout.ts';
import type { Records } from '../deferral/records.ts';
import { JobRunner } from '../deferral/runner.ts';
import { Announcements } from './announcements.ts';
import type { CreateWorker } from './browser_worker.ts';
import { controlOf, RUNNING } from './control.ts';
import { createSharedEngine, WorkerPool } from './pool.ts';
import { type SharedStretch, takeTurn } from './shared_stretch.ts';

/** What is claimed for workers before they start. */
export interface Attached {
  layout: SharedLayout;
  /** The part of the guest's memory that the layout is in; undefined: it is in a memory of its own. */
  stretch: SharedStretch | undefined;
}

/** Everything that exists once workers do. */
export interface Started {
  slots: JobSlots;
  pool: WorkerPool;
  runner: JobRunner;
  control: Int32Array;
  announcements: Announcements;
  /** The number under which the device itself runs jobs, and the slot that it may use for it. */
  self: number;
  spare: number;
  owners: Records['owners'];
  postedAt: number[];
  /** To be called when nothing of this is used any more. */
  leave(): void;
}

/** Who waits for workers. */
export interface Starter {
  /** A worker has ended before it was told to: what it was running is left. */
  lost(worker: number, reason: string): void;
  /** A worker takes jobs in the place of one that was lost. */
  joined(): void;
  /** Whether they still are. */
  wanted(): boolean;
  /** Makes a browser's workers, where the library's own way is not allowed. */
  createWorker: CreateWorker | undefined;
  /** They take jobs from now on. */
  ready(started: Started): void;
}

/**
 * Starts workers.
 * @throws Error where there can be none
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
    const shared = await createSharedEngine(layout, stretch && port.memory);
    const { memory, module } = shared;
    const control = controlOf(layout, memory);
    // Those who had the stretch before have left what they needed to end.
    control.fill(0);
    const announcements = new Announcements(control);
    pool = new WorkerPool(shared, port.clock, {
      lost: (worker, reason) => {
        // It may have been about to send a message.
        announcements.rung();
        starter.lost(worker, reason);
      },
      joined: () => starter.joined(),
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
