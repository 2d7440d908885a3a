import type * as Threads from 'node:worker_threads';
import * as Comlink from 'comlink';
import { type CreateWorker, type DeviceWorker, WORKER_NAME } from './browser_worker.ts';
import { FINISHED_MESSAGE } from './control.ts';
import { buffersOf, nodeEndpoint } from './node_endpoint.ts';
import type { WorkerControl, WorkerStart } from './worker.ts';
import { WORKER_SOURCE } from './worker_source.ts';

/** One worker, of Node or of a browser. */
export interface Thread {
  /** Resolves when the worker takes jobs. */
  start(start: WorkerStart): Promise<void>;
  /** Ends the worker, whatever it is doing. Resolves when it does not run any more. */
  end(): Promise<void>;
}

/** One worker whose script offers the functions of `Control`. */
export interface ControlledThread<Control> {
  control: Comlink.Remote<Control>;
  /** Rejects when the worker ends. */
  failed: Promise<never>;
  /** Called when the worker has answered. */
  started(): void;
  /** See Thread.end(). */
  end(): Promise<void>;
}

/** How long to wait for a browser's worker to end, because a browser does not say when a terminated worker has stopped. */
const BROWSER_END_MS = 50;

/** The handlers of a thread's events, and the source of its worker. */
export interface ThreadEvents {
  /** The worker ended before end() was called. */
  died(reason: string): void;
  /** The worker announced finished jobs by a message. */
  announced(): void;
  /** Makes a browser's worker; undefined: this library makes it from a blob: URL. */
  createWorker: CreateWorker | undefined;
}

/**
 * Starts a thread, which waits for start().
 * @throws Error if the host refuses the worker at once
 */
export function createThread(events: ThreadEvents): Thread {
  const { control, failed, started, end } = openThread<WorkerControl>(WORKER_SOURCE, events);
  return {
    start: async (start) => {
      await Promise.race([control.start(start), failed]);
      started();
    },
    end,
  };
}

/**
 * Starts a thread with a script. A browser's createWorker has a script of its own, with all functions of all scripts.
 * @throws Error if the host refuses the worker at once
 */
export function openThread<Control>(script: string, events: ThreadEvents): ControlledThread<Control> {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return threads ? nodeThread(threads, script, events) : browserThread(script, events);
}

function nodeThread<Control>(
  { Worker }: typeof Threads,
  script: string,
  { died, announced }: ThreadEvents,
): ControlledThread<Control> {
  const worker = new Worker(script, { eval: true, name: WORKER_NAME });
  const control = Comlink.wrap<Control>(nodeEndpoint(worker));
  let reason = 'it ended';
  let ended = false;
  worker.on('error', (error) => {
    reason = error.message;
  });
  worker.on('message', (message) => {
    if (message === FINISHED_MESSAGE) announced();
  });
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      resolve();
      if (!ended) died(reason);
    });
  });
  const failed = gone.then(() => Promise.reject(new Error(reason)));
  failed.catch(() => {});
  return {
    control,
    failed,
    // The worker does not keep the process alive, so a device that was not disposed of ends with its process.
    started: () => worker.unref(),
    end: async () => {
      ended = true;
      await worker.terminate();
    },
  };
}

/** Reasons for a missing worker. A browser's own error does not say why. */
const BLOCKED =
  "the browser blocks workers from blob: URLs. Allow them with “worker-src 'self' blob:” in the page’s Content-Security-Policy, or give the device workerUrl or createWorker.";
const NOT_LOADED = 'the script that workerUrl or createWorker names could not be loaded.';

function browserThread<Control>(
  script: string,
  { died, announced, createWorker }: ThreadEvents,
): ControlledThread<Control> {
  const { worker, forget } = createWorker ? { worker: createWorker(), forget: () => {} } : blobWorker(script);
  const control = Comlink.wrap<Control>(endpointOf(worker));
  let ended = false;
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      const said = 'message' in event && typeof event.message === 'string' ? event.message : '';
      const reason = said || (createWorker ? NOT_LOADED : BLOCKED);
      reject(new Error(reason));
      if (!ended) died(reason);
    });
  });
  failed.catch(() => {});
  worker.addEventListener('message', (event) => {
    if ('data' in event && event.data === FINISHED_MESSAGE) announced();
  });
  return {
    control,
    failed,
    started: forget,
    end: async () => {
      ended = true;
      forget();
      worker.terminate();
      await new Promise((resolve) => setTimeout(resolve, BROWSER_END_MS));
    },
  };
}

/** @throws Error if the browser refuses the URL before it has looked at the script */
function blobWorker(script: string): { worker: DeviceWorker; forget: () => void } {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    return { worker: new Worker(url, { name: WORKER_NAME }), forget: () => URL.revokeObjectURL(url) };
  } catch {
    URL.revokeObjectURL(url);
    throw new Error(BLOCKED);
  }
}

function endpointOf(worker: DeviceWorker): Comlink.Endpoint {
  return {
    postMessage: (message, transfer = []) => worker.postMessage(message, buffersOf(transfer)),
    addEventListener: (type, listener) => worker.addEventListener(type, listener),
    removeEventListener: (type, listener) => worker.removeEventListener(type, listener),
  };
}
