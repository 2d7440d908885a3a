// The device's backends beside each other, with requests in flight all the time, and what is asked of them.
import type { BackendName, RequestCosts } from '../../backend/contract.ts';
import type { Thresholds } from '../../backend/placement/thresholds.ts';
import type { CaseName } from './cases.ts';
import { backendOver } from './flight.ts';
import type { Implementation } from './implementation.ts';

export const BACKEND_CASES: readonly CaseName[] = [
  'aes-128-cbc-encrypt',
  'aes-128-ctr',
  'aes-128-gcm-encrypt',
  'sha-256',
  'aes-128-cbc+hmac-sha-256',
];
export const BACKEND_SIZES: readonly number[] = [64, 1024, 4096, 16384, 65536, 1048576];
export const BACKEND_DEPTHS: readonly number[] = [1, 8, 64];

/** How the device is made for it. */
export interface BackendBenchOptions {
  workers: number;
  thresholds?: Thresholds;
  /** What auto begins with. */
  model?: readonly RequestCosts[];
}

export function backendImplementations(
  names: readonly BackendName[],
  { workers, thresholds, model }: BackendBenchOptions,
): Implementation[] {
  const options = { workers, ...(thresholds && { thresholds }), ...(model && { costs: model }) };
  return names.map((backend) => backendOver(backend, { backend, ...options }));
}
