import * as Comlink from 'comlink';
import { nodeEndpoint } from './node_endpoint.ts';

/** Offers functions to the thread that has started this worker. */
export function expose(control: object): void {
  const parent = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;
  Comlink.expose(control, parent ? nodeEndpoint(parent) : undefined);
}
