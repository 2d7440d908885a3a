// What the statistics say of requests that ran elsewhere: by worker, with their bytes, and beside what the queue has counted.
import { afterEach, describe, expect, test } from 'vitest';
import type { BackendCounts, WorkCounts } from '../../src/backend/contract.ts';
import { BYTES, Flight, numbers } from '../support/flight.ts';
import { IV, session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';

const CONTENT = IV.length + BYTES;

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  let rig: AnyRig;
  let flight: Flight;
  let id: bigint;
  afterEach(() => rig.device.dispose());

  async function up(options: Parameters<typeof makeRig>[0]): Promise<void> {
    rig = makeRig({ queueSize: 1024, ...options });
    await rig.device.backendReady;
    flight = new Flight(rig);
    id = session(rig);
  }

  const elsewhere = (): BackendCounts => rig.device.statistics().elsewhere;
  const together = (counts: readonly WorkCounts[]): WorkCounts => ({
    requests: counts.reduce((sum, { requests }) => sum + requests, 0),
    bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
  });

  async function run(requests: number): Promise<void> {
    const before = rig.data.usedIdx;
    for (const place of numbers(requests)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, requests);
  }

  test('the workers together have done what workers were given, and what the queue has counted', async () => {
    await up({ backend: 'workers', workers: 2 });
    // Which worker takes a job is chance: in the end each has had some.
    do await run(100);
    while (elsewhere().perWorker.some(({ requests }) => requests === 0));
    const { workers, perWorker } = elsewhere();
    const [queue] = rig.device.statistics().queues;
    expect(perWorker).toHaveLength(2);
    expect(together(perWorker)).toEqual({ requests: workers, bytes: workers * CONTENT });
    expect(queue).toMatchObject(together(perWorker));
  });

  test('counts of a pool that is gone stay, and those of the next are added to them', async () => {
    await up({ backend: 'workers', workers: 1 });
    await run(10);
    const before = rig.device.statistics();
    await rig.device.useBackend({ backend: 'inline' });
    expect(elsewhere().perWorker).toEqual([{ requests: 10, bytes: 10 * CONTENT }]);
    await rig.device.useBackend({ backend: 'workers', workers: 3 });
    expect(elsewhere().perWorker).toEqual([{ requests: 10, bytes: 10 * CONTENT }, NOTHING, NOTHING]);
    await run(100);
    expect(together(elsewhere().perWorker)).toEqual({ requests: 110, bytes: 110 * CONTENT });
    expect(before.elsewhere.perWorker).toEqual([{ requests: 10, bytes: 10 * CONTENT }]);
  });

  test('node:crypto’s bytes are counted with its pieces of work', async () => {
    await up({ backend: 'host' });
    await run(10);
    expect(elsewhere()).toEqual({ host: 10, hostBytes: 10 * BYTES, workers: 0, perWorker: [] });
  });
});

const NOTHING: WorkCounts = { requests: 0, bytes: 0 };
