import { afterEach, expect } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import type { OperationChain, RequestMode } from '../../src/driver/operations.ts';
import { statelessFeature } from '../../src/driver/operations.ts';
import type { SessionParameters } from '../../src/driver/sessions.ts';
import { type Status, statusName } from '../../src/driver/status.ts';
import type { BenchOptions } from '../../src/testing/index.ts';
import { type Bench, createBench } from '../support/bench.ts';

const benches: Bench[] = [];

/** A device and its driver, until the test is over. */
export async function bench(options: BenchOptions = {}): Promise<Bench> {
  const made = await createBench({ memoryBytes: 1024 * 1024, ...options });
  benches.push(made);
  return made;
}

afterEach(async () => {
  for (const made of benches.splice(0)) await made.dispose();
});

/** The layouts in which every service is tried. */
export const LAYOUTS = [
  ['the legacy layout', { layout: 'legacy' }],
  ['REVISION_1', { layout: 'revision1', driver: { stateless: false } }],
] as const;

/** How requests of these parameters are laid out, in the session or in none. */
export function modeOf({ driver }: Bench, parameters: SessionParameters, session?: bigint): RequestMode {
  const layout = {
    revision1: driver.has(spec.F_REVISION_1),
    statelessLayout: driver.has(statelessFeature(parameters)),
  };
  return session === undefined ? layout : { ...layout, session };
}

/** A session that must come about. */
export async function sessionOf({ driver }: Bench, parameters: SessionParameters): Promise<bigint> {
  const { status, id } = await driver.createSession(parameters);
  expect(status).toBe('ok');
  return id;
}

/**
 * Sends a request whose header has 32-bit fields overwritten, by offset.
 * @returns its status, and what stands in its writable buffers before the status
 */
export async function sendPatched(
  { driver }: Bench,
  { readable, writable }: OperationChain,
  fields: Record<number, number> = {},
): Promise<{ status: Status; results: Uint8Array[]; written: number }> {
  const [header = expect.unreachable()] = readable;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  for (const [offset, value] of Object.entries(fields)) view.setUint32(Number(offset), value, true);
  const answer = await driver.submit({ queue: 0, readable, writable });
  const results = [...answer.writable];
  const status = statusName(results.pop()?.[0] ?? expect.unreachable());
  return { status, results, written: answer.written };
}
