/** What a worker of the page is: the one that a machine runs in, or one of its device. */
export type WorkerRole = 'machine' | 'device';

/** A worker's first message. */
export interface WorkerStart {
  role: WorkerRole;
  /** The worker's end of the channel through which it is talked to. */
  port: MessagePort;
}

/** The workers' names in developer tools. */
const NAMES: Readonly<Record<WorkerRole, string>> = { machine: 'virtual machine', device: 'virtio-crypto' };

/** Starts a worker. */
export function startWorker(role: WorkerRole, port: MessagePort): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: NAMES[role] });
  const start: WorkerStart = { role, port };
  worker.postMessage(start, [port]);
  return worker;
}
