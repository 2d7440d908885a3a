// The script of `virtio-crypto-wasm/worker`, for pages that start workers by an address: it can be a worker of either kind.
import { expose, sendToParent } from '../workers/expose.ts';
import { workerControl } from '../workers/worker.ts';
import { akcipherControl } from './worker.ts';

expose({ ...workerControl(sendToParent), ...akcipherControl });
