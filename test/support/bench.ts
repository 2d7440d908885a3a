import type { BackendName } from '../../src/backend/contract.ts';
import { type Bench, type BenchOptions, createBench as create } from '../../src/testing/bench.ts';
import { asForeign } from './foreign.ts';

export type { Bench };

const { BACKEND = 'inline', GUEST_MEMORY } = process.env;

/** A bench with the backend and the kind of guest memory that this run of the suite is for. */
export function createBench(options: BenchOptions = {}): Promise<Bench> {
  const kind = GUEST_MEMORY === 'foreign' ? { guestMemory: asForeign } : { sharedMemory: GUEST_MEMORY === 'shared' };
  return create({ backend: BACKEND as BackendName, ...kind, ...options });
}
