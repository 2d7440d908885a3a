// What may happen to a device in its life, as plain data: arbitraries.ts makes it, fast-check shrinks and prints it, and a test can
// hold it.
import type { BackendOptions } from '../../../src/backend/options.ts';
import type { Thresholds } from '../../../src/backend/placement/thresholds.ts';
import type { LimitOptions } from '../../../src/device/limits.ts';

/** How a device is made, and by whom it is driven. */
export interface Setting {
  ring: 'split' | 'packed';
  /** Whether threads share the guest's memory. */
  shared: boolean;
  /** One of BACKENDS. */
  backend: number;
  dataQueues: number;
  queueSize: number;
  indirect: boolean;
  inOrder: boolean;
  eventIdx: boolean;
  limits: LimitOptions;
  /** Records of deferred requests, where workers are simulated. */
  slots: number;
  /** Whether the host hears of each write. */
  reports: boolean;
  /** Whether node:crypto is out of sight, as in a browser. */
  browser: boolean;
  /** Whether there is no Atomics.waitAsync: workers then send messages. */
  messages: boolean;
  /** How often, of 100 times, a simulated worker goes on when the device looks at what they share. */
  interleaving: number;
}

/** Where source and result of a request stand: apart, in the same bytes, in pieces, or with the result before as the source. */
export type Shape = 'apart' | 'in place' | 'in pieces' | 'chained';

/** What is done between two events, or inside a handler. Numbers of what there may be less of are taken modulo how many there are. */
export type Step =
  /** The driver opens and closes sessions, and makes requests: in one of its sessions, or in none (session NO_SESSION). */
  | { do: 'open'; kind: number; key: number }
  | { do: 'close'; session: number }
  | { do: 'submit'; queue: number; count: number; size: number; session: number; shape: Shape; notify: boolean }
  | { do: 'notify'; queue: number }
  /** The driver makes a chain available that no device can walk through. */
  | { do: 'break'; queue: number }
  /** The driver takes DRIVER_OK back, and features, which it must not (2.1.1). */
  | { do: 'pause' }
  | { do: 'renegotiate' }
  | { do: 'resetQueue'; queue: number; enable: boolean }
  | { do: 'enable' }
  | { do: 'reset'; by: 'status' | 'host'; start: boolean; inOrder: boolean }
  /** The driver brings the device up. A driver that paused goes on; a device that is gone is replaced first. */
  | { do: 'start' }
  /** Time goes on, and workers do. */
  | { do: 'advance'; milliseconds: number }
  | { do: 'work'; worker: number; steps: number }
  | { do: 'lose'; worker: number; how: 'dies' | 'hangs' }
  /** The inspector. */
  | { do: 'hold' }
  | { do: 'step'; queue: number }
  | { do: 'release' }
  /** The host. */
  | { do: 'save'; keys: boolean }
  | { do: 'restore'; save: number; first: 'ram' | 'device'; into: 'same' | 'fresh'; json: boolean }
  | { do: 'backend'; choice: number }
  | { do: 'settle' }
  | { do: 'ready'; on: boolean }
  | { do: 'end'; how: 'remove' | 'dispose' };

export const NO_SESSION = 4;

/** Where a handler of the host's is called; `held`: by the inspector. */
export type Callback = 'interrupt' | 'write' | 'event' | 'held';

export type Operation =
  | Step
  /** Promises and results have their turn. */
  | { do: 'turn' }
  /** How workers start from now on. */
  | { do: 'starting'; how: 'well' | 'with an error' | 'never' }
  /** Everything comes to its end, and is checked. */
  | { do: 'quiesce' }
  /** The handler does something, and throws, when it is called the next time but so many. */
  | { do: 'arm'; on: Callback; after: number; steps: readonly Step[]; throws: boolean };

/** From 16 or 64 bytes on to workers, from 64 or 256 on to the host. */
const LOW: Thresholds = {
  host: {
    'aes-cbc': { few: 256, many: 256 },
    'aes-ctr': { few: 64 },
    gcm: { many: 64 },
    'hmac-sha-256': { few: 1024, many: 16 },
  },
  workers: {
    'aes-cbc': { few: 64, many: 64, crowd: 16 },
    'aes-ctr': { many: 64, crowd: 64 },
    gcm: { few: 16, many: 256, crowd: 16 },
    'hmac-sha-256': { many: 64, crowd: 16 },
  },
};

export const BACKENDS: readonly BackendOptions[] = [
  { backend: 'inline' },
  { backend: 'host' },
  { backend: 'workers', workers: 1 },
  { backend: 'workers', workers: 2 },
  { backend: 'workers', workers: 3 },
  { backend: 'auto', workers: 2, thresholds: LOW },
];
