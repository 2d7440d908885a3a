import type { AeadPlaces, HostCryptography } from '../engine/host.ts';
import type { Deferral } from '../engine/jobs.ts';
import { type Backend, type BackendCounts, createBackend, type ResolvedBackend } from './backend.ts';
import type { DevicePort } from './device_port.ts';

/** A backend that can be exchanged for another while its device runs. The engine calls it; it hands on. */
export class SwitchableBackend implements Backend {
  readonly #memory: WebAssembly.Memory;
  #choice: ResolvedBackend;
  #current: Backend;
  #port: DevicePort | undefined;
  /** What backends did that are gone. */
  #before: BackendCounts = { host: 0, workers: 0 };

  readonly host: HostCryptography = {
    from: (session, many) => this.#current.host.from(session, many),
    cipher: (session, iv, source, destination, bytes) =>
      this.#current.host.cipher(session, iv, source, destination, bytes),
    digest: (session, source, bytes, result, resultBytes) =>
      this.#current.host.digest(session, source, bytes, result, resultBytes),
    aead: (session: number, places: AeadPlaces) => this.#current.host.aead(session, places),
  };
  readonly deferral: Deferral = {
    from: (session, many) => this.#current.deferral.from(session, many),
    claim: () => this.#current.deferral.claim(),
    post: (record) => this.#current.deferral.post(record),
    release: (record) => this.#current.deferral.release(record),
    closed: (session) => this.#current.deferral.closed(session),
  };

  constructor(choice: ResolvedBackend, memory: WebAssembly.Memory) {
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
    const { host, workers } = this.#current.counts();
    this.#current.settle();
    this.#current.dispose();
    // The record at hand was one of those that are gone.
    this.#port?.engine.useDeferred(this.#port.base, 0, 0, 0);
    this.#before = { host: this.#before.host + host, workers: this.#before.workers + workers };
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
    const { host, workers } = this.#current.counts();
    return { host: this.#before.host + host, workers: this.#before.workers + workers };
  }
}
