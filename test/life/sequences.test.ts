// Lives that went wrong, named by what is right.
import { test } from 'vitest';
import type { Operation, Setting } from './support/operations.ts';
import { live } from './support/simulated.ts';

/** One worker, whose slots are all taken by three requests that run side by side. */
const SETTING: Setting = {
  ring: 'split',
  shared: false,
  backend: 2,
  dataQueues: 1,
  queueSize: 128,
  indirect: true,
  inOrder: false,
  eventIdx: false,
  limits: {},
  slots: 3,
  reports: false,
  browser: false,
  messages: false,
  interleaving: 0,
};
const submit = (count: number): Extract<Operation, { do: 'submit' }> => ({
  do: 'submit',
  queue: 0,
  count,
  size: 0,
  session: 0,
  shape: 'apart',
  notify: true,
});
const work = (steps: number): Operation => ({ do: 'work', worker: 0, steps });

test.each(['remove', 'dispose'] as const)(
  'a worker that is at a job in shared memory when its device goes (%s) writes nothing but its result',
  async (how) => {
    await live({ ...SETTING, shared: true }, [submit(3), work(1), { do: 'end', how }, work(2), { do: 'start' }]);
  },
);

test('the same where the backend is exchanged while it still has a job that was settled without it', async () => {
  await live({ ...SETTING, shared: true }, [submit(3), work(1), { do: 'backend', choice: 0 }, work(2), submit(3)]);
});

test('slots of a queue that was reset, which a worker that hangs had, are free when that is replaced', async () => {
  await live(SETTING, [
    { do: 'lose', worker: 0, how: 'hangs' },
    submit(3),
    work(1),
    { do: 'resetQueue', queue: 0, enable: true },
    submit(3),
  ]);
});

test('a worker that dies is replaced, also where the handler of events throws', async () => {
  await live(SETTING, [
    { do: 'arm', on: 'event', after: 0, steps: [], throws: true },
    { do: 'lose', worker: 0, how: 'dies' },
    { do: 'turn' },
    submit(3),
  ]);
});

test('a request that a handler leaves half done, in the middle of a negotiation that ends with a reset, need not be counted', async () => {
  await live({ ...SETTING, ring: 'packed', indirect: false, eventIdx: true, backend: 3, slots: 64, reports: true }, [
    { do: 'lose', worker: 0, how: 'dies' },
    { ...submit(70), shape: 'chained' },
    { do: 'arm', on: 'write', after: 3, steps: [], throws: true },
    { do: 'settle' },
    { do: 'renegotiate' },
  ]);
});

test('a device that broke while DRIVER_OK was off says so when it is set again', async () => {
  await live({ ...SETTING, indirect: false, slots: 64, reports: true }, [
    { do: 'settle' },
    submit(1),
    { do: 'arm', on: 'write', after: 0, steps: [], throws: true },
    { do: 'pause' },
    { do: 'save', keys: false },
    { do: 'start' },
    submit(70),
  ]);
});
