import type { WorkCounts } from '../../../src/backend/contract.ts';
import type { VmView } from '../vm/protocol.ts';

/** A place where data requests run, and the work that it has done. */
export interface Place extends WorkCounts {
  name: string;
  /** Set for a single worker. The row above has the sum of all workers. */
  single?: boolean;
}

/** Where the data requests of a device ran. Requests that ran neither in WebCrypto nor in a worker ran in the machine's own thread. */
export function placesOf({ counters, elsewhere, backend }: VmView): Place[] {
  const all = sum(counters.filter(({ kind }) => kind === 'data'));
  const host = { requests: elsewhere.host, bytes: elsewhere.hostBytes };
  const workers = sum(elsewhere.perWorker);
  const inline = {
    requests: all.requests - host.requests - workers.requests,
    bytes: all.bytes - host.bytes - workers.bytes,
  };
  const has = backend.backend === 'workers' || backend.backend === 'auto' ? backend.workers : 0;
  return [
    { name: 'inline', ...inline },
    { name: 'WebCrypto', ...host },
    { name: 'workers', ...workers },
    ...Array.from({ length: has }, (_, worker) => ({
      name: `worker ${worker + 1}`,
      single: true,
      ...(elsewhere.perWorker[worker] ?? { requests: 0, bytes: 0 }),
    })),
  ];
}

function sum(counts: readonly WorkCounts[]): WorkCounts {
  return {
    requests: counts.reduce((total, { requests }) => total + requests, 0),
    bytes: counts.reduce((total, { bytes }) => total + bytes, 0),
  };
}
