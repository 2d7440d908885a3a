import type { BackendName, RequestCosts } from '../../backend/contract.ts';
import type { CaseName } from './cases.ts';
import type { Workload, WorkloadRequest } from './workload.ts';

export const IMPLEMENTATIONS = [
  'engine',
  'node',
  'node-masked',
  'webcrypto',
  'noble',
  'hash-wasm',
  'libsodium',
] as const;
/** A backend's name stands for the device once more, with that one. */
export type ImplementationName = (typeof IMPLEMENTATIONS)[number] | BackendName;

/** One way to do the work. */
export interface Implementation {
  readonly name: ImplementationName;
  /** Whether it has a case's algorithm, in a form that gives the same result. */
  has(name: CaseName): boolean;
  /** Makes ready for a workload of a case that it has; what it costs is not measured. */
  prepare(workload: Workload): Promise<Runner>;
  /** Gives back what outlives a runner. */
  dispose(): void;
}

/** An implementation with a workload at hand. */
export interface Runner {
  /** Milliseconds for which it has to run before it is measured, because it learns. Default: as long as the others warm up. */
  readonly learns?: number;
  /** What the device behind it has learned of the costs of requests. */
  costs?(): RequestCosts[];
  /** Does the workload once and returns resultDigest() of what came out. */
  digest(): Promise<string>;
  /** Does the workload `times` times and returns how long that took, in milliseconds. */
  run(times: number): number | Promise<number>;
  dispose(): void;
}

/** What stops a benchmark: the message says all. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/**
 * Stands for the results of a whole workload: each request's parts (text, then tag or digest), in the order of the requests. Made by Web
 * Cryptography, which browsers have too.
 */
export async function resultDigest(parts: readonly Uint8Array[]): Promise<string> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a request comes to: text, then tag or digest, in one piece or as the implementation gives them. */
export type Parts = readonly Uint8Array[];
/** Does one request. */
export type Call<Result = Parts> = (request: WorkloadRequest) => Result;
/** Makes ready for a workload's key. */
export type Calls<Prepared = Call> = Partial<Record<CaseName, (workload: Workload) => Prepared>>;

/** An implementation that does one request a call. */
export function callByCall(name: ImplementationName, calls: Calls<Call | Promise<Call>>): Implementation {
  return {
    name,
    has: (item) => calls[item] !== undefined,
    prepare: async (workload) => callRunner(workload, await callFor(name, calls, workload)),
    dispose: () => {},
  };
}

/** What `calls` has for a workload, made ready. Throws BenchError where it has nothing. */
export function callFor<Prepared>(name: ImplementationName, calls: Calls<Prepared>, workload: Workload): Prepared {
  const prepare = calls[workload.case.name];
  if (!prepare) throw new BenchError(`${name}: it has no ${workload.case.name}.`);
  return prepare(workload);
}

/** Does a workload's requests in turn. */
export function callRunner({ requests }: Workload, call: Call): Runner {
  return {
    digest: () => resultDigest(requests.flatMap(call)),
    run: (times) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) {
        for (const request of requests) call(request);
      }
      return performance.now() - start;
    },
    dispose: () => {},
  };
}

/** A package that is no dependency of the library, or undefined where it is not installed. */
export async function installed<Module>(load: () => Promise<Module>): Promise<Module | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
