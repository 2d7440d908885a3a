// 2.7.10: a client that sends one request after the other is not asked for notifications while the daemon looks at its ring anyway.
import { afterEach, expect, test } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { LINGER_MS, Patience } from '../../src/transport/vhost-user/patience.ts';
import type { RawRing } from '../support/raw_ring.ts';
import { startedRing } from './support/started_ring.ts';

const VERSION_1 = 1n << BigInt(virtio.F_VERSION_1);
const EVENT_IDX = 1n << BigInt(virtio.F_EVENT_IDX);

let served: ReturnType<typeof startedRing>['served'] | undefined;
afterEach(() => served?.end());

function start(features: bigint) {
  const started = startedRing(features);
  served = started.served;
  return started;
}

test.each([
  ['event indices', VERSION_1 | EVENT_IDX, (ring: RawRing) => ring.availEvent !== ring.availIdx],
  ['flags', VERSION_1, (ring: RawRing) => ring.usedFlags === virtio.USED_F_NO_NOTIFY],
  ['features that are not known', 0n, (ring: RawRing) => ring.availEvent !== ring.availIdx],
] as const)('requests that follow each other need no event, with %s', (_, features, isQuiet) => {
  const { host, ring, kick } = start(features);
  const once = () => {
    ring.offer(0);
    kick();
  };
  once();
  let sent = 0;
  const quiet: boolean[] = [];
  host.onLook = () => {
    if (ring.usedIdx !== ring.availIdx || sent === 5) return;
    quiet.push(isQuiet(ring));
    if (!quiet.at(-1)) return;
    ring.offer(0);
    sent++;
  };
  once();
  expect(sent).toBe(5);
  expect(ring.usedIdx).toBe(7);
  host.onLook = () => {};
  expect(features & EVENT_IDX || !(features & VERSION_1) ? ring.availEvent === 7 : ring.usedFlags === 0).toBe(true);
});

test('a client that keeps a ring busy lets other work run: the ring goes on later', () => {
  const { host, ring, kick } = start(VERSION_1 | EVENT_IDX);
  ring.offer(0);
  kick();
  host.onLook = () => {
    if (ring.usedIdx === ring.availIdx) ring.offer(0);
  };
  let later = 0;
  host.onAgain = () => later++;
  ring.offer(0);
  kick();
  expect(later).toBe(1);
});

test('each time in vain doubles the events until the next trial, up to a limit; a request resets it', () => {
  const patience = new Patience();
  const trials: number[] = [];
  patience.left(0);
  for (let event = 0; event < 4000; event++) {
    if (patience.worthwhile(0)) {
      trials.push(event);
      patience.inVain();
    }
  }
  expect(trials.slice(0, 5)).toEqual([0, 2, 6, 14, 30]);
  expect((trials.at(-1) ?? 0) - (trials.at(-2) ?? 0)).toBe(1025);
  patience.rewarded();
  patience.inVain();
  expect([patience.worthwhile(0), patience.worthwhile(0)]).toEqual([false, true]);
});

test('a request after a long time is not waited for', () => {
  const patience = new Patience();
  expect(patience.worthwhile(0)).toBe(false);
  patience.left(1);
  expect(patience.worthwhile(1 + LINGER_MS)).toBe(true);
  expect(patience.worthwhile(2)).toBe(false);
});
