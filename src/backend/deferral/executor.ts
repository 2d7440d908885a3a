import type { DevicePort, WorkCounts } from '../contract.ts';
import type { Records } from './records.ts';

/** What runs deferred requests beside the device's thread. The backend calls it. */
export interface Executor {
  /** Whether it takes requests now. */
  readonly working: boolean;
  /** What it has finished. */
  readonly counts: ExecutorCounts;
  /**
   * Claims its part of the device's memory, at once: an emulator does not expect its memory to grow later.
   * @returns how many requests it can have under way; 0: it can have none, and has reported why
   */
  attach(port: DevicePort): number;
  /** Whether requests are read where they stand in the guest's memory: what they read has to stay until they are done. */
  readonly inPlace: boolean;
  /**
   * Begins to work on the requests of these records. Resolves when it works, or never will: then it has reported why. Further calls
   * change nothing.
   */
  start(records: Records): Promise<void>;
  /** A record is filled in: copies its session and its content now. */
  post(record: number): void;
  /** A notification has ended: all that it posted can begin. */
  flush(): void;
  /** Completes what is finished. */
  reap(): void;
  /** Completes all that is under way, before this returns. Answers whether anything was. */
  settle(): boolean;
  /** Forgets what is under way on a queue, or on all of them: nothing of it is completed. */
  drop(queue?: number): void;
  /** A session is about to be closed: no copy of it may stay, but for what is under way. */
  closed(session: number): void;
  /** Ends the work, and wipes all that it held. */
  dispose(): void;
}

/** What an executor has done: requests that it got, bytes of their content, and the same by worker. */
export interface ExecutorCounts {
  requests: number;
  bytes: number;
  perWorker: WorkCounts[];
}
