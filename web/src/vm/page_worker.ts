import { type Remote, transfer } from 'comlink';
import type { DeviceWorker } from '../../../src/backend/workers/browser_worker.ts';
import type { PageWorkers } from './page_workers.ts';

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
