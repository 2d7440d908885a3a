import * as Comlink from 'comlink';
import { nodeEndpoint } from './node_endpoint.ts';

const parent = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;

/** Posts a message to the thread that has started this worker. */
export function sendToParent(message: string): void {
  if (parent) parent.postMessage(message);
  else globalThis.postMessage(message);
}

/** Offers functions to the thread that has started this worker. */
export function expose(control: object): void {
  Comlink.expose(control, parent ? nodeEndpoint(parent) : undefined);
}
