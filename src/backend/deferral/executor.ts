import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Records } from './records.ts';

/** Runs deferred requests beside the device's thread. The backend calls it. */
export interface Executor {
  /** Whether it takes requests now. */
  readonly working: boolean;
  /** Requests and bytes of content. Workers: the requests that they were given. WebCrypto: the requests that it finished. */
  readonly counts: WorkCounts;
  /**
   * Claims its part of the device's memory. It does so at once, because an emulator does not expect its memory to grow later.
   * @returns the number of requests that it can have under way. 0: it cannot run any, and has reported why
   */
  attach(port: DevicePort): number;
  /**
   * Begins to work on the requests of these records. Resolves when it works, or when it has failed and reported why. Further calls
   * change nothing.
   */
  start(records: Records): Promise<void>;
  /** Takes a record that is filled in: copies its session and its content now. */
  post(record: number): void;
  /** Completes all requests under way before it returns. Returns true if there were any. */
  settle(): boolean;
  /** Forgets the requests under way on one queue, or on all queues, without completing them. */
  drop(queue?: number): void;
  /** Called before a session is closed. Removes its copies, except those that requests under way still use. */
  closed(session: number): void;
  /** Ends the work, and wipes all memory that it used. */
  dispose(): void;
}
