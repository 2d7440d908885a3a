import { SESSION_ID } from '../../../spec/engine.ts';
import type { Depth } from '../../engine/depth.ts';
import type { Deferral } from '../../engine/jobs.ts';
import { engineModule } from '../../engine/load.ts';
import type { DevicePort } from '../contract.ts';
import { Records } from '../records.ts';
import { leastBytes, type ThresholdTable } from '../thresholds.ts';
import { JobSlots } from '../workers/job_slots.ts';
import { sharedLayout, slotAt } from '../workers/layout.ts';
import { JobRunner } from '../workers/runner.ts';
import { readJob, type SubtleResult, SubtleWork, subtleAlgorithms } from './subtle_work.ts';

/** Requests under way at once, where nobody else has records: each has room for a request of the largest size. */
const SLOTS = 16;

interface Started {
  memory: WebAssembly.Memory;
  slots: JobSlots;
  /** Runs here what WebCrypto refuses, and what cannot wait for it. */
  runner: JobRunner;
  slotAt(slot: number): number;
  records: Records;
  /** Which request a slot has: an answer to an earlier one comes too late. */
  serials: number[];
}

/** Requests that run in WebCrypto, which answers later. */
export class WebCryptoDeferral implements Deferral {
  readonly #work: SubtleWork;
  readonly #memory: WebAssembly.Memory;
  readonly #thresholds: ThresholdTable;
  #port: DevicePort | undefined;
  #started: Started | undefined;
  #serial = 0;
  #settling = false;
  /** Requests that WebCrypto answered. */
  operations = 0;
  /** Of their content. */
  bytes = 0;

  /** @param memory the memory that the device's sessions lie in */
  constructor(subtle: SubtleCrypto, memory: WebAssembly.Memory, thresholds: ThresholdTable) {
    this.#work = new SubtleWork(subtle);
    this.#memory = memory;
    this.#thresholds = thresholds;
  }

  /**
   * @param shared records that others have a part of; left out: its own
   * @throws RangeError where there is no memory for its slots
   */
  start(port: DevicePort, shared?: Records): void {
    const { engine, maxRequestBytes, memory: guest, foreign } = port;
    const layout = sharedLayout(engine, 0, maxRequestBytes, shared?.count ?? SLOTS);
    const records = shared ?? new Records(port, layout.slots);
    const memory = new WebAssembly.Memory({ initial: layout.pages });
    this.#port = port;
    this.#started = {
      memory,
      slots: new JobSlots(layout, memory, guest, records.table, foreign),
      runner: new JobRunner(engineModule(), memory, layout, 0),
      slotAt: (slot) => slotAt(layout, slot),
      records,
      serials: records.owners.map(() => 0),
    };
    records.open();
  }

  from(session: number, depth: Depth): number {
    const algorithms = subtleAlgorithms(new DataView(this.#memory.buffer), session);
    return algorithms ? leastBytes(this.#thresholds, algorithms, depth, Math.min) : 0;
  }

  claim(): number | 'full' | 'nobody' {
    const started = this.#started;
    if (!started) return 'nobody';
    // What is posted now would be under way again.
    return this.#settling ? 'full' : started.records.claim();
  }

  /** What WebCrypto does not know runs in the engine, at the end of the notification. */
  post(record: number): void {
    const started = this.#started;
    if (!started) return;
    started.slots.fill(record);
    started.records.owners[record] = 'webcrypto';
    const serial = ++this.#serial;
    started.serials[record] = serial;
    const request = readJob(started.memory, started.slotAt(record));
    const answer = request ? this.#work.run(request) : Promise.resolve(undefined);
    void answer
      .catch(() => undefined)
      .then((result) => {
        if (this.#started !== started || started.serials[record] !== serial) return;
        this.#port?.turn(() => {
          if (result) this.#answer(started, record, result);
          else this.#runHere(started, record);
          this.#port?.released();
        });
      });
  }

  release(record: number): void {
    this.#started?.records.release(record);
  }

  closed(session: number): void {
    this.#started?.slots.closeSession(session);
    this.#work.forgetKey(new DataView(this.#memory.buffer).getBigUint64(session + SESSION_ID, true));
  }

  /** Completes all that is under way, before this returns. Queues whose next request waited go on from a timer. */
  settle(): void {
    const started = this.#started;
    if (!started) return;
    this.#settling = true;
    try {
      for (const record of started.records.of('webcrypto')) this.#runHere(started, record);
    } finally {
      this.#settling = false;
    }
    this.#port?.clock.schedule(() => this.#port?.turn(() => this.#port?.released()), 0);
  }

  /** Forgets what is under way on a queue, or on all of them: nothing of it is completed. */
  drop(queue?: number): void {
    const started = this.#started;
    if (!started) return;
    const { records, slots, serials } = started;
    if (queue === undefined) for (const record of records.of('engine')) records.free(record);
    for (const record of records.of('webcrypto')) {
      if (queue !== undefined && slots.queueOf(record) !== queue) continue;
      this.#port?.engine.drop(this.#port.base, record);
      slots.leave(record);
      serials[record] = 0;
      records.free(record);
    }
    if (queue !== undefined) return;
    slots.closeSessions();
    this.#work.forgetKeys();
  }

  dispose(): void {
    this.#started?.slots.wipeAll();
    this.#started = undefined;
    this.#work.forgetKeys();
  }

  #answer(started: Started, record: number, { status, parts }: SubtleResult): void {
    this.operations++;
    this.bytes += started.slots.ranBy(record).bytes;
    this.#complete(started, record, status, started.slots.answer(record, parts), 'host');
  }

  #runHere(started: Started, record: number): void {
    started.runner.run([record]);
    const { status, bytes } = started.slots.deliver(record, record);
    this.#complete(started, record, status, bytes, 'inline');
  }

  /** The engine uses the record's chain, whose result stands in its buffers. */
  #complete(started: Started, record: number, status: number, bytes: number, by: 'host' | 'inline'): void {
    started.slots.leave(record);
    started.records.owners[record] = 'engine';
    started.serials[record] = 0;
    this.#port?.complete(started.slots.queueOf(record), record, { status, bytes }, by);
  }
}
