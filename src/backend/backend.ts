import type { EngineBackend } from '../engine/backend.ts';
import { DEPTHS } from '../engine/depth.ts';
import type { AeadPlaces } from '../engine/host_crypto.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { BackendCounts, BackendEvent, DevicePort } from './contract.ts';
import type { Executor } from './deferral/executor.ts';
import { Records } from './deferral/records.ts';
import { hostKind } from './host_kind.ts';
import { NodeHost, nodeCrypto } from './node/host.ts';
import type { ResolvedBackend } from './options.ts';
import { sessionAlgorithms } from './placement/session_fields.ts';
import { PLACES, stepsOf, type Takes, writeSteps } from './placement/steps.ts';
import { type Feed, placingOf } from './placement/takes.ts';
import { WebCryptoExecutor } from './webcrypto/executor.ts';
import { isSubtle, subtleCrypto } from './webcrypto/subtle_work.ts';
import { WorkerExecutor } from './workers/executor.ts';

/** What a choice of backend comes to in this process. */
interface Parts {
  /** From which size on each place takes a session's requests. */
  feed: Feed;
  host?: NodeHost;
  workers?: Executor;
  webcrypto?: Executor;
  /** Whether executors start with the device. Else each starts with the first session whose requests it would take. */
  eager: boolean;
  /** Why the choice cannot be had. */
  lack?: BackendEvent;
}

const NO_WEBCRYPTO: BackendEvent = {
  kind: 'unavailable',
  message: 'There is no WebCrypto: a page has to come over https, or from localhost, to have it.',
};

/**
 * Where a device's requests run beside its engine, and who runs them there. The engine calls it from inside notifications. The choice
 * can be exchanged for another while the device runs.
 */
export class Backend implements EngineBackend {
  readonly #memory: WasmMemory;
  #choice: ResolvedBackend;
  #parts: Parts;
  #port: DevicePort | undefined;
  #records: Records | undefined;
  /** Executors that have been told to start. */
  readonly #begun = new Set<Executor>();
  /** While all that is under way is completed, nothing new may begin, nor may queues go on. */
  #settling = false;
  /** What parts did that are gone. */
  #before: BackendCounts = { host: 0, hostBytes: 0, workers: 0, perWorker: [] };

  /** @param memory the memory that the engine runs in */
  constructor(choice: ResolvedBackend, memory: WasmMemory) {
    this.#memory = memory;
    this.#choice = choice;
    this.#parts = this.#partsOf(choice);
  }

  get choice(): ResolvedBackend {
    return this.#choice;
  }

  /** The device is there. Resolves when the backend is at work, or never will be. */
  async start(port: DevicePort): Promise<void> {
    this.#port = port;
    const { eager, lack } = this.#parts;
    if (lack) port.report(lack);
    // Queues go on when all is settled.
    const own = { ...port, released: () => this.#settling || port.released() };
    // The slots of workers, which come first, are as many as there are records.
    const room = this.#executors().map((executor) => executor.attach(own));
    const count = room.find((requests) => requests > 0);
    if (count === undefined) return;
    this.#records = new Records(port, count);
    this.#records.inPlace = this.#parts.workers?.inPlace ?? false;
    if (eager) await Promise.all(this.#executors().map((executor) => this.#begin(executor)));
  }

  /**
   * Puts another choice in the place of this one, which completes all that is under way first.
   * @returns what start() answers for the new one
   */
  exchange(choice: ResolvedBackend): Promise<void> {
    this.settle();
    this.#before = this.counts();
    this.dispose();
    // The record at hand was one of those that are gone.
    this.#port?.engine.useDeferred(this.#port.base, 0, 0, 0);
    this.#records = undefined;
    this.#begun.clear();
    this.#choice = choice;
    this.#parts = this.#partsOf(choice);
    return this.#port ? this.start(this.#port) : Promise.resolve();
  }

  #partsOf({ backend, workers, createWorker, ...choice }: ResolvedBackend): Parts {
    const kind = backend === 'host' || backend === 'auto' ? hostKind() : undefined;
    const { feed, needsWorkers } = placingOf({ backend, ...choice }, kind);
    const parts: Parts = { feed, eager: backend !== 'auto' };
    const crypto = kind === 'node:crypto' && nodeCrypto();
    if (crypto) parts.host = new NodeHost(crypto, this.#memory, (event) => this.#port?.report(event));
    const subtle = kind === 'webcrypto' && subtleCrypto();
    if (subtle) parts.webcrypto = new WebCryptoExecutor(subtle, this.#memory);
    if (needsWorkers) parts.workers = new WorkerExecutor(workers, createWorker);
    if (backend === 'host' && !kind) parts.lack = NO_WEBCRYPTO;
    return parts;
  }

  #executors(): Executor[] {
    const { workers, webcrypto } = this.#parts;
    return [workers, webcrypto].filter((executor) => executor !== undefined);
  }

  /** Starts an executor, unless that was done. Sessions are placed anew when it works. */
  #begin(executor: Executor): Promise<void> {
    const records = this.#records;
    if (!records || this.#begun.has(executor)) return Promise.resolve();
    this.#begun.add(executor);
    return executor.start(records).then(() => {
      if (executor.working) this.#port?.place();
    });
  }

  place(session: number): void {
    const view = new DataView(this.#memory.buffer);
    const placed = { algorithms: sessionAlgorithms(view, session), isSubtle: isSubtle(view, session) };
    for (const [number, depth] of DEPTHS.entries()) {
      writeSteps(view, session, number, stepsOf(this.#atWork(this.#parts.feed(placed, depth))));
    }
  }

  /** What is taken by those that work now. Others that would take something are started. */
  #atWork(takes: Takes): Takes {
    const { workers, webcrypto, host } = this.#parts;
    return {
      ...(host && takes.host !== undefined && { host: takes.host }),
      ...(this.#works(workers, takes.workers) && { workers: takes.workers }),
      ...(this.#works(webcrypto, takes.webcrypto) && { webcrypto: takes.webcrypto }),
    };
  }

  #works(executor: Executor | undefined, from: number | undefined): boolean {
    if (!executor || from === undefined) return false;
    void this.#begin(executor);
    return executor.working;
  }

  claim(): number | 'full' | 'nobody' {
    if (!this.#records || !this.#executors().some(({ working }) => working)) return 'nobody';
    // What is posted now would be under way again.
    return this.#settling ? 'full' : this.#records.claim();
  }

  /** What an executor cannot do any more, since sessions were placed, another does. */
  post(record: number, place: number): void {
    const { workers, webcrypto } = this.#parts;
    const [chosen, other] = place === PLACES.webcrypto ? [webcrypto, workers] : [workers, webcrypto];
    const executor = other?.working && !chosen?.working ? other : chosen;
    executor?.post(record);
  }

  release(record: number): void {
    this.#records?.release(record);
  }

  closed(session: number): void {
    for (const executor of this.#executors()) executor.closed(session);
    this.#parts.host?.forget(session);
  }

  cipher(session: number, iv: number, source: number, destination: number, bytes: number): boolean {
    return this.#parts.host?.cipher(session, iv, source, destination, bytes) ?? false;
  }

  digest(session: number, source: number, bytes: number, result: number, resultBytes: number): boolean {
    return this.#parts.host?.digest(session, source, bytes, result, resultBytes) ?? false;
  }

  aead(session: number, places: AeadPlaces): 'declined' | 'done' | 'bad-tag' {
    return this.#parts.host?.aead(session, places) ?? 'declined';
  }

  /** A notification has ended: all that it posted can begin. */
  flush(): void {
    this.#parts.workers?.flush();
  }

  /** Completes what was finished elsewhere. */
  reap(): void {
    if (!this.#settling) this.#parts.workers?.reap();
  }

  /** Completes all that is under way, before this returns. Queues whose next request waited go on from a timer. */
  settle(): void {
    const port = this.#port;
    if (!port) return;
    let settled = false;
    this.#settling = true;
    try {
      for (const executor of this.#executors()) settled = executor.settle() || settled;
    } finally {
      this.#settling = false;
    }
    if (settled) port.clock.schedule(() => port.turn(() => port.released()), 0);
  }

  /** Forgets what is under way, on one queue or, because the device is reset, on all. */
  drop(queue?: number): void {
    for (const executor of this.#executors()) executor.drop(queue);
    if (queue !== undefined) return;
    const records = this.#records;
    for (const record of records?.of('engine') ?? []) records?.free(record);
    // A reset of the device closes all sessions.
    this.#parts.host?.forget();
  }

  dispose(): void {
    for (const executor of this.#executors()) executor.dispose();
    this.#parts.host?.forget();
  }

  counts(): BackendCounts {
    const { host, workers, webcrypto } = this.#parts;
    const own = {
      host: (host?.operations ?? 0) + (webcrypto?.counts.requests ?? 0),
      hostBytes: (host?.bytes ?? 0) + (webcrypto?.counts.bytes ?? 0),
      workers: workers?.counts.requests ?? 0,
      perWorker: workers?.counts.perWorker ?? [],
    };
    return sum(this.#before, own);
  }
}

function sum(a: BackendCounts, b: BackendCounts): BackendCounts {
  const workers = Math.max(a.perWorker.length, b.perWorker.length);
  return {
    host: a.host + b.host,
    hostBytes: a.hostBytes + b.hostBytes,
    workers: a.workers + b.workers,
    perWorker: Array.from({ length: workers }, (_, worker) => ({
      requests: (a.perWorker[worker]?.requests ?? 0) + (b.perWorker[worker]?.requests ?? 0),
      bytes: (a.perWorker[worker]?.bytes ?? 0) + (b.perWorker[worker]?.bytes ?? 0),
    })),
  };
}
