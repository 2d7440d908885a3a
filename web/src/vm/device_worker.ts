// A worker of the device, which the page starts. It talks to the machine's worker through a port, which is its first message.
import { expose } from 'comlink';
import { akcipherControl } from '../../../src/backend/akcipher/worker.ts';
import { workerControl } from '../../../src/backend/workers/worker.ts';

globalThis.addEventListener(
  'message',
  ({ data: port }) => {
    if (!(port instanceof MessagePort)) throw new TypeError('The first message is a MessagePort.');
    expose({ ...workerControl((message) => port.postMessage(message)), ...akcipherControl }, port);
  },
  { once: true },
);
