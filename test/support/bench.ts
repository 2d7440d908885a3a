import type { BackendName } from '../../src/backend/contract.ts';
import { type Bench, type BenchOptions, createBench as create } from '../../src/testing/bench.ts';
import { asForeign } from './foreign.ts';

export type { Bench };

const { BACKEND = 'inline', GUEST_MEMORY } = process.env;

/** A bench with the backend, and the kind of guest memory or the transport, that this run of the suite is for. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  if (GUEST_MEMORY === 'vhost-user') {
    const { createVhostBench } = await import('../vhost-user/support/bench.ts');
    return createVhostBench({ backend: BACKEND as BackendName, ...options });
  }
  const kind = GUEST_MEMORY === 'foreign' ? { guestMemory: asForeign } : { sharedMemory: GUEST_MEMORY === 'shared' };
  return create({ backend: BACKEND as BackendName, ...kind, ...options });
}
