import type { Clock } from '../../clock.ts';
import { engineBytes } from '../../engine/load.ts';
import { sharedBuild } from '../../engine/shared_build.ts';
import type { SharedLayout } from '../deferral/layout.ts';
import { createThread, type Thread, type ThreadEvents } from './thread.ts';

/** The memory that a device shares with its workers, and the engine that runs in it. */
export interface SharedEngine {
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  layout: SharedLayout;
}

/**
 * Makes the shared memory of a layout.
 * @param guest the guest's memory, if threads share it and the layout is a part of it
 * @throws Error if this host has no shared memory, for example a page that is not cross-origin isolated
 */
export async function createSharedEngine(layout: SharedLayout, guest?: WebAssembly.Memory): Promise<SharedEngine> {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new Error('There is no SharedArrayBuffer: a page has to be cross-origin isolated to have it.');
  }
  const memory = guest ?? new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  return { memory, module: await WebAssembly.compile(sharedBuild(engineBytes())), layout };
}

/** Number of starts after which a worker is not started again, because the reason for its end will not go away. */
const ATTEMPTS = 16;
/** A worker that has not started within this time has failed. */
const START_MS = 10_000;

/** The handlers of a pool's events, and the source of its workers. */
export interface PoolEvents extends Omit<ThreadEvents, 'died'> {
  /** A worker has ended without being told to. Its jobs are not finished. */
  lost(worker: number, reason: string): void;
  /** A new worker takes jobs in place of a lost one. */
  joined(): void;
  /** A new worker has failed before it was known to take jobs. It may have taken some. */
  failed(worker: number): void;
}

/** The workers of a device. A worker that ends is replaced. */
export class WorkerPool {
  readonly #shared: SharedEngine;
  readonly #clock: Clock;
  readonly #events: PoolEvents;
  readonly #threads: (Thread | undefined)[];
  /** All threads that were made and have not ended: they take jobs, start, or are being replaced. */
  readonly #living = new Set<Thread>();
  readonly #attempts: number[];
  #failure = 'it did not start.';
  #ended = false;

  constructor(shared: SharedEngine, clock: Clock, events: PoolEvents) {
    this.#shared = shared;
    this.#clock = clock;
    this.#events = events;
    this.#threads = Array.from({ length: shared.layout.workers }, () => undefined);
    this.#attempts = this.#threads.map(() => 0);
  }

  /** Whether any worker takes jobs. */
  get working(): boolean {
    return this.#threads.some((thread) => thread !== undefined);
  }

  /** Why the last worker that failed could not be started. */
  get failure(): string {
    return this.#failure;
  }

  /** Starts all workers. Resolves when each worker takes jobs or has failed. */
  async start(): Promise<void> {
    await Promise.all(this.#threads.map((_, index) => this.#start(index)));
  }

  /** Ends a worker that hangs, and starts another in its place. */
  async replace(worker: number, reason: string): Promise<void> {
    const thread = this.#threads[worker];
    if (!thread) return;
    this.#threads[worker] = undefined;
    await this.#end(thread);
    this.#gone(worker, reason);
  }

  /** Ends all workers, also those that are still starting. Resolves when no worker runs any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#threads.splice(0);
    await Promise.all([...this.#living].map((thread) => this.#end(thread)));
  }

  async #end(thread: Thread): Promise<void> {
    await thread.end();
    this.#living.delete(thread);
  }

  /** Returns whether the worker ended by itself before it was known to take jobs. */
  async #start(index: number): Promise<boolean> {
    this.#attempts[index] = (this.#attempts[index] ?? 0) + 1;
    const { module, memory, layout } = this.#shared;
    let early: Error | undefined;
    const died = (reason: string) => {
      if (!thread || this.#threads[index] !== thread) {
        early = new Error(reason);
        return;
      }
      this.#threads[index] = undefined;
      this.#living.delete(thread);
      this.#gone(index, reason);
    };
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.schedule(() => reject(new Error(`it did not start within ${START_MS / 1000} s.`)), START_MS);
    });
    let thread: Thread | undefined;
    try {
      thread = createThread({ ...this.#events, died });
      this.#living.add(thread);
      await Promise.race([thread.start({ module, memory, layout, index }), late]);
      // A thread that was kept busy hears in one turn that a worker has started and that it has ended.
      if (early) throw early;
      if (this.#ended) await this.#end(thread);
      else this.#threads[index] = thread;
    } catch (error) {
      // The other workers do its work.
      this.#failure = error instanceof Error ? error.message : String(error);
      if (thread) await this.#end(thread);
    } finally {
      cancel();
    }
    return early !== undefined;
  }

  async #restart(index: number): Promise<void> {
    const hasEnded = await this.#start(index);
    if (this.#ended) return;
    if (this.#threads[index]) {
      this.#events.joined();
      return;
    }
    this.#events.failed(index);
    if (hasEnded) this.#tryAgain(index);
  }

  /** Starts a worker again, unless that was done too often. */
  #tryAgain(index: number): void {
    if (!this.#ended && (this.#attempts[index] ?? 0) < ATTEMPTS) void this.#restart(index);
  }

  #gone(worker: number, reason: string): void {
    if (this.#ended) return;
    try {
      this.#events.lost(worker, reason);
    } finally {
      // The handler may have ended the device.
      this.#tryAgain(worker);
    }
  }
}
