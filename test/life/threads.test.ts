// The same lives with threads for workers: see life.test.ts. They take real time, so that there are fewer.
import { test } from 'vitest';
import { liveAll, RUNS, TIMEOUT } from './support/run.ts';
import { live } from './support/threads.ts';

test(
  'with threads for workers, each chain is answered once and rightly, or lost with its queue',
  () => liveAll(live, Math.ceil(RUNS / 20), { browser: false, messages: false }),
  TIMEOUT,
);
