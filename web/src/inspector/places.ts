import type { WorkCounts } from '../../../src/backend/contract.ts';
import type { VmView } from '../vm/protocol.ts';

/** Somewhere that data requests run, and what it has done. */
export interface Place extends WorkCounts {
  name: string;
  /** One of the workers, whose sum stands above it. */
  single?: boolean;
}

/** Where the data requests of a device ran: what neither WebCrypto nor a worker did, the machine's own thread has. */
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
