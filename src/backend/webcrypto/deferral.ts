import { SERVICE_CIPHER, SYM_OP_CIPHER } from '../../../spec/crypto.ts';
import { SESSION_ID, SESSION_KEY_LEN, SESSION_OP_TYPE, SESSION_SERVICE } from '../../../spec/engine.ts';
import type { Deferral } from '../../engine/jobs.ts';
import { engineModule } from '../../engine/load.ts';
import { sessionAlgorithms } from '../session_fields.ts';
import { leastBytes, type ThresholdTable } from '../thresholds.ts';
import type { DevicePort } from '../workers/deferral.ts';
import { JobSlots } from '../workers/job_slots.ts';
import { sharedLayout, slotAt } from '../workers/layout.ts';
import { JobRunner } from '../workers/runner.ts';
import { readJob, SubtleWork, subtleKnows } from './subtle_work.ts';

/** Requests under way at once: each has room for a request of the largest size. */
const SLOTS = 16;

/** Whose a slot is: nobody's, the engine's, or WebCrypto's. */
type Owner = 'free' | 'engine' | 'webcrypto';

interface Started {
  memory: WebAssembly.Memory;
  slots: JobSlots;
  /** Runs here what WebCrypto refuses, and what cannot wait for it. */
  runner: JobRunner;
  slotAt(slot: number): number;
  owners: Owner[];
  /** Which request a slot has: an answer to an earlier one comes too late. */
  serials: number[];
  free: number[];
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

  start(port: DevicePort): void {
    const { engine, base, maxRequestBytes, memory: guest } = port;
    const layout = sharedLayout(engine, 0, maxRequestBytes, SLOTS);
    const table = port.claimTable(engine.deferredBytes(layout.slots));
    const memory = new WebAssembly.Memory({ initial: layout.pages });
    engine.useDeferred(base, table, layout.slots);
    const numbers = Array.from({ length: layout.slots }, (_, index) => index);
    this.#port = port;
    this.#started = {
      memory,
      slots: new JobSlots(layout, memory, guest, table),
      runner: new JobRunner(engineModule(), memory, layout, 0),
      slotAt: (slot) => slotAt(layout, slot),
      owners: numbers.map(() => 'free'),
      serials: numbers.map(() => 0),
      free: numbers.reverse(),
    };
  }

  from(session: number, many: boolean): number {
    const view = new DataView(this.#memory.buffer);
    const field = (offset: number) => view.getUint32(session + offset, true);
    const algorithms = sessionAlgorithms(view, session);
    const keyBytes = field(SESSION_KEY_LEN);
    // A chain would be two calls, one after the other.
    if (field(SESSION_SERVICE) === SERVICE_CIPHER && field(SESSION_OP_TYPE) !== SYM_OP_CIPHER) return 0;
    return subtleKnows(algorithms, keyBytes) ? leastBytes(this.#thresholds, algorithms, many, Math.min) : 0;
  }

  claim(): number | 'full' | 'nobody' {
    const started = this.#started;
    if (!started) return 'nobody';
    // What is posted now would be under way again.
    if (this.#settling) return 'full';
    const record = started.free.pop();
    if (record === undefined) return 'full';
    started.owners[record] = 'engine';
    return record;
  }

  post(record: number): void {
    const started = this.#started;
    if (!started) return;
    started.slots.fill(record);
    started.owners[record] = 'webcrypto';
    const serial = ++this.#serial;
    started.serials[record] = serial;
    const request = readJob(started.memory, started.slotAt(record));
    const answer = request ? this.#work.run(request) : Promise.resolve(undefined);
    void answer
      .catch(() => undefined)
      .then((result) => {
        if (this.#started !== started || started.serials[record] !== serial) return;
        if (result) {
          this.operations++;
          this.bytes += started.slots.ranBy(record).bytes;
          started.slots.answer(record, result.status, result.bytes);
        } else {
          started.runner.run([record]);
        }
        this.#complete(started, record, result ? 'host' : 'inline');
        this.#port?.released();
      });
  }

  release(record: number): void {
    const started = this.#started;
    if (started?.owners[record] === 'engine') free(started, record);
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
    for (const slot of underWay(started)) {
      // Whoever heard of a result may have reset the device.
      if (started.owners[slot] !== 'webcrypto') continue;
      started.runner.run([slot]);
      this.#complete(started, slot, 'inline');
    }
    this.#settling = false;
    this.#port?.clock.schedule(() => this.#port?.released(), 0);
  }

  /** Forgets what is under way on a queue, or on all of them: nothing of it is completed. */
  drop(queue?: number): void {
    const started = this.#started;
    if (!started) return;
    started.owners.forEach((owner, slot) => {
      if (owner === 'engine' && queue === undefined) free(started, slot);
      if (owner !== 'webcrypto' || (queue !== undefined && started.slots.queueOf(slot) !== queue)) return;
      this.#port?.engine.drop(this.#port.base, slot);
      started.slots.leave(slot);
      free(started, slot);
    });
    if (queue !== undefined) return;
    started.slots.closeSessions();
    this.#work.forgetKeys();
  }

  dispose(): void {
    this.#started?.slots.wipeAll();
    this.#started = undefined;
    this.#work.forgetKeys();
  }

  /** The engine uses the record's chain, with the result that stands in its slot. */
  #complete(started: Started, record: number, by: 'host' | 'inline'): void {
    const port = this.#port;
    if (!port) return;
    const { status, bytes } = started.slots.deliver(record, record);
    started.slots.leave(record);
    started.owners[record] = 'engine';
    started.serials[record] = 0;
    const queue = started.slots.queueOf(record);
    port.completed(queue, port.engine.complete(port.base, record, status, bytes), by);
  }
}

function free(started: Started, slot: number): void {
  started.owners[slot] = 'free';
  started.serials[slot] = 0;
  started.free.push(slot);
}

function underWay({ owners }: Started): number[] {
  return owners.flatMap((owner, slot) => (owner === 'webcrypto' ? [slot] : []));
}
