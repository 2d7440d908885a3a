// The script of workers that run requests in an engine of their own, bundled by scripts/build-worker.mjs.
import { expose, sendToParent } from './expose.ts';
import { workerControl } from './worker.ts';

expose(workerControl(sendToParent));
