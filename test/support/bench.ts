import type { BackendName } from '../../src/backend/backend.ts';
import { type Bench, type BenchOptions, createBench as create } from '../../src/testing/bench.ts';

export type { Bench };

const { BACKEND = 'inline' } = process.env;

/** A bench with the backend that this run of the suite is for. */
export function createBench(options: BenchOptions = {}): Promise<Bench> {
  return create({ backend: BACKEND as BackendName, ...options });
}
