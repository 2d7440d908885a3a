import {
  DEFERRED_BYTES,
  DEFERRED_DEPTH,
  DEFERRED_OPERATION,
  DEFERRED_SESSION,
  OPERATION_SOURCE,
} from '../../spec/engine.ts';
import { type Depth, depthAt } from '../engine/depth.ts';
import type { Deferral } from '../engine/deferral.ts';
import type { DevicePort } from './contract.ts';
import type { Records } from './deferral/records.ts';
import { WEBCRYPTO_BELOW } from './placement/thresholds.ts';
import type { WebCryptoDeferral } from './webcrypto/executor.ts';
import type { WorkerDeferral } from './workers/executor.ts';

/** Bytes from which each takes requests of a session. */
interface Place {
  host: number;
  workers: number;
}
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Requests that run in WebCrypto or in workers: each has thresholds, and a request goes to the one whose threshold is the highest of
 * those that its size reaches; what is too large for WebCrypto to be fast, to workers if they have its like. Both begin with the first
 * session whose requests may need them.
 */
export class DividedDeferral implements Deferral {
  readonly #host: WebCryptoDeferral;
  readonly #workers: WorkerDeferral;
  #port: DevicePort | undefined;
  #records: Records | undefined;
  #hostTried = false;
  #hostStarted = false;
  #workersStarting = false;
  #settling = false;
  /** Who takes what of sessions at each depth, by where these stand: asked of every request. */
  readonly #places: Readonly<Record<Depth, Map<number, Place>>> = { few: new Map(), many: new Map(), crowd: new Map() };
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(host: WebCryptoDeferral, workers: WorkerDeferral) {
    this.#host = host;
    this.#workers = workers;
  }

  attach(port: DevicePort): void {
    this.#port = port;
    this.#workers.attach(port);
    this.#records = this.#workers.records;
  }

  from(session: number, depth: Depth): number {
    const byHost = this.#host.from(session, depth);
    if (byHost > 0) this.#startHost();
    const byWorkers = this.#workers.from(session, depth);
    if (byWorkers > 0) this.#startWorkers();
    const place = {
      host: this.#hostStarted && byHost > 0 ? byHost : NEVER,
      workers: this.#workers.working && byWorkers > 0 ? byWorkers : NEVER,
    };
    this.#places[depth].set(session, place);
    const least = Math.min(place.host, place.workers);
    return least === NEVER ? 0 : least;
  }

  claim(): number | 'full' | 'nobody' {
    if (!this.#hostStarted && !this.#workers.working) return 'nobody';
    // What is posted now would be under way again.
    if (this.#settling) return 'full';
    return this.#records?.claim() ?? 'nobody';
  }

  post(record: number): void {
    if (this.#isForWorkers(record)) this.#workers.post(record);
    else this.#host.post(record);
  }

  release(record: number): void {
    this.#records?.release(record);
  }

  closed(session: number): void {
    this.#host.closed(session);
    this.#workers.closed(session);
  }

  settle(): void {
    this.#settling = true;
    try {
      this.#workers.settle();
      this.#host.settle();
    } finally {
      this.#settling = false;
    }
  }

  drop(queue?: number): void {
    this.#host.drop(queue);
    this.#workers.drop(queue);
  }

  dispose(): void {
    this.#workers.dispose();
    this.#host.dispose();
  }

  #isForWorkers(record: number): boolean {
    if (!this.#hostStarted) return true;
    // Those that have been lost since: what WebCrypto does not know, it hands to the engine.
    if (!this.#workers.working) return false;
    const depth = depthAt(this.#field(record, DEFERRED_DEPTH));
    const place = this.#places[depth].get(this.#field(record, DEFERRED_SESSION));
    const bytes = this.#field(record, DEFERRED_OPERATION + OPERATION_SOURCE);
    if (!place || bytes < place.workers) return false;
    return bytes < place.host || place.workers > place.host || bytes >= WEBCRYPTO_BELOW;
  }

  /** A word of a record. The memory's buffer is another one whenever the memory has grown. */
  #field(record: number, offset: number): number {
    const buffer = this.#port?.memory.buffer;
    if (buffer && this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view.getUint32((this.#records?.table ?? 0) + record * DEFERRED_BYTES + offset, true);
  }

  #startHost(): void {
    if (this.#hostTried || !this.#port || !this.#records) return;
    this.#hostTried = true;
    try {
      this.#host.start(this.#port, this.#records);
      this.#hostStarted = true;
    } catch (error) {
      this.#port.report({ kind: 'unavailable', message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Until workers have started, and where they cannot, no session's requests are theirs. */
  #startWorkers(): void {
    if (this.#workersStarting) return;
    this.#workersStarting = true;
    void this.#workers.start().then(() => {
      if (this.#workers.working) this.#port?.place();
    });
  }
}
