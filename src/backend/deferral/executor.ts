import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Records } from './records.ts';

/** Runs deferred requests beside the device's thread. The backend calls it. */
export interface Executor {
  /** Whether it takes requests now. */
  readonly working: boolean;
  /** The work that it has done. */
  readonly counts: ExecutorCounts;
  /**
   * Claims its part of the device's memory. It does so at once, because an emulator does not expect its memory to grow later.
   * @returns the number of requests that it can have under way. 0: it cannot run any, and has reported why
   */
  attach(port: DevicePort): number;
  /** Whether requests are read in place from the guest's buffers. The buffers must then keep their content until the request is done. */
  readonly inPlace: boolean;
  /**
   * Begins to work on the requests of these records. Resolves when it works, or when it has failed and reported why. Further calls
   * change nothing.
   */
  start(records: Records): Promise<void>;
  /** Takes a record that is filled in: copies its session and its content now. */
  post(record: number): void;
  /** Called at the end of a notification: the requests that it posted may begin. */
  flush(): void;
  /** Completes the requests that are finished. */
  reap(): void;
  /** Completes all requests under way before it returns. Returns true if there were any. */
  settle(): boolean;
  /** Forgets the requests under way on one queue, or on all queues, without completing them. */
  drop(queue?: number): void;
  /** Called before a session is closed. Removes its copies, except those that requests under way still use. */
  closed(session: number): void;
  /** Ends the work, and wipes all memory that it used. */
  dispose(): void;
}

/** The work that an executor has done. */
export interface ExecutorCounts {
  /** Workers: requests that they were given. WebCrypto: requests that it finished. */
  requests: number;
  /** Bytes of content of the requests that were finished. */
  bytes: number;
  /** Finished requests and their bytes by worker; empty for WebCrypto. */
  perWorker: WorkCounts[];
}
