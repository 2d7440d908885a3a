import type { AkcipherRequest, AkcipherResult } from '../../akcipher/contract.ts';
import { SessionMaker } from '../../akcipher/session.ts';
import { finish, type Steps } from '../../akcipher/steps.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';
import type { BackendCounts, DevicePort, RequestBackend, WorkCounts } from '../contract.ts';
import type { Executor } from '../deferral/executor.ts';
import { RecordBytes } from '../deferral/record_bytes.ts';
import type { Records } from '../deferral/records.ts';
import { Away, type AwayChoice } from './away.ts';
import { AkcipherKeys, type KeptKey } from './keys.ts';
import { NodeRsa } from './node_rsa.ts';
import type { AkcipherPool, PoolAnswer } from './pool.ts';
import { fillRandom } from './random.ts';

/** Requests under way at once, if there are no workers whose records it shares. */
const RECORDS = 16;
/** A slice of work in the device's thread, in milliseconds. It ends after the step that reaches this time. */
const SLICE_MS = 0.6;

/** A request under way. */
interface Job {
  record: number;
  queue: number;
  bytes: number;
  key: KeptKey;
  request: AkcipherRequest;
  /** 'atOnce': it runs at the end of the notification. 'here': in slices. 'away': a worker has it. */
  place: 'atOnce' | 'here' | 'away';
  /** Its work, once that has begun in this thread. */
  steps?: Steps<AkcipherResult>;
}

interface Started {
  records: Records;
  buffers: RecordBytes;
}

/**
 * Runs the requests of the AKCIPHER service: short ones at the end of the notification, long ones in workers. If there are none, long
 * requests run in the device's thread, in slices, one a turn of the event loop, one after another.
 */
export class AkcipherExecutor implements Executor {
  /** Keys outlive the choice of a backend. */
  readonly keys: AkcipherKeys;
  readonly counts: WorkCounts = { requests: 0, bytes: 0 };
  /** What of it ran in workers. */
  readonly elsewhere: BackendCounts = { host: 0, hostBytes: 0, workers: 0, perWorker: [] };
  readonly #away: Away;
  readonly #maker: SessionMaker;
  /** Public operations of RSA in this thread. */
  readonly #host = NodeRsa.here();
  #port: DevicePort | undefined;
  #started: Started | undefined;
  #jobs: Job[] = [];
  #cancelTimer: (() => void) | undefined;

  /**
   * @param memory the memory that the device's sessions lie in
   * @param modulusBits the longest modulus that is allowed, in bits
   */
  constructor(memory: WasmMemory, modulusBits: number) {
    this.#away = new Away(modulusBits);
    this.#maker = new SessionMaker({
      ...{ modulusBits, random: fillRandom, curves: () => this.#away.curves },
      publicHost: () => (this.#away.usesHost ? this.#host : undefined),
      missing: (reason) => {
        const message = `A part of the library could not be loaded: ${reason}`;
        this.#port?.report({ kind: 'unavailable', message });
      },
    });
    this.keys = new AkcipherKeys(memory, this.#maker, (key) => this.#pool?.close(key.number));
  }

  /** Says where long requests run. No request may be under way. */
  choose(choice: AwayChoice): void {
    this.#away.choose(choice);
  }

  attach(port: DevicePort): number {
    this.#port = port;
    this.#away.attach({ ...port, changed: () => port.turn(() => this.#changed(port)) });
    try {
      port.claimTable(port.engine.deferredBytes(RECORDS));
      return RECORDS;
    } catch (error) {
      port.report({ kind: 'unavailable', message: error instanceof Error ? error.message : String(error) });
      return 0;
    }
  }

  get working(): boolean {
    return this.#started !== undefined;
  }

  /** Works at once. A further call takes other records. */
  start(records: Records): Promise<void> {
    const port = this.#port;
    if (port) {
      this.#started = { records, buffers: new RecordBytes(port.memory, records.table, port.foreign) };
      records.open();
    }
    return Promise.resolve();
  }

  /** Keeps the key of a session: see AkcipherKeys.keep(). */
  keep(session: number, key: Uint8Array): number {
    const status = this.keys.keep(session, key);
    // What is loaded on demand is loaded before the first request comes.
    if (this.keys.of(session)?.session.needsCurves) {
      this.#away.retry();
      this.#away.awaitsCurves();
    }
    return status;
  }

  /** Whether requests in a session have to wait in their rings. */
  waits(session: number): boolean {
    return (this.keys.of(session)?.session.needsCurves ?? false) && this.#away.awaitsCurves();
  }

  post(record: number): void {
    const started = this.#started;
    if (!started) return;
    const { queue, opcode, session, source, second, room } = started.buffers.read(record);
    const key = this.keys.of(session);
    if (!key) throw new Error('The engine has posted a request of a session whose key is not kept.');
    key.uses++;
    started.records.owners[record] = 'akcipher';
    const request = { opcode, source, signed: second, room };
    const place = key.session.isLight(opcode) ? 'atOnce' : 'here';
    this.#jobs.push({ record, queue, bytes: source.length + second.length, key, request, place });
  }

  /** Called at the end of a notification. */
  flush(): void {
    const port = this.#port;
    if (this.#jobs.length === 0 || !port) return;
    const light = this.#jobs.filter(({ place }) => place === 'atOnce');
    for (const job of light) this.#completeAtOnce(job);
    // A queue may have waited for one of their records.
    if (light.length > 0) port.clock.schedule(() => port.turn(() => port.released()), 0);
    if (this.#jobs.some(({ place }) => place === 'here')) this.#away.begin();
    this.#sendAway(port);
    this.#schedule(port);
  }

  closed(session: number): void {
    this.keys.close(session);
  }

  /** A worker that has a request goes on. Its answer is thrown away. */
  settle(): boolean {
    const jobs = [...this.#jobs];
    // The kernel's memory may hold one request that has begun. It comes first.
    jobs.sort((a, b) => Number(b.steps !== undefined) - Number(a.steps !== undefined));
    for (const job of jobs) this.#complete(job, this.#finish(job), 'inline');
    return jobs.length > 0;
  }

  drop(queue?: number): void {
    for (const job of [...this.#jobs]) {
      if (queue !== undefined && job.queue !== queue) continue;
      this.#port?.engine.drop(this.#port.base, job.record);
      this.#leave(job);
      this.#started?.records.free(job.record);
      if (job.steps) this.#maker.wipe();
    }
    if (queue === undefined) this.keys.closeAll();
  }

  dispose(): void {
    this.drop();
    this.#away.end();
    this.#cancelTimer?.();
    this.#started = undefined;
  }

  get #pool(): AkcipherPool | undefined {
    const { pool } = this.#away;
    return typeof pool === 'object' ? pool : undefined;
  }

  /** Workers have come, or the arithmetic on curves has, or they will not come. */
  #changed(port: DevicePort): void {
    this.#sendAway(port);
    this.#schedule(port);
    port.released();
  }

  /** Gives the requests that have not begun to workers, if there are any. */
  #sendAway(port: DevicePort): void {
    const pool = this.#pool;
    if (!pool) return;
    for (const job of this.#jobs) {
      if (job.place !== 'here' || job.steps) continue;
      job.place = 'away';
      const { number, session, parameters } = job.key;
      pool.run({ number, parameters, sent: session.sent }, job.request).then(
        (answer) => port.turn(() => this.#answered(port, job, answer)),
        () => port.turn(() => this.#returned(port, job)),
      );
    }
  }

  #answered(port: DevicePort, job: Job, answer: PoolAnswer): void {
    const { elsewhere } = this;
    if (!this.#jobs.includes(job)) return;
    elsewhere.workers++;
    while (elsewhere.perWorker.length <= answer.worker) elsewhere.perWorker.push({ requests: 0, bytes: 0 });
    const worker = elsewhere.perWorker[answer.worker];
    if (worker) {
      worker.requests++;
      worker.bytes += job.bytes;
    }
    if (answer.byHost) this.#countHost(job);
    this.#complete(job, answer, answer.byHost ? 'host' : 'workers');
    port.released();
  }

  /** The worker that had the request is lost: this thread runs it. */
  #returned(port: DevicePort, job: Job): void {
    job.place = 'here';
    this.#schedule(port);
  }

  #schedule(port: DevicePort): void {
    if (!this.#next()) return;
    this.#cancelTimer ??= port.clock.schedule(() => {
      this.#cancelTimer = undefined;
      port.turn(() => this.#slice(port));
      this.#schedule(port);
    }, 0);
  }

  /** The request that this thread works on: the one that has begun, or the oldest one. */
  #next(): Job | undefined {
    const here = this.#jobs.filter(({ place }) => place === 'here');
    return here.find(({ steps }) => steps) ?? here[0];
  }

  /** Works on a request for a while. */
  #slice(port: DevicePort): void {
    const job = this.#next();
    if (!job) return;
    job.steps ??= job.key.session.run(job.request);
    const end = port.clock.now() + SLICE_MS;
    do {
      const { done, value } = job.steps.next();
      if (!done) continue;
      this.#complete(job, value, 'inline');
      port.released();
      return;
    } while (port.clock.now() < end);
  }

  #completeAtOnce(job: Job): void {
    const before = this.#host?.operations ?? 0;
    const result = this.#finish(job);
    const byHost = (this.#host?.operations ?? 0) > before;
    if (byHost) this.#countHost(job);
    this.#complete(job, result, byHost ? 'host' : 'inline');
  }

  #countHost({ bytes }: Job): void {
    this.elsewhere.host++;
    this.elsewhere.hostBytes += bytes;
  }

  #finish(job: Job): AkcipherResult {
    return finish(job.steps ?? job.key.session.run(job.request));
  }

  /** Writes a result, and has the engine put the record's chain in the used ring. */
  #complete(job: Job, { status, data }: AkcipherResult, by: RequestBackend): void {
    const { record, queue } = job;
    this.#leave(job);
    this.#started?.buffers.answer(record, data);
    if (this.#started) this.#started.records.owners[record] = 'engine';
    this.counts.requests++;
    this.counts.bytes += job.bytes;
    this.#port?.complete(queue, record, { status, bytes: data.length }, by);
  }

  #leave(job: Job): void {
    this.#jobs = this.#jobs.filter((other) => other !== job);
    this.keys.leave(job.key);
  }
}
