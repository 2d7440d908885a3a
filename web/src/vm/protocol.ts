import type { BackendCounts, RequestCosts } from '../../../src/backend/contract.ts';
import type { ResolvedBackend } from '../../../src/backend/options.ts';
import type { QueueCounts } from '../../../src/device/statistics.ts';
import type { CommandResult } from '../../../src/guest/console.ts';
import type { MachineConfig, SavedMachine } from '../../../src/machine/state_file.ts';
import type { RingSnapshot, SessionInfo, TracedRequest } from '../../../src/trace/index.ts';
import type { SeenViolation } from './driver_watch.ts';
import type { PageWorkers } from './page_workers.ts';

/** Where the device's requests run, as the page shows and changes it. */
export type BackendChoice = Pick<ResolvedBackend, 'backend' | 'workers'>;

/** The calls that the page makes to the machine's worker. */
export interface VmApi {
  /** Builds the machine and starts it; the page starts the workers of its device. Resolves once a shell listens in the guest. */
  boot(start: VmStart, onEvent: (event: VmEvent) => void, workers: PageWorkers): Promise<void>;
  /** Types into the terminal's serial line. */
  type(text: string): void;
  /** Runs a command in the shell of the second serial line, which the terminal does not show. */
  run(command: string, timeoutMs: number): Promise<CommandResult>;
  /** Changes where the device's requests run. Resolves when the backend works, or when it is known that it cannot. */
  useBackend(choice: BackendChoice): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the machine and the workers of its device. */
  end(): Promise<void>;
  /** Saves the machine as a file. */
  save(): Promise<Uint8Array<ArrayBuffer>>;
  /** Sets whether the machine's requests are traced. Without tracing the machine spends no time on it. */
  watch(on: boolean): void;
  look(since: number): VmView;
  /** The key of an open session, in hexadecimal; undefined if the session is closed. */
  keyOf(session: string): string | undefined;
  /** Make requests of the data queues wait in their rings, go through one at a time, or pass freely. */
  hold(): void;
  step(queue: number): boolean;
  release(): void;
  /** Overwrites bytes in the header of the request that waits on a queue. False: no request waits. */
  tamper(queue: number, offset: number, bytes: Uint8Array): boolean;
  /** Keeps every request from now on, up to a limit. stopRecording() returns them. */
  startRecording(): void;
  stopRecording(): TracedRequest[];
}

/** The state that a machine starts from. */
export type VmSource =
  | { from: 'power-on'; config: MachineConfig }
  /** The booted state that the page's host has prepared, whose configuration is this; if it has none, power-on. */
  | { from: 'booted'; config: MachineConfig }
  /** The content of a file that save() made. */
  | ({ from: 'file' } & SavedMachine);

export type VmStart = VmSource & {
  /** The address of the page's folder. */
  base: string;
  backend: BackendChoice;
};

export type BootStage = 'download' | 'unpack' | 'machine' | 'kernel' | 'device' | 'shell';

export type VmEvent =
  | { kind: 'progress'; loaded: number; total: number }
  | { kind: 'stage'; stage: BootStage }
  | { kind: 'config'; config: MachineConfig }
  | { kind: 'serial'; bytes: Uint8Array<ArrayBuffer> }
  /** Workers could not be started, or a worker was lost. Requests then run in the engine. */
  | { kind: 'backend'; message: string }
  /** The guest asked for a reboot, and this machine was not built from a kernel. */
  | { kind: 'reboot' };

/** The data that the inspector shows, at one moment. */
export interface VmView {
  rings: RingSnapshot[];
  sessions: SessionInfo[];
  counters: QueueCounts[];
  /** Counts of requests that ran outside the engine's own notification. */
  elsewhere: BackendCounts;
  /** What requests cost at each place, as the device has learned it. */
  costs: RequestCosts[];
  /** Where requests are to run. */
  backend: BackendChoice;
  /** Some of the requests with larger serial numbers than the page asked for. The next look goes on behind them. */
  requests: TracedRequest[];
  /** Serial number of the newest request. */
  latest: number;
  holding: boolean;
  /** While requests are held: the next waiting request of each data queue, without an answer. */
  waiting: TracedRequest[];
  recording: boolean;
  /** What the driver did against the specification since the machine started. */
  violations: SeenViolation[];
  status: number;
  fault: string | undefined;
  /** Negotiated features, as names. */
  features: string[];
}

/** Files that a page's host offers, in guest/manifest.json beside the page. */
export interface GuestFile {
  file: string;
  bytes: number;
}
