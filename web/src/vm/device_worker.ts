import { expose } from 'comlink';
import { akcipherControl } from '../../../src/backend/akcipher/worker.ts';
import { workerControl } from '../../../src/backend/workers/worker.ts';

/** A worker of the device: it talks to the machine's worker through the port. */
export function serve(port: MessagePort): void {
  expose({ ...workerControl((message) => port.postMessage(message)), ...akcipherControl }, port);
}
