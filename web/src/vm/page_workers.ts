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
