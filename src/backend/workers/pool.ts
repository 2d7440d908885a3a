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
 * @param guest the guest's memory, where threads share it and the layout is a part of it
 * @throws Error where this host has none to share: a page that is not cross-origin isolated, say
 */
export async function createSharedEngine(layout: SharedLayout, guest?: WebAssembly.Memory): Promise<SharedEngine> {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new Error('There is no SharedArrayBuffer: a page has to be cross-origin isolated to have it.');
  }
  const memory = guest ?? new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  return { memory, module: await WebAssembly.compile(sharedBuild(engineBytes())), layout };
}

/** A worker that was started so often is not started again: it ends for a reason that stays. */
const ATTEMPTS = 16;
/** No worker takes longer to start, unless it never will. */
const START_MS = 10_000;

/** What a pool tells, and is told. */
export interface PoolEvents extends Omit<ThreadEvents, 'died'> {
  /** A worker has ended before it was told to: what it was running is left. */
  lost(worker: number, reason: string): void;
  /** A worker takes jobs in the place of one that was lost. */
  joined(): void;
}

/** The workers: each that ends is replaced. */
export class WorkerPool {
  readonly #shared: SharedEngine;
  readonly #clock: Clock;
  readonly #events: PoolEvents;
  readonly #threads: (Thread | undefined)[];
  /** All that were made and have not ended: those that take jobs, start, or are being replaced. */
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

  /** Whether anybody takes jobs. */
  get working(): boolean {
    return this.#threads.some((thread) => thread !== undefined);
  }

  /** Why a worker could not be started. */
  get failure(): string {
    return this.#failure;
  }

  /** Starts all workers. Resolves when each takes jobs, or has failed. */
  async start(): Promise<void> {
    await Promise.all(this.#threads.map((_, index) => this.#start(index)));
  }

  /** Ends a worker that hangs; another takes its place. */
  async replace(worker: number, reason: string): Promise<void> {
    const thread = this.#threads[worker];
    if (!thread) return;
    this.#threads[worker] = undefined;
    await this.#end(thread);
    this.#gone(worker, reason);
  }

  /** Ends all workers, those that are still starting among them. Resolves when none does anything any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#threads.splice(0);
    await Promise.all([...this.#living].map((thread) => this.#end(thread)));
  }

  async #end(thread: Thread): Promise<void> {
    await thread.end();
    this.#living.delete(thread);
  }

  async #start(index: number): Promise<void> {
    this.#attempts[index] = (this.#attempts[index] ?? 0) + 1;
    const { module, memory, layout } = this.#shared;
    const died = (reason: string) => {
      if (!thread || this.#threads[index] !== thread) return;
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
      if (this.#ended) {
        await this.#end(thread);
        return;
      }
      this.#threads[index] = thread;
    } catch (error) {
      // The others do its work.
      this.#failure = error instanceof Error ? error.message : String(error);
      if (thread) await this.#end(thread);
    } finally {
      cancel();
    }
  }

  async #restart(index: number): Promise<void> {
    await this.#start(index);
    if (this.#threads[index]) this.#events.joined();
  }

  #gone(worker: number, reason: string): void {
    if (this.#ended) return;
    try {
      this.#events.lost(worker, reason);
    } finally {
      // A handler that heard of it may have ended the device.
      if (!this.#ended && (this.#attempts[worker] ?? 0) < ATTEMPTS) void this.#restart(worker);
    }
  }
}
