import type * as Threads from 'node:worker_threads';
import * as Comlink from 'comlink';
import { nodeEndpoint } from './node_endpoint.ts';
import type { WorkerControl, WorkerStart } from './worker.ts';
import { WORKER_SOURCE } from './worker_source.ts';

/** One worker, of Node or of a browser. */
export interface Thread {
  /** Resolves when the worker takes jobs. */
  start(start: WorkerStart): Promise<void>;
  /** Ends the worker, whatever it is doing. Resolves when it does nothing any more. */
  end(): Promise<void>;
}

/** A browser does not say when a worker that was ended does nothing any more: it is given so long. */
const BROWSER_END_MS = 50;

/**
 * Starts a thread, which then waits to be told what to do.
 * @param died called once if it ends before end() is called
 */
export function createThread(died: (reason: string) => void): Thread {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return threads ? nodeThread(threads, died) : browserThread(died);
}

function nodeThread({ Worker }: typeof Threads, died: (reason: string) => void): Thread {
  const worker = new Worker(WORKER_SOURCE, { eval: true, name: 'virtio-crypto' });
  const control = Comlink.wrap<WorkerControl>(nodeEndpoint(worker));
  let reason = 'it ended';
  let ended = false;
  worker.on('error', (error) => {
    reason = error.message;
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
    start: async (start) => {
      await Promise.race([control.start(start), failed]);
      // A device that nobody uses any more ends with its process.
      worker.unref();
    },
    end: async () => {
      ended = true;
      await worker.terminate();
    },
  };
}

function browserThread(died: (reason: string) => void): Thread {
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'virtio-crypto' });
  const control = Comlink.wrap<WorkerControl>(worker);
  let ended = false;
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
      if (!ended) died(event.message);
    };
  });
  failed.catch(() => {});
  return {
    start: async (start) => {
      try {
        await Promise.race([control.start(start), failed]);
      } finally {
        URL.revokeObjectURL(url);
      }
    },
    end: async () => {
      ended = true;
      worker.terminate();
      await new Promise((resolve) => setTimeout(resolve, BROWSER_END_MS));
    },
  };
}
