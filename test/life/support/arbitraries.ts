// Lives at random: what is likely to meet something else comes often.
import fc from 'fast-check';
import type { LimitOptions } from '../../../src/device/limits.ts';
import { BACKENDS, NO_SESSION, type Operation, type Setting, type Step } from './operations.ts';
import { KEYS, KINDS_COUNT, SIZES } from './requests.ts';

const LIMITS: readonly LimitOptions[] = [
  { requestsPerSecond: 100, burstRequests: 3 },
  { bytesPerSecond: 20_000, burstBytes: 600 },
  { bytesPerNotification: 300 },
  { requestsPerSecond: 1000, burstRequests: 40, bytesPerNotification: 2000 },
];

const seldom = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const weighted = <T>(...entries: readonly (readonly [number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> =>
  fc.oneof(...entries.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Workers, most of the time. */
const backend = weighted([3, fc.constantFrom(2, 3, 4)], [2, fc.nat(BACKENDS.length - 1)]);

export const settings: fc.Arbitrary<Setting> = fc.record({
  ring: fc.constantFrom('split', 'packed'),
  shared: fc.boolean(),
  backend,
  dataQueues: fc.integer({ min: 1, max: 3 }),
  queueSize: fc.constantFrom(128, 21, 64),
  indirect: fc.boolean(),
  inOrder: fc.boolean(),
  eventIdx: fc.boolean(),
  limits: seldom({}, ...LIMITS),
  slots: fc.constantFrom(64, 3, 8),
  reports: fc.boolean(),
  browser: seldom(false, false, true),
  messages: seldom(false, true),
  interleaving: fc.constantFrom(0, 3, 25),
});

const submit: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('submit'),
  queue: fc.nat(2),
  count: weighted([3, fc.integer({ min: 1, max: 6 })], [1, fc.constant(70)]),
  size: fc.nat(SIZES.length - 1),
  session: fc.nat(NO_SESSION),
  shape: fc.constantFrom('apart', 'in place', 'in pieces', 'chained'),
  notify: seldom(true, false),
});
const queue = fc.nat(3);
const worker = fc.nat(2);
const kind = fc.nat(KINDS_COUNT - 1);
const key = fc.nat(KEYS - 1);

const steps = {
  open: fc.record({ do: fc.constant('open'), kind, key }),
  close: fc.record({ do: fc.constant('close'), session: fc.nat(3) }),
  notify: fc.record({ do: fc.constant('notify'), queue }),
  break: fc.record({ do: fc.constant('break'), queue }),
  pause: fc.record({ do: fc.constant('pause') }),
  renegotiate: fc.record({ do: fc.constant('renegotiate') }),
  resetQueue: fc.record({ do: fc.constant('resetQueue'), queue, enable: seldom(true, false) }),
  enable: fc.record({ do: fc.constant('enable') }),
  reset: fc.record({
    do: fc.constant('reset'),
    by: fc.constantFrom('status', 'host'),
    start: seldom(true, false),
    inOrder: fc.boolean(),
  }),
  start: fc.record({ do: fc.constant('start') }),
  advance: fc.record({ do: fc.constant('advance'), milliseconds: fc.constantFrom(0, 1, 20, 500, 10_001) }),
  work: fc.record({ do: fc.constant('work'), worker, steps: fc.integer({ min: 1, max: 5 }) }),
  lose: fc.record({ do: fc.constant('lose'), worker, how: fc.constantFrom('dies', 'hangs') }),
  hold: fc.record({ do: fc.constant('hold') }),
  step: fc.record({ do: fc.constant('step'), queue }),
  release: fc.record({ do: fc.constant('release') }),
  save: fc.record({ do: fc.constant('save'), keys: fc.boolean() }),
  restore: fc.record({
    do: fc.constant('restore'),
    save: fc.nat(2),
    first: fc.constantFrom('ram', 'device'),
    into: fc.constantFrom('same', 'fresh'),
    json: fc.boolean(),
  }),
  backend: fc.record({ do: fc.constant('backend'), choice: backend }),
  settle: fc.record({ do: fc.constant('settle') }),
  ready: fc.record({ do: fc.constant('ready'), on: fc.boolean() }),
  end: fc.record({ do: fc.constant('end'), how: fc.constantFrom('remove', 'dispose') }),
} as const satisfies Record<string, fc.Arbitrary<Step>>;

const inHandlers: fc.Arbitrary<Step> = weighted<Step>(
  [4, submit],
  [2, steps.notify],
  [2, steps.save],
  [2, steps.backend],
  [2, steps.resetQueue],
  [2, steps.reset],
  [1, steps.restore],
  [1, steps.settle],
  [1, steps.close],
  [1, steps.hold],
  [1, steps.release],
  [1, steps.work],
  [1, steps.lose],
  [1, steps.end],
);

const arm: fc.Arbitrary<Operation> = fc.record({
  do: fc.constant('arm'),
  on: fc.constantFrom('interrupt', 'interrupt', 'interrupt', 'write', 'event', 'held'),
  after: fc.nat(4),
  steps: fc.array(inHandlers, { maxLength: 3 }),
  throws: fc.boolean(),
});

const operation: fc.Arbitrary<Operation> = weighted<Operation>(
  [12, submit],
  [8, steps.work],
  [5, fc.record({ do: fc.constant('turn') })],
  [4, arm],
  [3, steps.save],
  [3, steps.restore],
  [3, steps.resetQueue],
  [2, steps.open],
  [2, steps.notify],
  [2, steps.advance],
  [2, steps.lose],
  [2, steps.step],
  [2, steps.backend],
  [2, fc.record({ do: fc.constant('quiesce') })],
  [1, steps.close],
  [1, steps.hold],
  [1, steps.release],
  [1, steps.enable],
  [1, steps.reset],
  [1, steps.start],
  [1, steps.settle],
  [1, steps.break],
  [1, steps.pause],
  [1, steps.renegotiate],
  [1, steps.ready],
  [1, steps.end],
  [1, fc.record({ do: fc.constant('starting'), how: fc.constantFrom('well', 'with an error', 'never') })],
);

export const lives: fc.Arbitrary<readonly Operation[]> = fc.array(operation, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});
