import { JOBS_AT_ONCE } from '../../../spec/engine.ts';
import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Executor } from '../deferral/executor.ts';
import type { JobResult } from '../deferral/job_slots.ts';
import { movedTo, PAGE_BYTES, sharedLayout } from '../deferral/layout.ts';
import type { Records } from '../deferral/records.ts';
import type { CreateWorker } from './browser_worker.ts';
import {
  DONE,
  FINISHED,
  FREE,
  LISTENING,
  POSTED,
  RING,
  RING_ENTRIES,
  RUNNING,
  SLEEPING,
  STATES,
  STOP,
  UNSEEN,
  WAITING,
} from './control.ts';
import { type Attached, type Started, startWorkers } from './started.ts';

/** No job takes this long. A worker that does not finish its job within this time hangs. */
const DEADLINE_MS = 10_000;

/** Runs requests in workers. */
export class WorkerExecutor implements Executor {
  readonly #workers: number;
  readonly #createWorker: CreateWorker | undefined;
  #port: DevicePort | undefined;
  #attached: Attached | undefined;
  #records: Records | undefined;
  #starting: Promise<void> | undefined;
  #started: Started | undefined;
  #disposed = false;
  /** Number of slots that workers have, dropped slots included. */
  #outstanding = 0;
  #listening = false;
  /** The value of FINISHED when the device last looked for finished jobs. */
  #seen = 0;
  /** Jobs in the ring that POSTED does not count yet, so that no worker sees them. */
  #unposted = 0;
  /** How often POSTED was raised in this notification. */
  #posts = 0;
  #cancelDeadline: (() => void) | undefined;
  /** Requests that workers were given, and what each worker finished. The device's thread may have run the rest itself. */
  readonly counts: WorkCounts & { readonly perWorker: WorkCounts[] };

  constructor(workers: number, createWorker?: CreateWorker) {
    this.#createWorker = createWorker;
    this.#workers = workers;
    const perWorker = Array.from({ length: workers }, () => ({ requests: 0, bytes: 0 }));
    this.counts = { requests: 0, bytes: 0, perWorker };
  }

  attach(port: DevicePort): number {
    this.#port = port;
    try {
      const layout = sharedLayout(port.engine, this.#workers, port.maxRequestBytes);
      // The table of records is claimed first, because the stretch may use up all that the memory can grow by.
      port.claimTable(port.engine.deferredBytes(layout.slots));
      const stretch = port.claimStretch(layout.pages * PAGE_BYTES);
      this.#attached = { layout: stretch ? movedTo(stretch.at, layout) : layout, stretch };
      return layout.slots;
    } catch (error) {
      this.#unavailable(error);
      return 0;
    }
  }

  /** Whether requests are read in place from the guest's buffers. The buffers must then keep their content until the request is done. */
  get inPlace(): boolean {
    return this.#attached?.stretch !== undefined;
  }

  get working(): boolean {
    return this.#started?.pool.working ?? false;
  }

  start(records: Records): Promise<void> {
    this.#records = records;
    this.#starting ??= this.#start(records).catch((error) => this.#unavailable(error));
    return this.#starting;
  }

  async #start(records: Records): Promise<void> {
    const port = this.#port;
    if (!port || !this.#attached) return;
    await startWorkers(
      port,
      { ...this.#attached, records },
      {
        lost: (worker, reason) => port.turn(() => this.#lost(worker, reason)),
        joined: () => port.turn(() => port.place()),
        failed: (worker) => port.turn(() => this.#takeOver(worker)),
        wanted: () => !this.#disposed,
        createWorker: this.#createWorker,
        ready: (started) => {
          records.open();
          this.#started = started;
        },
      },
    );
  }

  #unavailable(error: unknown): void {
    this.#port?.report({ kind: 'unavailable', message: error instanceof Error ? error.message : String(error) });
  }

  post(record: number): void {
    const started = this.#started;
    if (!started || !this.#port) return;
    const { control } = started;
    started.slots.fill(record);
    started.owners[record] = 'workers';
    started.postedAt[record] = this.#port.clock.now();
    this.#outstanding++;
    this.counts.requests++;
    Atomics.store(control, STATES + record, WAITING);
    const place = Atomics.load(control, POSTED) + this.#unposted++;
    Atomics.store(control, RING + ((place >>> 0) % RING_ENTRIES), record);
    // Jobs that run side by side are shown together. Otherwise a worker would begin with one of them alone.
    if (!started.slots.isAlike(record) || this.#unposted === JOBS_AT_ONCE) this.#show(control);
  }

  /** Lets workers see the jobs that were posted. */
  #show(control: Int32Array): void {
    Atomics.add(control, POSTED, this.#unposted);
    this.#unposted = 0;
    // One worker begins while this thread still gathers jobs for the others.
    if (this.#posts++ === 0) wake(control, 1);
  }

  closed(session: number): void {
    this.#started?.slots.closeSession(session);
  }

  /** Called at the end of a notification: the requests that it posted may begin. */
  flush(): void {
    const started = this.#started;
    if (!started || this.#posts + this.#unposted === 0) return;
    const rest = this.#unposted;
    // While each worker has four jobs to run, up to three new jobs wait for more jobs to run side by side with.
    const kept = this.#outstanding - rest >= JOBS_AT_ONCE * this.#workers;
    if (rest > 0 && !kept) this.#show(started.control);
    wake(started.control, this.#posts - 1 + (rest === 2 && !kept ? 1 : 0));
    this.#posts = 0;
    this.#listen();
  }

  /** Completes the requests that workers have finished. */
  reap(): void {
    const started = this.#started;
    if (!started || this.#outstanding === 0) return;
    this.#complete(started, this.#finished(started));
    // Jobs that waited for others of their kind are shown now, unless that has happened already.
    this.flush();
  }

  /** Runs the requests here that no worker has finished. */
  settle(): boolean {
    const started = this.#started;
    if (!started || this.#outstanding === 0) return false;
    for (const slot of this.#records?.of('workers') ?? []) this.#settleSlot(started, slot);
    return true;
  }

  #settleSlot(started: Started, slot: number): void {
    if (this.#takeBack(started, slot)) return;
    if (Atomics.load(started.control, STATES + slot) === DONE) {
      this.#complete(started, [slot]);
      return;
    }
    // A worker is running the job. It may go on with its slot; its result will be thrown away.
    started.slots.duplicate(slot, started.spare);
    started.runner.run([started.spare]);
    const result = started.slots.deliver(started.spare, slot);
    started.owners[slot] = 'dropped';
    this.#answer(started, slot, result);
  }

  /**
   * Completes no other request meanwhile. The engine's lists still hold the records of the queue, and no record may be given out again
   * before the engine has forgotten them.
   */
  drop(queue?: number): void {
    const started = this.#started;
    if (!started) return;
    started.owners.forEach((owner, slot) => {
      if (owner !== 'workers' || (queue !== undefined && started.slots.queueOf(slot) !== queue)) return;
      started.owners[slot] = 'dropped';
      this.#port?.engine.drop(this.#port.base, slot);
      // A worker that runs the job goes on. It writes only to its slot.
      const isTaken = Atomics.compareExchange(started.control, STATES + slot, WAITING, started.self) !== WAITING;
      if (!isTaken) this.#forget(started, slot);
    });
    if (queue === undefined) started.slots.closeSessions();
  }

  dispose(): void {
    this.#disposed = true;
    this.#disarm();
    const started = this.#started;
    this.#started = undefined;
    if (!started) return;
    this.#outstanding = 0;
    Atomics.store(started.control, STOP, 1);
    Atomics.add(started.control, POSTED, 1);
    Atomics.notify(started.control, POSTED);
    // Ends this thread's own wait for results.
    Atomics.add(started.control, FINISHED, 1);
    Atomics.notify(started.control, FINISHED);
    started.announcements.rung();
    // While a worker runs a job, its region holds the state of its engine. If that were wiped now, the engine could write anywhere.
    if (!this.#isBusy(started)) started.slots.wipeAll();
    void started.pool.end().then(() => {
      started.slots.wipeAll();
      started.leave();
    });
  }

  /** Whether a worker is running a job, even one whose result will be thrown away. */
  #isBusy({ control, owners }: Started): boolean {
    return owners.some((_, slot) => Atomics.load(control, STATES + slot) >= RUNNING);
  }

  #finished(started: Started): number[] {
    // Jobs announced from now on cause another look.
    this.#seen = Atomics.load(started.control, FINISHED);
    Atomics.store(started.control, UNSEEN, 0);
    const finished: number[] = [];
    started.owners.forEach((owner, slot) => {
      if (owner !== 'workers' && owner !== 'dropped') return;
      if (Atomics.load(started.control, STATES + slot) === DONE) finished.push(slot);
    });
    return finished;
  }

  /** Completes the requests in slots whose jobs are done, and frees dropped slots. */
  #complete(started: Started, slots: readonly number[]): void {
    for (const slot of slots) {
      if (started.owners[slot] === 'dropped') {
        this.#forget(started, slot);
      } else if (started.owners[slot] === 'workers') {
        const result = started.slots.deliver(slot, slot);
        this.#count(started.slots.ranBy(slot));
        started.slots.leave(slot);
        Atomics.store(started.control, STATES + slot, FREE);
        started.owners[slot] = 'engine';
        this.#outstanding--;
        this.#answer(started, slot, result);
      }
    }
    if (this.#outstanding === 0) this.#disarm();
    if (slots.length > 0) this.#port?.released();
  }

  /** Counts a job for the worker that ran it. A job that the device ran itself is not counted. */
  #count({ runner, bytes }: { runner: number; bytes: number }): void {
    const own = this.counts.perWorker[runner];
    if (!own) return;
    own.requests++;
    own.bytes += bytes;
    this.counts.bytes += bytes;
  }

  /** Has the engine put the record's chain in the used ring. */
  #answer(started: Started, record: number, result: JobResult): void {
    this.#port?.complete(started.slots.queueOf(record), record, result, 'workers');
  }

  /** Runs and completes a job that no worker has taken yet. Returns false if a worker has taken it. */
  #takeBack(started: Started, slot: number): boolean {
    if (Atomics.compareExchange(started.control, STATES + slot, WAITING, started.self) !== WAITING) return false;
    this.#runHere(started, slot);
    return true;
  }

  #runHere(started: Started, slot: number): void {
    started.runner.run([slot]);
    this.#complete(started, [slot]);
  }

  /** Frees a dropped slot that no worker runs any more. */
  #forget(started: Started, slot: number): void {
    started.slots.leave(slot);
    Atomics.store(started.control, STATES + slot, FREE);
    this.#outstanding--;
    this.#records?.free(slot);
  }

  /** Called when a worker has ended. */
  #lost(worker: number, reason: string): void {
    if (!this.#started) return;
    this.#port?.report({ kind: 'worker-lost', message: `A worker was lost: ${reason}.` });
    this.#takeOver(worker);
  }

  /** Runs the jobs of a worker that has ended. If it was the last worker, waiting jobs are run here, too. */
  #takeOver(worker: number): void {
    const started = this.#started;
    if (!started) return;
    started.owners.forEach((owner, slot) => {
      const state = Atomics.load(started.control, STATES + slot);
      if (state === RUNNING + worker) {
        if (owner === 'dropped') this.#forget(started, slot);
        else if (owner === 'workers') this.#runHere(started, slot);
      } else if (owner === 'workers' && !started.pool.working) {
        this.#takeBack(started, slot);
      }
    });
    this.reap();
    if (!started.pool.working) this.#port?.place();
    // Slots of dropped jobs are free now, too, and queues may wait for a slot.
    this.#port?.released();
  }

  /** Waits for workers to finish jobs, without a busy loop. Does not wait while they have no jobs. */
  #listen(): void {
    const started = this.#started;
    if (!started || this.#outstanding === 0) return;
    // The deadline may have been cancelled since this thread began to listen, because other calls complete requests, too.
    this.#arm(started);
    if (this.#listening) return;
    this.#listening = true;
    void started.announcements.next(this.#seen).then(() => {
      this.#listening = false;
      Atomics.store(started.control, LISTENING, 0);
      try {
        this.#port?.turn(() => this.reap());
      } finally {
        this.#listen();
      }
    });
  }

  #arm(started: Started): void {
    this.#cancelDeadline ??= this.#port?.clock.schedule(() => {
      this.#cancelDeadline = undefined;
      try {
        this.#port?.turn(() => this.#overdue(started));
      } finally {
        if (this.#started === started && this.#outstanding > 0) this.#arm(started);
      }
    }, DEADLINE_MS);
  }

  #disarm(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  /**
   * Handles jobs past their deadline: completes those whose announcement was lost, replaces a worker that hangs, and runs a job here that no
   * worker has taken.
   */
  #overdue(started: Started): void {
    this.#complete(started, this.#finished(started));
    const latest = (this.#port?.clock.now() ?? 0) - DEADLINE_MS;
    started.owners.forEach((owner, slot) => {
      if ((owner !== 'workers' && owner !== 'dropped') || (started.postedAt[slot] ?? 0) > latest) return;
      const state = Atomics.load(started.control, STATES + slot);
      if (state >= RUNNING) void started.pool.replace(state - RUNNING, 'it did not finish a request');
      else if (owner === 'workers') this.#takeBack(started, slot);
    });
  }
}

/** Wakes up to `most` sleeping workers. Workers that are awake look for jobs by themselves. */
function wake(control: Int32Array, most: number): void {
  const workers = Math.min(most, Atomics.load(control, SLEEPING));
  if (workers > 0) Atomics.notify(control, POSTED, workers);
}
