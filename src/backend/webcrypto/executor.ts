import { SESSION_ID } from '../../../spec/engine.ts';
import { engineModule } from '../../engine/load.ts';
import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Executor } from '../deferral/executor.ts';
import { JobSlots } from '../deferral/job_slots.ts';
import { sharedLayout, slotAt } from '../deferral/layout.ts';
import type { Records } from '../deferral/records.ts';
import { JobRunner } from '../deferral/runner.ts';
import { readJob, type SubtleResult, SubtleWork } from './subtle_work.ts';

/** Requests under way at once, if there are no workers whose records it shares. Each slot has room for the largest request. */
const SLOTS = 16;

interface Started {
  memory: WebAssembly.Memory;
  slots: JobSlots;
  /** Runs requests in this thread that WebCrypto refuses, or that cannot wait for it. */
  runner: JobRunner;
  slotAt(slot: number): number;
  records: Records;
  /** The serial number of each slot's request. A result for an earlier request of the slot is ignored. */
  serials: number[];
}

/** Runs requests in WebCrypto, whose results come later. */
export class WebCryptoExecutor implements Executor {
  readonly #work: SubtleWork;
  readonly #memory: WebAssembly.Memory;
  #port: DevicePort | undefined;
  #started: Started | undefined;
  #serial = 0;
  /** Requests that WebCrypto finished. */
  readonly counts: WorkCounts = { requests: 0, bytes: 0 };

  /** @param memory the memory that the device's sessions lie in */
  constructor(subtle: SubtleCrypto, memory: WebAssembly.Memory) {
    this.#work = new SubtleWork(subtle);
    this.#memory = memory;
  }

  attach(port: DevicePort): number {
    this.#port = port;
    try {
      port.claimTable(port.engine.deferredBytes(SLOTS));
      return SLOTS;
    } catch (error) {
      this.#unavailable(port, error);
      return 0;
    }
  }

  get working(): boolean {
    return this.#started !== undefined;
  }

  async start(records: Records): Promise<void> {
    const port = this.#port;
    if (!port || this.#started) return;
    try {
      this.#started = this.#begin(port, records);
      records.open();
    } catch (error) {
      this.#unavailable(port, error);
    }
  }

  #unavailable(port: DevicePort, error: unknown): void {
    port.report({ kind: 'unavailable', message: error instanceof Error ? error.message : String(error) });
  }

  /** @throws RangeError if there is no memory for its slots */
  #begin({ engine, maxRequestBytes, memory: guest, foreign }: DevicePort, records: Records): Started {
    const layout = sharedLayout(engine, 0, maxRequestBytes, records.count);
    const memory = new WebAssembly.Memory({ initial: layout.pages });
    return {
      memory,
      slots: new JobSlots(layout, memory, guest, records.table, foreign),
      runner: new JobRunner(engineModule(), memory, layout, 0),
      slotAt: (slot) => slotAt(layout, slot),
      records,
      serials: records.owners.map(() => 0),
    };
  }

  /** A request that WebCrypto cannot run is run by the engine, in a turn after the notification. */
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

  closed(session: number): void {
    this.#started?.slots.closeSession(session);
    this.#work.forgetKey(new DataView(this.#memory.buffer).getBigUint64(session + SESSION_ID, true));
  }

  settle(): boolean {
    const started = this.#started;
    const records = started?.records.of('webcrypto') ?? [];
    if (started) for (const record of records) this.#runHere(started, record);
    return records.length > 0;
  }

  drop(queue?: number): void {
    const started = this.#started;
    if (!started) return;
    const { records, slots, serials } = started;
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
    this.counts.requests++;
    this.counts.bytes += started.slots.ranBy(record).bytes;
    this.#complete(started, record, status, started.slots.answer(record, parts), 'host');
  }

  #runHere(started: Started, record: number): void {
    started.runner.run([record]);
    const { status, bytes } = started.slots.deliver(record, record);
    this.#complete(started, record, status, bytes, 'inline');
  }

  /** Has the engine put the record's chain in the used ring. The result is already in the chain's buffers. */
  #complete(started: Started, record: number, status: number, bytes: number, by: 'host' | 'inline'): void {
    started.slots.leave(record);
    started.records.owners[record] = 'engine';
    started.serials[record] = 0;
    this.#port?.complete(started.slots.queueOf(record), record, { status, bytes }, by);
  }
}
