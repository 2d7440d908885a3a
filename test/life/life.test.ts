// The device's life: requests, notifications, resets, saves and restores, exchanges of the backend, workers that hang or die, and
// handlers that throw or call back, in any order. At the end its driver has found each chain answered once and rightly, or lost
// with its queue; RAM holds that and nothing else; and nothing is left of a device that is gone. LIFE_RUNS says how many lives
// there are; `LIFE_SEED=... LIFE_PATH=...` have one again that failed. Its operations are plain data: sequences.test.ts keeps some.
import { test } from 'vitest';
import { liveAll, RUNS, TIMEOUT } from './support/run.ts';
import { live } from './support/simulated.ts';

test(
  'whatever happens to a device, each chain is answered once and rightly, or lost with its queue',
  () => liveAll(live, RUNS),
  TIMEOUT,
);
