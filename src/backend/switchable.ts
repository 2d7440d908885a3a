import type { AeadPlaces, HostCryptography } from '../engine/host_crypto.ts';
import type { Deferral } from '../engine/deferral.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import { type Backend, type BackendCounts, createBackend, type ResolvedBackend } from './backend.ts';
import type { DevicePort } from './contract.ts';

/** A backend that can be exchanged for another while its device runs. The engine calls it; it hands on. */
export class SwitchableBackend implements Backend {
  readonly #memory: WasmMemory;
  #choice: ResolvedBackend;
  #current: Backend;
  #port: DevicePort | undefined;
  /** What backends did that are gone. */
  #before: BackendCounts = { host: 0, hostBytes: 0, workers: 0, perWorker: [] };

  readonly host: HostCryptography = {
    from: (session, depth) => this.#current.host.from(session, depth),
    cipher: (session, iv, source, destination, bytes) =>
      this.#current.host.cipher(session, iv, source, destination, bytes),
    digest: (session, source, bytes, result, resultBytes) =>
      this.#current.host.digest(session, source, bytes, result, resultBytes),
    aead: (session: number, places: AeadPlaces) => this.#current.host.aead(session, places),
    forget: (session) => this.#current.host.forget(session),
  };
  readonly deferral: Deferral = {
    from: (session, depth) => this.#current.deferral.from(session, depth),
    claim: () => this.#current.deferral.claim(),
    post: (record) => this.#current.deferral.post(record),
    release: (record) => this.#current.deferral.release(record),
    closed: (session) => {
      this.#current.deferral.closed(session);
      this.#current.host.forget(session);
    },
  };

  constructor(choice: ResolvedBackend, memory: WasmMemory) {
    this.#memory = memory;
    this.#choice = choice;
    this.#current = createBackend(choice, memory);
  }

  get choice(): ResolvedBackend {
    return this.#choice;
  }

  start(port: DevicePort): Promise<void> {
    this.#port = port;
    return this.#current.start(port);
  }

  /**
   * Puts another backend in the place of this one, which completes all that is under way first.
   * @returns what start() of the new one answers
   */
  exchange(choice: ResolvedBackend): Promise<void> {
    this.#current.settle();
    this.#before = this.counts();
    this.#current.dispose();
    // The record at hand was one of those that are gone.
    this.#port?.engine.useDeferred(this.#port.base, 0, 0, 0);
    this.#choice = choice;
    this.#current = createBackend(choice, this.#memory);
    return this.#port ? this.#current.start(this.#port) : Promise.resolve();
  }

  flush(): void {
    this.#current.flush();
  }

  reap(): void {
    this.#current.reap();
  }

  settle(): void {
    this.#current.settle();
  }

  drop(queue?: number): void {
    this.#current.drop(queue);
  }

  dispose(): void {
    this.#current.dispose();
  }

  counts(): BackendCounts {
    return sum(this.#before, this.#current.counts());
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
