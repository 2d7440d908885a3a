import { CRYPTO_NOTSUPP } from '../../spec/crypto.ts';
import { PLACE_AKCIPHER } from '../../spec/engine.ts';
import type { EngineBackend } from '../engine/backend.ts';
import type { AeadPlaces } from '../engine/host_crypto.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { AwayChoice } from './akcipher/away.ts';
import { AkcipherExecutor } from './akcipher/executor.ts';
import type { AkcipherKeys } from './akcipher/keys.ts';
import type { BackendCounts, BackendEvent, DevicePort, RequestCosts } from './contract.ts';
import type { Executor } from './deferral/executor.ts';
import { Records } from './deferral/records.ts';
import { hostKind } from './host_kind.ts';
import { NodeHost } from './node/host.ts';
import { nodeCrypto } from './node/node_crypto.ts';
import type { ResolvedBackend } from './options.ts';
import type { Learner } from './placement/learner.ts';
import { Placer } from './placement/placer.ts';
import { PLACES, type Place } from './placement/steps.ts';
import { placingOf } from './placement/takes.ts';
import { WebCryptoExecutor } from './webcrypto/executor.ts';
import { isSubtle, subtleCrypto } from './webcrypto/subtle_work.ts';
import { WorkerExecutor } from './workers/executor.ts';

/** The parts that a choice of backend has in this process. */
interface Parts {
  placer: Placer;
  host?: NodeHost;
  workers?: WorkerExecutor;
  webcrypto?: WebCryptoExecutor;
  /** Both executors, as far as they exist. Workers come first. */
  executors: readonly Executor[];
  /** Whether executors start with the device. Otherwise each starts with the first session whose requests it would take. */
  eager: boolean;
  /** Why the chosen backend does not exist here. */
  lack?: BackendEvent;
}

const NO_WEBCRYPTO: BackendEvent = {
  kind: 'unavailable',
  message: 'There is no WebCrypto: a page has to come over https, or from localhost, to have it.',
};

/**
 * Runs a device's requests elsewhere than in its engine: in the host's cryptography or in workers. The engine calls it from inside
 * notifications. exchange() replaces the choice of backend while the device runs.
 */
export class Backend implements EngineBackend {
  readonly #memory: WasmMemory;
  /** Runs the requests of the AKCIPHER service, whatever the choice is. */
  readonly #akcipher: AkcipherExecutor | undefined;
  #choice: ResolvedBackend;
  #parts: Parts;
  #learner: Learner | undefined;
  #port: DevicePort | undefined;
  #records: Records | undefined;
  /** Executors that have been told to start. */
  readonly #begun = new Set<Executor>();
  /** Set while settle() completes the requests under way: no request may begin, and no queue may go on. */
  #settling = false;
  /** Counts of the backends that exchange() has replaced. */
  #before: BackendCounts = { host: 0, hostBytes: 0, workers: 0, perWorker: [] };

  /**
   * @param memory the memory that the engine runs in
   * @param modulusBits the longest modulus of RSA keys, in bits; 0: the device offers no AKCIPHER service
   */
  constructor(choice: ResolvedBackend, memory: WasmMemory, modulusBits: number) {
    this.#memory = memory;
    this.#akcipher = modulusBits > 0 ? new AkcipherExecutor(memory, modulusBits) : undefined;
    this.#choice = choice;
    this.#parts = this.#partsOf(choice);
    this.#learner = this.#parts.placer.learner;
    this.#akcipher?.choose(awayOf(choice));
  }

  get choice(): ResolvedBackend {
    return this.#choice;
  }

  /** Called once the device exists. Resolves when the backend takes requests, or has failed to start. */
  async start(port: DevicePort): Promise<void> {
    this.#port = port;
    const { eager, lack } = this.#parts;
    if (lack) port.report(lack);
    // Queues go on only when settle() has completed everything.
    const { clock, engine, base } = port;
    const { placer } = this.#parts;
    placer.begin(engine.placementAt(base) >>> 0);
    const own: DevicePort = {
      ...port,
      released: () => this.#settling || port.released(),
      complete: (queue, record, result, by) => {
        placer.learner?.completed(record, clock.now());
        port.complete(queue, record, result, by);
      },
    };
    // If workers have slots, the number of slots is the number of records.
    const room = this.#executors.map((executor) => executor.attach(own));
    const count = room.find((requests) => requests > 0);
    if (count === undefined) return;
    this.#records = new Records(port, count);
    this.#records.inPlace = this.#parts.workers?.inPlace ?? false;
    if (this.#akcipher) void this.#begin(this.#akcipher);
    if (eager) await Promise.all(this.#parts.executors.map((executor) => this.#begin(executor)));
  }

  /**
   * Replaces the choice of backend. The old backend completes its requests first.
   * @returns the promise of start() for the new backend
   */
  exchange(choice: ResolvedBackend): Promise<void> {
    this.settle();
    this.#before = this.#ownCounts();
    this.#disposeParts();
    // The engine must not use the old records any more.
    this.#port?.engine.useDeferred(this.#port.base, 0, 0, 0);
    this.#records = undefined;
    this.#begun.clear();
    this.#choice = choice;
    this.#parts = this.#partsOf(choice);
    this.#learner = this.#parts.placer.learner;
    this.#akcipher?.choose(awayOf(choice));
    return this.#port ? this.start(this.#port) : Promise.resolve();
  }

  #partsOf({ backend, workers, createWorker, ...choice }: ResolvedBackend): Parts {
    const kind = backend === 'host' || backend === 'auto' ? hostKind() : undefined;
    const placing = placingOf({ backend, ...choice }, kind);
    const crypto = kind === 'node:crypto' && nodeCrypto();
    const subtle = kind === 'webcrypto' && subtleCrypto();
    const pool = placing.needsWorkers ? new WorkerExecutor(workers, createWorker) : undefined;
    const webcrypto = subtle ? new WebCryptoExecutor(subtle, this.#memory) : undefined;
    return {
      placer: new Placer({
        memory: this.#memory,
        placing,
        kind,
        guestInThread: choice.guestInThread,
        isSubtle: (view, session) => webcrypto !== undefined && isSubtle(view, session),
        works: (place) => this.#works(place),
        placeAll: () => this.#placeAll(),
      }),
      eager: backend !== 'auto',
      executors: [pool, webcrypto].filter((executor) => executor !== undefined),
      ...(pool && { workers: pool }),
      ...(webcrypto && { webcrypto }),
      ...(crypto && { host: new NodeHost(crypto, this.#memory, (event) => this.#port?.report(event)) }),
      ...(backend === 'host' && !kind && { lack: NO_WEBCRYPTO }),
    };
  }

  /** Writes the steps of all sessions again, and tells the learner how long that took. */
  #placeAll(): void {
    const port = this.#port;
    if (!port) return;
    const before = port.clock.now();
    port.place();
    this.#learner?.placed(port.clock.now() - before);
  }

  /** Starts an executor, unless it has been started. When it works, all sessions are placed again. */
  #begin(executor: Executor): Promise<void> {
    const records = this.#records;
    if (!records || this.#begun.has(executor)) return Promise.resolve();
    this.#begun.add(executor);
    return executor.start(records).then(() => {
      if (executor.working) this.#port?.place();
    });
  }

  place(session: number): void {
    this.#parts.placer.place(session);
  }

  /** Called before and after a notification of a data queue, which ran `requests` requests. */
  before(queue: number, now: number): void {
    this.#learner?.before(queue, now);
  }

  after(queue: number, started: number, ended: number, requests: number): void {
    this.#learner?.after(queue, started, ended, requests);
  }

  /** Whether a place works now. An executor that has not started is started. */
  #works(place: Place): boolean {
    if (place === 'host') return this.#parts.host !== undefined;
    const executor = this.#parts[place];
    if (!executor) return false;
    void this.#begin(executor);
    return executor.working;
  }

  claim(): number | 'full' | 'nobody' {
    if (!this.#records || !this.#executors.some(({ working }) => working)) return 'nobody';
    // A request posted now would be under way after settle() has returned.
    return this.#settling ? 'full' : this.#records.claim();
  }

  /** If the chosen executor has stopped working since the session was placed, the other executor gets the request. */
  post(record: number, place: number): void {
    if (place === PLACE_AKCIPHER) {
      this.#akcipher?.post(record);
      return;
    }
    const { workers, webcrypto } = this.#parts;
    const [chosen, other] = place === PLACES.webcrypto ? [webcrypto, workers] : [workers, webcrypto];
    const executor = other?.working && !chosen?.working ? other : chosen;
    executor?.post(record);
    if (executor && this.#port) this.#parts.placer.posted(record, this.#records?.table ?? 0, this.#port.clock.now());
  }

  release(record: number): void {
    this.#records?.release(record);
  }

  closed(session: number): void {
    for (const executor of this.#executors) executor.closed(session);
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

  /** Called at the end of a notification: the requests that it posted may begin. */
  flush(): void {
    this.#parts.workers?.flush();
    this.#akcipher?.flush();
  }

  /** Completes the requests that workers have finished. */
  reap(): void {
    if (!this.#settling) this.#parts.workers?.reap();
  }

  /** Completes all requests under way before it returns. Queues whose next request waited go on from a timer. */
  settle(): void {
    const port = this.#port;
    if (!port) return;
    let settled = false;
    this.#settling = true;
    try {
      for (const executor of this.#executors) settled = executor.settle() || settled;
    } finally {
      this.#settling = false;
    }
    if (settled) port.clock.schedule(() => port.turn(() => port.released()), 0);
  }

  /** Forgets the requests under way on one queue, or on all queues when the device is reset. */
  drop(queue?: number): void {
    for (const executor of this.#executors) executor.drop(queue);
    this.#learner?.forget();
    if (queue !== undefined) return;
    const records = this.#records;
    for (const record of records?.of('engine') ?? []) records?.free(record);
    // A reset of the device closes all sessions.
    this.#parts.host?.forget();
  }

  dispose(): void {
    this.#disposeParts();
    this.#akcipher?.dispose();
  }

  /** Ends the executors of the current choice. Keys of the AKCIPHER service stay. */
  #disposeParts(): void {
    for (const executor of this.#parts.executors) executor.dispose();
    this.#parts.host?.forget();
  }

  /** What requests cost at each place, as learned. */
  costs(): RequestCosts[] {
    return this.#parts.placer.costs();
  }

  /** All executors. Workers come first. */
  get #executors(): readonly Executor[] {
    return this.#akcipher ? [...this.#parts.executors, this.#akcipher] : this.#parts.executors;
  }

  /** The keys of the AKCIPHER service's sessions, if the device offers it. */
  get keys(): AkcipherKeys | undefined {
    return this.#akcipher?.keys;
  }

  waits(session: number): boolean {
    return this.#akcipher?.waits(session) ?? false;
  }

  keep(session: number, key: number, bytes: number): number {
    return this.#akcipher?.keep(session, new Uint8Array(this.#memory.buffer, key, bytes)) ?? CRYPTO_NOTSUPP;
  }

  counts(): BackendCounts {
    return sum(this.#ownCounts(), this.#akcipher?.elsewhere ?? NOTHING);
  }

  /** Without the AKCIPHER service, whose counts outlive a choice. */
  #ownCounts(): BackendCounts {
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

const NOTHING: BackendCounts = { host: 0, hostBytes: 0, workers: 0, perWorker: [] };

/**
 * Where long asymmetric requests run. node:crypto's private operations block their thread, so they run in workers, too. WebCrypto has none
 * that mean the same.
 */
function awayOf({ backend, workers, createWorker }: ResolvedBackend): AwayChoice {
  const usesHost = (backend === 'host' || backend === 'auto') && nodeCrypto() !== undefined;
  const hasWorkers = backend === 'workers' || backend === 'auto' || usesHost;
  return { workers: hasWorkers ? workers : 0, usesHost, createWorker };
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
