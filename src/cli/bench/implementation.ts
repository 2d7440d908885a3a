import { createHash } from 'node:crypto';
import type { Workload } from './cases.ts';

export const IMPLEMENTATIONS = ['engine', 'node', 'node-masked', 'noble'] as const;
export type ImplementationName = (typeof IMPLEMENTATIONS)[number];

/** One way to do the work. */
export interface Implementation {
  readonly name: ImplementationName;
  /** Makes ready for a workload; what it costs is not measured. */
  prepare(workload: Workload): Promise<Runner>;
  /** Gives back what outlives a runner. */
  dispose(): void;
}

/** An implementation with a workload at hand. */
export interface Runner {
  /** Does the workload once and returns resultDigest() of what came out. */
  digest(): string | Promise<string>;
  /** Does the workload `times` times and returns how long that took, in milliseconds. */
  run(times: number): number | Promise<number>;
  dispose(): void;
}

/** What stops a benchmark: the message says all. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/** Stands for the results of a whole workload, in the order of its requests. */
export function resultDigest(results: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const result of results) hash.update(result);
  return hash.digest('hex');
}

/** A runner of an implementation that does one request a call. */
export function callByCall({ requests }: Workload, call: (iv: Uint8Array, source: Uint8Array) => Uint8Array): Runner {
  return {
    digest: () => resultDigest(requests.map(({ iv, source }) => call(iv, source))),
    run: (times) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) {
        for (const { iv, source } of requests) call(iv, source);
      }
      return performance.now() - start;
    },
    dispose: () => {},
  };
}
