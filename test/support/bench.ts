import type { BackendName } from '../../src/backend/contract.ts';
import { type Bench, type BenchOptions, createBench as create } from '../../src/testing/bench.ts';

export type { Bench };

const { BACKEND = 'inline', GUEST_MEMORY } = process.env;

/** A bench with the backend and the kind of guest memory that this run of the suite is for. */
export function createBench(options: BenchOptions = {}): Promise<Bench> {
  return create({ backend: BACKEND as BackendName, sharedMemory: GUEST_MEMORY === 'shared', ...options });
}
