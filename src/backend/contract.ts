// The interface between a device and its backend.
import type { Clock } from '../clock.ts';
import type { Depth } from '../engine/depth.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { ForeignAccess } from '../engine/foreign/guest.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { SharedStretch } from './workers/shared_stretch.ts';

/** The backends that a device can be given: see BackendOptions.backend. */
export const BACKENDS = ['inline', 'host', 'workers', 'auto'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Where one request ran. */
export type RequestBackend = 'inline' | 'workers' | 'host';

/** Counts of the work that ran outside the engine, since the device was created. */
export interface BackendCounts {
  /** Operations in node:crypto (a request with a cipher and a hash counts as two), and requests in WebCrypto. */
  host: number;
  /** Bytes that these operations processed; for WebCrypto, bytes of the requests' content. */
  hostBytes: number;
  /** Requests that were handed to workers. */
  workers: number;
  /**
   * Totals by worker number, summed over all pools so far. Requests that the main thread ran instead, for example during `save()`, are
   * not included.
   */
  perWorker: WorkCounts[];
}

/** What requests of one size cost, as the device has learned it: see BackendOptions.learn. */
export interface RequestCosts {
  /** Algorithms of the session, lengths of cipher keys in bits, and `decrypt`: for example `aes-cbc-128 decrypt`. */
  algorithms: string;
  depth: Depth;
  /** The least number of source bytes of these requests. The most is one less than twice as many. */
  bytes: number;
  /** Where these requests run now. */
  place: RequestBackend;
  /** Microseconds of one request at each place that was measured. With several in flight this is a share of the time. */
  microseconds: Partial<Record<RequestBackend, number>>;
}

/** The work that one worker has finished. */
export interface WorkCounts {
  /** Requests. */
  requests: number;
  /** Bytes of their content. */
  bytes: number;
}

/** The device, as its backend sees it. */
export interface DevicePort {
  engine: EngineExports;
  /** Offset of the engine's region in `memory`. */
  base: number;
  memory: WasmMemory;
  /** Access to the guest's buffers if they are not in `memory`. */
  foreign: ForeignAccess | undefined;
  maxRequestBytes: number;
  clock: Clock;
  /** Returns the offset of a table for records. Returns the same table again unless `bytes` is more than it holds. */
  claimTable(bytes: number): number;
  /**
   * Returns a part of the guest's memory for workers, or undefined if threads do not share that memory or it cannot grow. Returns the
   * same part again unless `bytes` is more than it holds.
   */
  claimStretch(bytes: number): SharedStretch | undefined;
  /** Runs `work`, which a worker or a timer caused, as a turn of the device: see Turns. */
  turn(work: () => void): void;
  /** Completes the request of a record, which came from `queue`. Its result is already in the guest's buffers. */
  complete(queue: number, record: number, result: { status: number; bytes: number }, by: RequestBackend): void;
  /** Called when records are free again: queues that wait for a record go on. */
  released(): void;
  /** Makes the engine ask again where the requests of each open session run. */
  place(): void;
  /** Reports an event that lost no request. */
  report(event: BackendEvent): void;
}

/** A problem of a backend. No request is lost by it. */
export interface BackendEvent {
  /**
   * - 'unavailable': workers, or WebCrypto, could not be started. The engine runs their requests.
   * - 'worker-lost': a worker ended or hung. Its requests were run again.
   * - 'host-refused': node:crypto refused an algorithm. The engine computes it. Reported once for each algorithm.
   */
  kind: 'unavailable' | 'worker-lost' | 'host-refused';
  /** A sentence for people: what failed, and why. */
  message: string;
}
