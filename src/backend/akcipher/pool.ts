import * as Comlink from 'comlink';
import type { AkcipherParameters, AkcipherRequest } from '../../akcipher/contract.ts';
import type { Clock } from '../../clock.ts';
import type { CreateWorker } from '../workers/browser_worker.ts';
import { type ControlledThread, openThread } from '../workers/thread.ts';
import type { AkcipherControl, WorkerAnswer } from './worker.ts';
import { AKCIPHER_WORKER_SOURCE } from './worker_source.ts';

/** A worker that has not started within this time, in milliseconds, has failed. */
const START_MS = 30_000;
/** No request takes this long, in milliseconds. A worker that has not answered by then hangs. */
const DEADLINE_MS = 60_000;
/** How long a worker has to wipe its keys, in milliseconds, before it is ended all the same. */
const WIPE_MS = 200;
/** How often the workers that end are replaced: more often, and the reason will not go away. */
const REPLACEMENTS = 16;

/** What a pool needs of its device. */
export interface PoolOptions {
  workers: number;
  /** Whether node:crypto does private operations of RSA. */
  usesHost: boolean;
  /** The longest modulus that is allowed, in bits. */
  modulusBits: number;
  createWorker: CreateWorker | undefined;
  clock: Clock;
  /** Called when a worker has ended without being told to. Its requests are rejected. */
  lost(reason: string): void;
}

/** A session, as the device and its workers name it. */
export interface PoolSession {
  number: number;
  sent: Uint8Array;
  parameters: AkcipherParameters;
}

/** The answer to a request, and the number of the worker that gave it. */
export interface PoolAnswer extends WorkerAnswer {
  worker: number;
}

interface Member {
  index: number;
  thread: ControlledThread<AkcipherControl>;
  /** Requests that it has not answered, by what rejects them. */
  requests: Set<(error: Error) => void>;
  /** Numbers of the sessions whose keys it has. */
  sessions: Set<number>;
}

/** Workers that run requests of the AKCIPHER service. A worker that ends is replaced. */
export class AkcipherPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  #replacements = 0;
  #ended = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get working(): boolean {
    return this.#members.size > 0;
  }

  /**
   * Resolves when all workers take requests, or have failed.
   * @throws Error if none does
   */
  async start(): Promise<void> {
    const workers = Array.from({ length: this.#options.workers }, (_, index) => this.#start(index));
    const results = await Promise.allSettled(workers);
    const failure = results.find((result) => result.status === 'rejected');
    if (this.#members.size === 0 && failure) throw failure.reason;
  }

  /**
   * Runs a request in the worker that has the fewest to do. The session must be closed at the end.
   * @throws Error if the worker ends, or does not answer
   */
  async run(session: PoolSession, request: AkcipherRequest): Promise<PoolAnswer> {
    const [member] = [...this.#members].sort((a, b) => a.requests.size - b.requests.size);
    if (!member) throw new Error('No worker is left.');
    const { control } = member.thread;
    let reject: (error: Error) => void = () => {};
    const lost = new Promise<never>((_, rejectLost) => {
      reject = rejectLost;
    });
    member.requests.add(reject);
    const cancel = this.#options.clock.schedule(() => this.#lose(member, 'it did not answer.'), DEADLINE_MS);
    try {
      if (!member.sessions.has(session.number)) {
        member.sessions.add(session.number);
        const key = session.sent.slice();
        // The key moves, so no copy of it stays behind.
        const opened = control.open(session.number, Comlink.transfer(key, [key.buffer]), session.parameters);
        opened.catch((error) => this.#lose(member, reasonOf(error)));
      }
      const answer = control.run(session.number, request);
      answer.catch((error) => this.#lose(member, reasonOf(error)));
      return { ...(await Promise.race([answer, lost])), worker: member.index };
    } finally {
      cancel();
      member.requests.delete(reject);
    }
  }

  /** Wipes the key of a session in all workers. */
  close(session: number): void {
    for (const member of this.#members) {
      if (member.sessions.delete(session)) {
        member.thread.control.close(session).catch((error) => this.#lose(member, reasonOf(error)));
      }
    }
  }

  /** Wipes all keys, and ends all workers. Resolves when none runs any more. */
  async end(): Promise<void> {
    this.#ended = true;
    const members = [...this.#members];
    this.#members.clear();
    await Promise.all(members.map((member) => this.#end(member)));
  }

  async #end({ thread }: Member): Promise<void> {
    const { late, cancel } = this.#deadline(WIPE_MS, 'it is busy.');
    await Promise.race([thread.control.closeAll(), thread.failed, late]).catch(() => {});
    cancel();
    await thread.end();
  }

  async #start(index: number): Promise<void> {
    const { createWorker, modulusBits, usesHost } = this.#options;
    let member: Member | undefined;
    const thread = openThread<AkcipherControl>(AKCIPHER_WORKER_SOURCE, {
      createWorker,
      announced: () => {},
      died: (reason) => member && this.#lose(member, reason),
    });
    const { late, cancel } = this.#deadline(START_MS, 'it did not start.');
    try {
      await Promise.race([thread.control.begin(modulusBits, usesHost), thread.failed, late]);
      thread.started();
      member = { index, thread, requests: new Set(), sessions: new Set() };
      this.#members.add(member);
      if (this.#ended) await this.end();
    } catch (error) {
      await thread.end();
      throw error;
    } finally {
      cancel();
    }
  }

  /** Ends a worker that cannot be used any more, and starts another one in its place. */
  #lose(member: Member, reason: string): void {
    if (this.#ended || !this.#members.delete(member)) return;
    void member.thread.end();
    for (const reject of member.requests) reject(new Error(reason));
    this.#options.lost(reason);
    if (this.#replacements++ >= REPLACEMENTS) return;
    this.#start(member.index).catch((error) => {
      if (!this.#ended) this.#options.lost(`its replacement did not start: ${reasonOf(error)}`);
    });
  }

  /** A promise that rejects after a time, unless it is cancelled. */
  #deadline(milliseconds: number, reason: string): { late: Promise<never>; cancel: () => void } {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.schedule(() => reject(new Error(reason)), milliseconds);
    });
    late.catch(() => {});
    return { late, cancel };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
