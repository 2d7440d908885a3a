import type { Remote } from 'comlink';
import { transfer } from 'comlink';
import type { DeviceWorker } from '../../../src/backend/workers/browser_worker.ts';
import { WORKER_POLICY } from './policy.ts';
import { startWorker } from './start_worker.ts';

/**
 * The page's side of the device's workers. The page starts them, because a worker that starts a worker may stand still: in Firefox (seen in
 * ESR 153.8 on Linux, on a busy machine) `new Worker` inside a worker sometimes never returns. In a page it always returned (450 of 450).
 */
export interface PageWorkers {
  /**
   * Starts a worker, which gets the port. Resolves with the reason if the worker fails, and not at all otherwise.
   * @param number a new number, which end() takes
   */
  open(number: number, port: MessagePort): Promise<string>;
  /** Ends a worker, whatever it is doing. */
  end(number: number): void;
}

/** The workers of one machine's device, in the page. */
export class DeviceWorkers implements PageWorkers {
  readonly #workers = new Map<number, Worker>();

  open(number: number, port: MessagePort): Promise<string> {
    return new Promise((resolve) => {
      const worker = startWorker('device', port);
      this.#workers.set(number, worker);
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        resolve(event.message || `The page’s host must send “${WORKER_POLICY}” in its Content-Security-Policy.`);
      });
    });
  }

  end(number: number): void {
    this.#workers.get(number)?.terminate();
    this.#workers.delete(number);
  }

  endAll(): void {
    for (const number of [...this.#workers.keys()]) this.end(number);
  }
}

let opened = 0;

/** A worker that the page starts, as the device in the machine's worker sees it. */
export class PageWorker extends EventTarget implements DeviceWorker {
  readonly #number = opened++;
  readonly #port: MessagePort;
  readonly #workers: Remote<PageWorkers>;

  constructor(workers: Remote<PageWorkers>) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#workers = workers;
    this.#port = port1;
    port1.addEventListener('message', ({ data }) => this.dispatchEvent(new MessageEvent('message', { data })));
    port1.start();
    const failed = (message: string) => this.dispatchEvent(new ErrorEvent('error', { message, cancelable: true }));
    workers.open(this.#number, transfer(port2, [port2])).then(failed, (error) => failed(String(error)));
  }

  postMessage(message: unknown, buffers: ArrayBuffer[]): void {
    this.#port.postMessage(message, buffers);
  }

  terminate(): void {
    this.#port.close();
    void this.#workers.end(this.#number);
  }
}
