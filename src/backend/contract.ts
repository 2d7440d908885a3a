// What a device and its backend know of each other.
import type { Clock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { ForeignAccess } from '../engine/foreign/guest.ts';
import type { HostCryptography } from '../engine/host.ts';
import type { Deferral } from '../engine/jobs.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { SharedStretch } from './workers/shared_stretch.ts';

/** Where one request ran. */
export type RequestBackend = 'inline' | 'workers' | 'host';

/** Pieces of work that ran elsewhere than in the engine at once. */
export interface BackendCounts {
  /** In node:crypto: the cipher, hash, MAC or AEAD of one request. In WebCrypto: requests. */
  host: number;
  /** Bytes that these worked on; in WebCrypto: of the requests' content. */
  hostBytes: number;
  /** In workers: requests that they got. */
  workers: number;
  /**
   * What each worker finished: the first of every pool that the device has had together, and so on. What the emulator's thread ran in
   * a worker's place, to save the device's state, say, is not among it.
   */
  perWorker: WorkCounts[];
}

/** What somebody finished: requests, and bytes of their content. */
export interface WorkCounts {
  requests: number;
  bytes: number;
}

/** The device, as far as those who defer its requests have to do with it. */
export interface DevicePort {
  engine: EngineExports;
  /** Where the engine's region stands, and the memory that it stands in. */
  base: number;
  memory: WasmMemory;
  /** How the guest's buffers are reached where they are not in that memory. */
  foreign: ForeignAccess | undefined;
  maxRequestBytes: number;
  clock: Clock;
  /** Memory of the device for a table of records: the same for as long as no more is needed. */
  claimTable(bytes: number): number;
  /** A part of the guest's memory for workers, where threads share that and it can grow: the same for as long as no more is needed. */
  claimStretch(bytes: number): SharedStretch | undefined;
  /** Does what a worker or a timer has called for, as a turn of the device: see Turns. */
  turn(work: () => void): void;
  /** The request of a record, which came from `queue`, was run; its result stands in its buffers. */
  complete(queue: number, record: number, result: { status: number; bytes: number }, by: RequestBackend): void;
  /** Records are free again: queues that wait for one may go on. */
  released(): void;
  /** Says anew of every session where its requests run. */
  place(): void;
  /** Something went wrong that cost no request. */
  report(event: BackendEvent): void;
}

/** What happened to workers. */
export interface BackendEvent {
  /** There are none, and requests run in the engine; or one was lost, and its requests were run again. */
  kind: 'unavailable' | 'worker-lost';
  message: string;
}

/** What a device's engine calls, and what it has been called for. */
export interface Backend {
  readonly host: HostCryptography;
  readonly deferral: Deferral;
  /** Resolves when the backend is at work, or never will be. */
  start(port: DevicePort): Promise<void>;
  /** A notification has ended. */
  flush(): void;
  /** Completes what was finished elsewhere. */
  reap(): void;
  /** Completes all that is under way. */
  settle(): void;
  /** Forgets what is under way, on one queue or on all. */
  drop(queue?: number): void;
  dispose(): void;
  counts(): BackendCounts;
}
