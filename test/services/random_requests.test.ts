// Requests of every algorithm in every layout, cut into buffers in any way, against independent implementations. REQUESTS
// says how many of each algorithm, with each backend.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { SYMMETRIC } from '../support/algorithms.ts';
import { place, placements } from '../support/placement.ts';
import { chainsOf, requestsOf } from '../support/service_arbitraries.ts';
import type { ServiceRequest } from '../support/service_requests.ts';
import { MODE_NAMES, type ModeName, RINGS, type Ring, ServiceRig } from '../support/service_rig.ts';

const { BACKEND, REQUESTS = BACKEND === undefined ? 150 : 60 } = process.env;
const NUM_RUNS = Number(REQUESTS);
const TIMEOUT = 60_000 + 100 * NUM_RUNS;

const rigs = new Map<string, ServiceRig>();
const rigOf = (ring: Ring, mode: ModeName): ServiceRig => {
  const rig = rigs.get(`${ring} ${mode}`);
  if (!rig) throw new Error(`There is no rig for ${ring} and ${mode}.`);
  return rig;
};

beforeAll(async () => {
  for (const ring of RINGS) {
    for (const mode of MODE_NAMES) rigs.set(`${ring} ${mode}`, await ServiceRig.make(ring, mode));
  }
});
afterAll(async () => {
  for (const rig of rigs.values()) await rig.bench.dispose();
});

/** Requests, each on some ring, in some layout, placed in some way, give what they must and write nothing else. */
function expectAll(requests: fc.Arbitrary<ServiceRequest>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(
      requests,
      placements,
      fc.constantFrom(...RINGS),
      fc.constantFrom(...MODE_NAMES),
      async (request, placement, ring, mode) => {
        const rig = rigOf(ring, mode);
        const opened = await rig.open(request.parameters);
        try {
          await rig.expectResult(request, place(rig, request.operation(opened), request.data, placement));
        } finally {
          await rig.close(request.parameters, opened);
        }
      },
    ),
    { numRuns: NUM_RUNS },
  );
}

describe('5.9.7 random requests, on both rings, in the legacy layout, with REVISION_1 and stateless', () => {
  test.each(SYMMETRIC)('%s', (name) => expectAll(requestsOf(name)), TIMEOUT);

  test('5.9.7.6 chains of any cipher with any hash or MAC', () => expectAll(chainsOf(SYMMETRIC)), TIMEOUT);
});
