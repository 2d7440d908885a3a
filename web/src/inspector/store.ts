import { signal } from '@preact/signals';
import type { WorkCounts } from '../../../src/backend/contract.ts';
import type { TracedRequest } from '../../../src/trace/index.ts';
import type { VmView } from '../vm/protocol.ts';
import { alive, messageOf, vm } from '../vm/store.ts';
import { placesOf } from './places.ts';

export const view = signal<VmView | undefined>(undefined);
/** The last requests, newest first. */
export const requests = signal<readonly TracedRequest[]>([]);
/** Megabytes a second of all data queues, with the time of each figure. */
export const throughput = signal<{ times: readonly number[]; rates: readonly number[] }>({ times: [], rates: [] });
/** Work per second. */
export interface Rate {
  requests: number;
  MBps: number;
}
/** Rates by queue, since the previous look. */
export const rates = signal<readonly Rate[]>([]);
/** Rates by the name of the place where requests ran. */
export const placeRates = signal<ReadonlyMap<string, Rate>>(new Map());
export const problem = signal('');

/** The time between two looks. Each look takes some of the guest's time. */
const INTERVAL_MS = 400;
const REQUESTS_SHOWN = 50;
const POINTS = 120;

/** Looks at the device again and again until the returned function is called. */
export function watchDevice(): () => void {
  let ended = false;
  let serial = 0;
  let before: { at: number; view: VmView } | undefined;
  requests.value = [];
  throughput.value = { times: [], rates: [] };
  rates.value = [];
  placeRates.value = new Map();
  const look = async () => {
    const next = await vm().look(serial);
    const at = performance.now();
    serial = next.requests.at(-1)?.serial ?? serial;
    if (next.requests.length > 0) {
      requests.value = [...next.requests.toReversed(), ...requests.value].slice(0, REQUESTS_SHOWN);
    }
    if (before) note(before.view, next, at - before.at);
    before = { at, view: next };
    view.value = next;
  };
  const loop = async () => {
    while (!ended) {
      try {
        if (alive.value) await look();
        problem.value = '';
      } catch (error) {
        problem.value = messageOf(error);
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  };
  void vm()
    .watch(true)
    .then(loop, (error: unknown) => {
      problem.value = messageOf(error);
    });
  return () => {
    ended = true;
    // The machine may be gone by now, and its tracer too.
    if (alive.peek()) void vm().watch(false);
  };
}

function note(before: VmView, now: VmView, milliseconds: number): void {
  const rate = (counts: WorkCounts, old = counts): Rate => ({
    requests: (Math.max(0, counts.requests - old.requests) / milliseconds) * 1000,
    MBps: Math.max(0, counts.bytes - old.bytes) / milliseconds / 1000,
  });
  rates.value = now.counters.map((counters, queue) => rate(counters, before.counters[queue]));
  const placesBefore = new Map(placesOf(before).map((place) => [place.name, place]));
  placeRates.value = new Map(placesOf(now).map((place) => [place.name, rate(place, placesBefore.get(place.name))]));
  const dataQueues = rates.value.filter((_, queue) => now.counters[queue]?.kind === 'data');
  const total = dataQueues.reduce((sum, { MBps }) => sum + MBps, 0);
  throughput.value = {
    times: [...throughput.value.times, Date.now() / 1000].slice(-POINTS),
    rates: [...throughput.value.rates, total].slice(-POINTS),
  };
}
