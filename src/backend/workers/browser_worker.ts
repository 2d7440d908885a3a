/** A dedicated worker of a browser, as far as a device needs it: every `Worker` is one. */
export interface DeviceWorker {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: WorkerListener): void;
  removeEventListener(type: string, listener: WorkerListener): void;
  terminate(): void;
}
export type WorkerListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Starts a worker that runs `virtio-crypto-wasm/worker`, each time another. */
export type CreateWorker = () => DeviceWorker;

export interface WorkerSource {
  /**
   * In a browser: where the workers' script is served from, a copy of `virtio-crypto-wasm/worker`. Without it the script comes from a blob:
   * URL, which a content security policy has to allow: worker-src blob:.
   */
  workerUrl?: string | URL;
  /** In a browser: makes each worker instead, as a bundler wants to see it: see docs/browsers.md. Not together with workerUrl. */
  createWorker?: CreateWorker;
}

/** The name of workers in a browser's tools. */
export const WORKER_NAME = 'virtio-crypto';

/**
 * Who makes workers, by the options; nothing for the library itself.
 * @throws TypeError that names the option
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
