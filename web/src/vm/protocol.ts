import type { BackendCounts } from '../../../src/backend/contract.ts';
import type { ResolvedBackend } from '../../../src/backend/options.ts';
import type { QueueCounts } from '../../../src/device/statistics.ts';
import type { CommandResult } from '../../../src/guest/console.ts';
import type { MachineConfig, SavedMachine } from '../../../src/machine/state_file.ts';
import type { RingSnapshot, SessionInfo, TracedRequest } from '../../../src/trace/index.ts';

/** Where the device's requests run, as the page shows and changes it. */
export type BackendChoice = Pick<ResolvedBackend, 'backend' | 'workers'>;

/** What the page asks of the worker that the machine runs in. */
export interface VmApi {
  /** Builds the machine and starts it; resolves once a shell listens in the guest. */
  boot(start: VmStart, onEvent: (event: VmEvent) => void): Promise<void>;
  /** Types into the terminal's serial line. */
  type(text: string): void;
  /** Runs a command in the shell of the second serial line, which the terminal does not show. */
  run(command: string, timeoutMs: number): Promise<CommandResult>;
  /** Has the device's requests run elsewhere from now on; resolves when the backend is at work, or never will be. */
  useBackend(choice: BackendChoice): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the machine, and with it the workers of its device. */
  end(): Promise<void>;
  /** The machine as a file. */
  save(): Promise<Uint8Array<ArrayBuffer>>;
  /** Whether requests are looked at. A machine that nobody watches spends nothing on it. */
  watch(on: boolean): void;
  look(since: number): VmView;
  /** The key of an open session, in hexadecimal; undefined when it is closed. */
  keyOf(session: string): string | undefined;
  /** Requests of the data queues wait in their rings, go through one at a time, or pass freely. */
  hold(): void;
  step(queue: number): boolean;
  release(): void;
  /** Overwrites bytes in the header of the request that waits on a queue; false when none waits. */
  tamper(queue: number, offset: number, bytes: Uint8Array): boolean;
  /** From now on every request is kept, up to a limit; stopRecording() answers them. */
  startRecording(): void;
  stopRecording(): TracedRequest[];
}

/** What a machine starts from. */
export type VmSource =
  | { from: 'power-on'; config: MachineConfig }
  /** The state that the page's host prepared. */
  | { from: 'booted' }
  /** What a file that save() made holds. */
  | ({ from: 'file' } & SavedMachine);

export type VmStart = VmSource & {
  /** Where the page lies. */
  base: string;
  backend: BackendChoice;
};

export type BootStage = 'download' | 'unpack' | 'machine' | 'kernel' | 'device' | 'shell';

export type VmEvent =
  | { kind: 'progress'; loaded: number; total: number }
  | { kind: 'stage'; stage: BootStage }
  | { kind: 'config'; config: MachineConfig }
  | { kind: 'serial'; bytes: Uint8Array<ArrayBuffer> }
  /** Workers could not be started, or one was lost: requests run in the engine then. */
  | { kind: 'backend'; message: string }
  /** The guest asked for a reboot, and this machine was not built from a kernel. */
  | { kind: 'reboot' };

/** What the inspector shows, at one moment. */
export interface VmView {
  rings: RingSnapshot[];
  sessions: SessionInfo[];
  counters: QueueCounts[];
  /** What ran elsewhere than in the engine at once. */
  elsewhere: BackendCounts;
  /** Where requests are to run. */
  backend: BackendChoice;
  /** Younger than the serial number that was asked for: some of them, the next look goes on. */
  requests: TracedRequest[];
  /** Serial number of the youngest. */
  latest: number;
  holding: boolean;
  /** While requests are held: the next one of each data queue in which some wait, not answered yet. */
  waiting: TracedRequest[];
  recording: boolean;
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
