// What a device and its backend know of each other.
import type { Clock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { ForeignAccess } from '../engine/foreign/guest.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { SharedStretch } from './workers/shared_stretch.ts';

/** Where requests run. */
export const BACKENDS = ['inline', 'host', 'workers', 'auto'] as const;
export type BackendName = (typeof BACKENDS)[number];

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

/** The device, as its backend sees it. */
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
  /** Has the engine ask anew where the requests of every open session run. */
  place(): void;
  /** Something went wrong that cost no request. */
  report(event: BackendEvent): void;
}

/** Something that happened to a backend and cost no request. */
export interface BackendEvent {
  /**
   * 'unavailable': there are no workers, or no WebCrypto, and requests run in the engine. 'worker-lost': a worker was lost, and its
   * requests were run again. 'host-refused': node:crypto refused to compute an algorithm, and the engine does it; reported once for
   * each algorithm.
   */
  kind: 'unavailable' | 'worker-lost' | 'host-refused';
  message: string;
}
