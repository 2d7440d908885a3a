import type { AkcipherResult } from '../../akcipher/contract.ts';
import { finish, type Steps } from '../../akcipher/steps.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';
import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Executor } from '../deferral/executor.ts';
import { RecordBytes } from '../deferral/record_bytes.ts';
import type { Records } from '../deferral/records.ts';
import { AkcipherKeys, type KeptKey } from './keys.ts';

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
  steps: Steps<AkcipherResult>;
  light: boolean;
}

interface Started {
  records: Records;
  buffers: RecordBytes;
}

/**
 * Runs the requests of the AKCIPHER service in the device's thread: short ones at the end of the notification, long ones in slices, from a
 * timer, one after another.
 */
export class AkcipherExecutor implements Executor {
  /** Keys outlive the choice of a backend. */
  readonly keys: AkcipherKeys;
  readonly counts: WorkCounts = { requests: 0, bytes: 0 };
  #port: DevicePort | undefined;
  #started: Started | undefined;
  #jobs: Job[] = [];
  #cancelTimer: (() => void) | undefined;

  /**
   * @param memory the memory that the device's sessions lie in
   * @param modulusBits the longest modulus that is allowed, in bits
   */
  constructor(memory: WasmMemory, modulusBits: number) {
    this.keys = new AkcipherKeys(memory, modulusBits);
  }

  attach(port: DevicePort): number {
    this.#port = port;
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

  post(record: number): void {
    const started = this.#started;
    if (!started) return;
    const { queue, opcode, session, source, second, room } = started.buffers.read(record);
    const key = this.keys.of(session);
    if (!key) throw new Error('The engine has posted a request of a session whose key is not kept.');
    key.uses++;
    started.records.owners[record] = 'akcipher';
    const request = { opcode, source, signed: second, room };
    const bytes = source.length + second.length;
    const light = key.session.isLight(opcode);
    this.#jobs.push({ record, queue, bytes, key, steps: key.session.run(request), light });
  }

  /** Called at the end of a notification. */
  flush(): void {
    const port = this.#port;
    if (this.#jobs.length === 0 || !port) return;
    const light = this.#jobs.filter((job) => job.light);
    for (const job of light) this.#complete(job, finish(job.steps));
    // A queue may have waited for one of their records.
    if (light.length > 0) port.clock.schedule(() => port.turn(() => port.released()), 0);
    this.#schedule(port);
  }

  closed(session: number): void {
    this.keys.close(session);
  }

  settle(): boolean {
    const jobs = [...this.#jobs];
    for (const job of jobs) this.#complete(job, finish(job.steps));
    return jobs.length > 0;
  }

  drop(queue?: number): void {
    const [first] = this.#jobs;
    for (const job of [...this.#jobs]) {
      if (queue !== undefined && job.queue !== queue) continue;
      this.#port?.engine.drop(this.#port.base, job.record);
      this.#leave(job);
      this.#started?.records.free(job.record);
    }
    // Only the first request may have begun.
    if (first && this.#jobs[0] !== first) this.keys.wipeArithmetic();
    if (queue === undefined) this.keys.closeAll();
  }

  dispose(): void {
    this.drop();
    this.#cancelTimer?.();
    this.#started = undefined;
  }

  #schedule(port: DevicePort): void {
    if (this.#jobs.length === 0) return;
    this.#cancelTimer ??= port.clock.schedule(() => {
      this.#cancelTimer = undefined;
      port.turn(() => this.#slice(port));
      this.#schedule(port);
    }, 0);
  }

  /** Works on the oldest request for a while. */
  #slice(port: DevicePort): void {
    const [job] = this.#jobs;
    if (!job) return;
    const end = port.clock.now() + SLICE_MS;
    do {
      const { done, value } = job.steps.next();
      if (!done) continue;
      this.#complete(job, value);
      port.released();
      return;
    } while (port.clock.now() < end);
  }

  /** Writes a result, and has the engine put the record's chain in the used ring. */
  #complete(job: Job, { status, data }: AkcipherResult): void {
    const { record, queue } = job;
    this.#leave(job);
    this.#started?.buffers.answer(record, data);
    if (this.#started) this.#started.records.owners[record] = 'engine';
    this.counts.requests++;
    this.counts.bytes += job.bytes;
    this.#port?.complete(queue, record, { status, bytes: data.length }, 'inline');
  }

  #leave(job: Job): void {
    this.#jobs = this.#jobs.filter((other) => other !== job);
    this.keys.leave(job.key);
  }
}
