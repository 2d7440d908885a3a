import type { Clock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { RequestBackend } from './backend.ts';
import type { SharedStretch } from './workers/shared_stretch.ts';

/** The device, as far as those who defer its requests have to do with it. */
export interface DevicePort {
  engine: EngineExports;
  /** Where the engine's region stands, and the memory that it stands in. */
  base: number;
  memory: WasmMemory;
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
