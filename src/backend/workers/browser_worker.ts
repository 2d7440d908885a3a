/** The methods of a browser's dedicated worker that a device needs. Every `Worker` has them. */
export interface DeviceWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: string, listener: WorkerListener): void;
  removeEventListener(type: string, listener: WorkerListener): void;
  terminate(): void;
}
/** A listener as addEventListener() takes it. */
export type WorkerListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Starts a worker that runs `virtio-crypto-wasm/worker`. Each call starts a new one. */
export type CreateWorker = () => DeviceWorker;

/** Where a browser's workers come from. In Node.js these options have no effect. */
export interface WorkerSource {
  /**
   * The URL of the workers' script, a copy of `virtio-crypto-wasm/worker`. Default: a blob: URL, which the page's content security policy
   * must allow (`worker-src blob:`).
   */
  workerUrl?: string | URL;
  /** Makes each worker, in the form that a bundler recognises: see docs/browsers.md. Not together with workerUrl. */
  createWorker?: CreateWorker;
}

/** The name of the workers in developer tools. */
export const WORKER_NAME = 'virtio-crypto';

/**
 * Returns the function that makes workers; undefined if the library makes them itself.
 * @throws TypeError that names the wrong option
 */
export function resolveWorkerSource({ workerUrl, createWorker }: WorkerSource): CreateWorker | undefined {
  if (createWorker !== undefined && typeof createWorker !== 'function') {
    throw new TypeError(`createWorker is ${String(createWorker)}: give a function that answers a Worker.`);
  }
  if (workerUrl === undefined) return createWorker;
  if (typeof workerUrl !== 'string' && !(workerUrl instanceof URL)) {
    throw new TypeError(`workerUrl is ${String(workerUrl)}: give a string or a URL.`);
  }
  if (createWorker) throw new TypeError(`workerUrl is ${String(workerUrl)}, and createWorker is given: leave one out.`);
  return () => new Worker(workerUrl, { name: WORKER_NAME });
}
