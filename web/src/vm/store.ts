import { computed, signal } from '@preact/signals';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import { defaultWorkers } from '../../../src/backend/workers/cores.ts';
import type { MachineConfig } from '../../../src/machine/state_file.ts';
import { guestManifest } from './images.ts';
import { DeviceWorkers } from './page_workers.ts';
import { WORKER_POLICY } from './policy.ts';
import type { BackendChoice, BootStage, VmApi, VmEvent, VmSource, VmStart } from './protocol.ts';
import { startWorker } from './start_worker.ts';

/** What the machine is doing, as the page shows it. */
export type Phase = 'off' | 'starting' | 'running' | 'paused' | 'failed';

export const DEFAULT_CONFIG: MachineConfig = { memoryMiB: 128, dataQueues: 1, queueSize: 1024, features: {} };

export const phase = signal<Phase>('off');
export const stage = signal<BootStage>('download');
export const progress = signal({ loaded: 0, total: 0 });
export const failure = signal('');
/** How the next machine is built. */
export const config = signal<MachineConfig>(DEFAULT_CONFIG);
/** How the running machine was built. */
export const runningConfig = signal<MachineConfig | undefined>(undefined);
/** Where the device's requests are to run. */
export const backend = signal<BackendChoice>({ backend: 'auto', workers: defaultWorkers() });
/** Number of changes of the backend under way: until their end, requests may run in the engine. */
export const backendChanges = signal(0);
/** Why the requests do not run there. */
export const backendProblem = signal('');
export const alive = computed(() => phase.value === 'running' || phase.value === 'paused');
/** Whether commands were run in the machine since it was started or saved. Their effects would be lost with it. */
export const hasWork = signal(false);

/** Whether the guest beside the page has OpenSSL over the device; undefined until this is known. */
export const guestHasTls = signal<boolean | undefined>(undefined);

/** The address of the page's folder. The files that the page loads are there. */
export const base = new URL('.', document.baseURI).href;

let worker: Worker | undefined;
let remote: Remote<VmApi> | undefined;
/** The worker's interface once the machine runs. */
let api: Remote<VmApi> | undefined;
/** A paused machine, while another machine is restored in its place. It goes on if the restore fails. */
let setAside: SetAside | undefined;
/** The workers of each machine's device, by the machine's worker. */
const deviceWorkers = new WeakMap<Worker, DeviceWorkers>();
const serialListeners = new Set<(bytes: Uint8Array) => void>();
const bootListeners = new Set<() => void>();

/** The interface of the machine's worker. Throws if no machine runs. */
export function vm(): Remote<VmApi> {
  if (!api) throw new Error('The machine is not running: press Start.');
  return api;
}

export function onSerial(listener: (bytes: Uint8Array) => void): () => void {
  serialListeners.add(listener);
  return () => serialListeners.delete(listener);
}

/** Calls `listener` whenever a new machine begins. */
export function onBoot(listener: () => void): () => void {
  bootListeners.add(listener);
  return () => bootListeners.delete(listener);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function onEvent(event: VmEvent): void {
  switch (event.kind) {
    case 'serial':
      for (const listener of serialListeners) listener(event.bytes);
      break;
    case 'progress':
      progress.value = { loaded: event.loaded, total: event.total };
      break;
    case 'stage':
      stage.value = event.stage;
      // Until this stage the terminal shows the machine that was set aside, if there is one.
      if (event.stage === 'kernel' && setAside) for (const listener of bootListeners) listener();
      break;
    case 'config':
      runningConfig.value = event.config;
      config.value = event.config;
      break;
    case 'backend':
      backendProblem.value = event.message;
      break;
    case 'reboot':
      void start({ from: 'power-on', config: runningConfig.value ?? DEFAULT_CONFIG });
      break;
  }
}

/** How long a machine has to end by itself, before its worker is terminated. */
const END_MS = 2_000;

interface SetAside {
  worker: Worker;
  remote: Remote<VmApi>;
  config: MachineConfig | undefined;
  phase: Phase;
}

/** Ends the machine and its worker, whatever the machine is doing. */
export function stop(): void {
  if (worker && remote) void end(worker, remote);
  if (setAside) void end(setAside.worker, setAside.remote);
  setAside = undefined;
  hasWork.value = false;
  leave();
  phase.value = 'off';
}

/** Forgets the page's machine, without ending it. */
function leave(): void {
  worker = undefined;
  remote = undefined;
  api = undefined;
}

/** Pauses the running machine and sets it aside, so that another machine can be tried in its place. */
async function putAside(): Promise<void> {
  if (!worker || !api) return;
  setAside = { worker, remote: api, config: runningConfig.value, phase: phase.value };
  leave();
  await setAside.remote.pause();
}

/** Makes the machine that was set aside the page's machine again, running or paused as before. */
async function takeBack(of: SetAside): Promise<void> {
  setAside = undefined;
  worker = of.worker;
  remote = of.remote;
  if (of.phase === 'running') await of.remote.resume();
  if (worker !== of.worker) return;
  api = of.remote;
  if (of.config) config.value = of.config;
  runningConfig.value = of.config;
  phase.value = of.phase;
}

/** Asks the machine to end, so that keys are wiped, then terminates its worker and those of its device. */
async function end(of: Worker, asked: Remote<VmApi>): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, END_MS));
  await Promise.race([asked.end().catch(() => {}), late]);
  of.terminate();
  deviceWorkers.get(of)?.endAll();
}

/** Replaces the machine by a new one. If the new one comes from a file, a running machine ends only when the new one runs. */
export async function start(source: VmSource): Promise<void> {
  if (source.from === 'file' && alive.value) await putAside();
  else stop();
  failure.value = '';
  backendProblem.value = '';
  progress.value = { loaded: 0, total: 0 };
  stage.value = 'download';
  phase.value = 'starting';
  if (!setAside) for (const listener of bootListeners) listener();
  const { port1, port2 } = new MessageChannel();
  const mine = startWorker('machine', port2);
  worker = mine;
  const workers = new DeviceWorkers();
  deviceWorkers.set(mine, workers);
  mine.onerror = (event) => fail(mine, event.message || NOT_STARTED);
  const asked = wrap<VmApi>(port1);
  remote = asked;
  try {
    const from: VmStart = { ...source, base, backend: backend.value };
    const listener = proxy((event: VmEvent) => {
      if (worker === mine) onEvent(event);
    });
    await asked.boot(from.from === 'file' ? transfer(from, [from.state]) : from, listener, proxy(workers));
    // Meanwhile the visitor may have started another machine.
    if (worker !== mine) return;
    if (setAside) void end(setAside.worker, setAside.remote);
    setAside = undefined;
    hasWork.value = false;
    api = asked;
    phase.value = 'running';
  } catch (error) {
    fail(mine, messageOf(error));
  }
}

const NOT_STARTED = `The worker that runs the machine could not be started. If the page’s host sends a Content-Security-Policy, it must allow “${WORKER_POLICY}”.`;

function fail(of: Worker, message: string): void {
  if (worker !== of) return;
  const before = setAside;
  setAside = undefined;
  if (!before) {
    stop();
    failure.value = message;
    phase.value = 'failed';
    return;
  }
  if (remote) void end(of, remote);
  failure.value = `${message} The machine that ran goes on.`;
  void takeBack(before);
}

/** Saves the machine as a file. */
export async function save(): Promise<Uint8Array<ArrayBuffer>> {
  const file = await vm().save();
  hasWork.value = false;
  return file;
}

/** Starts as quickly as possible: from the host's booted state, if it has one and the chosen settings are those of the state. */
export async function startQuickly(): Promise<void> {
  const plain = JSON.stringify(config.value) === JSON.stringify(DEFAULT_CONFIG);
  await start({ from: plain ? 'booted' : 'power-on', config: config.value });
}

export async function reset(): Promise<void> {
  await start({ from: 'power-on', config: config.value });
}

/** Changes where requests run, for the running machine and for the next one. */
export async function useBackend(choice: BackendChoice): Promise<void> {
  backend.value = choice;
  backendProblem.value = '';
  if (!alive.value) return;
  backendChanges.value++;
  try {
    await vm().useBackend(choice);
  } finally {
    backendChanges.value--;
  }
}

export async function togglePause(): Promise<void> {
  if (phase.value === 'paused') {
    await vm().resume();
    phase.value = 'running';
  } else {
    await vm().pause();
    phase.value = 'paused';
  }
}

/** Reads what guest is beside the page. Says at once if its files are missing. */
export async function lookAround(): Promise<void> {
  try {
    guestHasTls.value = (await guestManifest(base)).tls;
  } catch (error) {
    failure.value = messageOf(error);
    phase.value = 'failed';
  }
}
