import { computed, signal } from '@preact/signals';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import type { ResolvedBackend } from '../../../src/backend/backend.ts';
import { defaultWorkers } from '../../../src/backend/workers/cores.ts';
import type { MachineConfig } from '../../../src/machine/state_file.ts';
import { guestManifest } from './images.ts';
import type { BootStage, VmApi, VmEvent, VmSource, VmStart } from './protocol.ts';

/** What the machine is doing, as the page shows it. */
export type Phase = 'off' | 'starting' | 'running' | 'paused' | 'failed';

export const DEFAULT_CONFIG: MachineConfig = { memoryMiB: 128, dataQueues: 1, queueSize: 1024, features: {} };

export const phase = signal<Phase>('off');
export const stage = signal<BootStage>('download');
export const progress = signal({ loaded: 0, total: 0 });
export const failure = signal('');
/** How the next machine is built. */
export const config = signal<MachineConfig>(DEFAULT_CONFIG);
/** How the one that runs was built. */
export const runningConfig = signal<MachineConfig | undefined>(undefined);
/** The host of the page has a state in which the guest is booted. */
export const hasBootedState = signal(false);
export const bootSeconds = signal<number | undefined>(undefined);
/** Where the device's requests run. */
export const backend = signal<ResolvedBackend>({ backend: 'auto', workers: defaultWorkers() });
/** Why they do not run there. */
export const backendProblem = signal('');
export const alive = computed(() => phase.value === 'running' || phase.value === 'paused');
/** The driver offers requests that are held. */
export const heldQueue = signal<number | undefined>(undefined);

/** Where the page lies: what it loads stands beside it. */
export const base = new URL('.', document.baseURI).href;

let worker: Worker | undefined;
let remote: Remote<VmApi> | undefined;
/** The same, once the machine runs. */
let api: Remote<VmApi> | undefined;
const serialListeners = new Set<(bytes: Uint8Array) => void>();
const bootListeners = new Set<() => void>();

/** The machine's worker; throws while there is none. */
export function vm(): Remote<VmApi> {
  if (!api) throw new Error('The machine is not running: press Start.');
  return api;
}

export function onSerial(listener: (bytes: Uint8Array) => void): () => void {
  serialListeners.add(listener);
  return () => serialListeners.delete(listener);
}

/** Calls back whenever a machine begins anew. */
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
      break;
    case 'config':
      runningConfig.value = event.config;
      config.value = event.config;
      break;
    case 'backend':
      backendProblem.value = event.message;
      break;
    case 'held':
      heldQueue.value = event.queue;
      break;
    case 'reboot':
      void start({ from: 'power-on', config: runningConfig.value ?? DEFAULT_CONFIG });
      break;
  }
}

/** A machine that does not end by itself by then is ended. */
const END_MS = 500;

/** Ends the machine and its worker, whatever it was doing. */
export function stop(): void {
  if (worker && remote) void end(worker, remote);
  worker = undefined;
  remote = undefined;
  api = undefined;
  heldQueue.value = undefined;
  phase.value = 'off';
}

/** Workers of its own that sleep would outlive a machine that is merely terminated, by seconds: it is asked to end first. */
async function end(of: Worker, asked: Remote<VmApi>): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, END_MS));
  await Promise.race([asked.end().catch(() => {}), late]);
  of.terminate();
}

/** Replaces the machine by a new one. */
export async function start(source: VmSource): Promise<void> {
  stop();
  failure.value = '';
  backendProblem.value = '';
  progress.value = { loaded: 0, total: 0 };
  bootSeconds.value = undefined;
  phase.value = 'starting';
  for (const listener of bootListeners) listener();
  const began = performance.now();
  const mine = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'virtual machine' });
  worker = mine;
  mine.onerror = (event) => fail(mine, event.message || 'The worker that runs the machine could not be started.');
  const asked = wrap<VmApi>(mine);
  remote = asked;
  try {
    const from: VmStart = { ...source, base, backend: backend.value };
    const listener = proxy((event: VmEvent) => {
      if (worker === mine) onEvent(event);
    });
    await asked.boot(from.from === 'file' ? transfer(from, [from.file.buffer]) : from, listener);
    // Another machine may have been started meanwhile.
    if (worker !== mine) return;
    api = asked;
    bootSeconds.value = (performance.now() - began) / 1000;
    phase.value = 'running';
  } catch (error) {
    fail(mine, messageOf(error));
  }
}

function fail(of: Worker, message: string): void {
  if (worker !== of) return;
  stop();
  failure.value = message;
  phase.value = 'failed';
}

/** Starts as quickly as can be: from the prepared state when it fits what is asked for. */
export async function startQuickly(): Promise<void> {
  const plain = JSON.stringify(config.value) === JSON.stringify(DEFAULT_CONFIG);
  if (plain && hasBootedState.value) await start({ from: 'booted' });
  else await start({ from: 'power-on', config: config.value });
}

export async function reset(): Promise<void> {
  await start({ from: 'power-on', config: config.value });
}

/** Has requests run elsewhere from now on: those of the machine that runs, and those of the next. */
export async function useBackend(choice: ResolvedBackend): Promise<void> {
  backend.value = choice;
  backendProblem.value = '';
  if (alive.value) await vm().useBackend(choice);
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

/** Looks at what the page's host offers. */
export async function lookAround(): Promise<void> {
  try {
    hasBootedState.value = (await guestManifest(base)).files.booted !== undefined;
  } catch (error) {
    failure.value = messageOf(error);
    phase.value = 'failed';
  }
}
