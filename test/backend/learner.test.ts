// The learner, with a device that is a table of costs and a clock that the test turns.
import { beforeEach, expect, test } from 'vitest';
import {
  DEPTH_FEW,
  DEPTH_MANY,
  KIND_DEPTH,
  KIND_FAMILY,
  KIND_PLACE,
  KIND_ZEROS,
  PLACE_ENGINE,
  PLACE_FIRST_EXECUTOR,
  PLACE_HOST,
  PLACE_WORKERS,
  RAN_MIXED,
  TRY_NONE,
} from '../../spec/engine.ts';
import { Learner } from '../../src/backend/placement/learner.ts';
import type { Step } from '../../src/backend/placement/steps.ts';
import { numbers } from '../support/flight.ts';

/** Milliseconds of a request. */
type Cost = (place: number, bytes: number) => number;

/** A device whose requests cost what a function says. It has workers, which answer at once after their time. */
class Model {
  now = 1000;
  cost: Cost;
  placed = 0;
  workersWork = true;
  /** Whether a thread that was kept busy finds the workers' answers all at once. */
  atOnce = false;
  asked: number[] = [];
  /** Milliseconds of requests by the place they ran at. */
  readonly spent = new Map<number, number>();
  readonly learner: Learner;
  #try = TRY_NONE;
  #ran = 0;
  #steps: Step[] = [];
  readonly #family: number;
  readonly #prior: Step[];

  constructor(cost: Cost, prior: Step[], places: readonly number[] = [PLACE_ENGINE, PLACE_HOST, PLACE_WORKERS]) {
    this.cost = cost;
    this.#prior = prior;
    this.learner = new Learner({
      setTry: (place) => {
        this.#try = place;
      },
      ran: () => this.#ran,
      works: (place) => {
        this.asked.push(place);
        return place < PLACE_FIRST_EXECUTOR || this.workersWork;
      },
      place: () => {
        this.placed++;
        this.#write();
      },
    });
    const all = [prior, prior, prior];
    this.#family = this.learner.familyOf('some', all, () => ({ places, learnsWebCryptoForFew: true }));
    this.#write();
  }

  #write(): void {
    this.#steps = this.learner.steps(this.#family, DEPTH_MANY) ?? this.#prior;
  }

  placeOf(bytes: number): number {
    return this.#steps.findLast(({ from }) => from <= bytes)?.place ?? PLACE_ENGINE;
  }

  /** One notification with `requests` requests of `bytes` bytes. Returns the place. */
  notify(bytes: number, requests = 8, depth = DEPTH_MANY): number {
    const started = this.now;
    this.learner.before(0, started);
    const place = this.#try === TRY_NONE ? this.placeOf(bytes) : this.#try;
    this.#ran =
      (this.#family << KIND_FAMILY) | (depth << KIND_DEPTH) | (place << KIND_PLACE) | (Math.clz32(bytes) << KIND_ZEROS);
    const took = requests * this.cost(place, bytes);
    this.spent.set(place, (this.spent.get(place) ?? 0) + took);
    if (place >= PLACE_FIRST_EXECUTOR) {
      for (const record of numbers(requests)) this.learner.posted(record, this.#ran, started);
      this.now += 0.001;
      this.learner.after(0, started, this.now, requests);
      if (this.atOnce) this.now += took;
      for (const record of numbers(requests)) {
        this.now += this.atOnce ? 0.0001 : took / requests;
        this.learner.completed(record, this.now);
      }
    } else {
      this.now += took;
      this.learner.after(0, started, this.now, requests);
    }
    return place;
  }

  /** Notifications until requests have taken this many milliseconds. */
  work(milliseconds: number, bytes: number, requests = 8): void {
    for (const end = this.now + milliseconds; this.now < end; ) this.notify(bytes, requests);
  }

  /** Notifications that tell of mixed requests. */
  mix(): void {
    const started = this.now;
    this.learner.before(0, started);
    this.#ran = RAN_MIXED;
    this.now += 1;
    this.learner.after(0, started, this.now, 8);
  }
}

const byPlace =
  (engine: number, host: number, workers: number): Cost =>
  (place) =>
    [engine, host, workers][place] ?? expect.unreachable();

let model: Model;
beforeEach(() => {
  model = new Model(byPlace(0.02, 0.01, 0.04), []);
});

test.each([
  ['node:crypto', byPlace(0.02, 0.01, 0.04), PLACE_HOST],
  ['the engine', byPlace(0.01, 0.02, 0.04), PLACE_ENGINE],
  ['workers', byPlace(0.02, 0.03, 0.01), PLACE_WORKERS],
])('requests go to %s where that is cheapest', (_, cost, place) => {
  for (const prior of [[], [{ from: 1, place: PLACE_HOST }], [{ from: 1, place: PLACE_WORKERS }]]) {
    model = new Model(cost, prior);
    model.work(500, 4096);
    expect(model.placeOf(4096)).toBe(place);
  }
});

test('answers that a busy thread finds all at once took their time', () => {
  const cost = byPlace(1.2, 0.3, 0.65);
  model = new Model(cost, [{ from: 1, place: PLACE_HOST }]);
  model.atOnce = true;
  model.work(20_000, 1 << 20, 64);
  expect(model.asked).toContain(PLACE_WORKERS);
  expect(model.placeOf(1 << 20)).toBe(PLACE_HOST);
  expect(model.spent.get(PLACE_WORKERS)).toBeLessThan(20_000 / 20);
});

test('a place that becomes better or worse is noticed', () => {
  model.work(300, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_HOST);
  model.cost = byPlace(0.02, 0.2, 0.04);
  model.work(2000, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_ENGINE);
  model.cost = byPlace(0.02, 0.2, 0.005);
  model.work(5000, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_WORKERS);
});

test.each([16, 4096, 1 << 20])(
  'trials cost at most a hundredth of the time, after the first ones: %i bytes',
  (bytes) => {
    const each = bytes / 1e6 + 0.0002;
    model = new Model((place) => each * ([1, 10, 30][place] ?? 1), []);
    model.work(10_000, bytes);
    const wasted = (model.spent.get(PLACE_HOST) ?? 0) * 0.9 + (model.spent.get(PLACE_WORKERS) ?? 0) * (29 / 30);
    // Beyond the share: one trial of each place before its cost is known.
    expect(wasted).toBeLessThan(0.01 * 10_000 + 5 + 2 * 16 * 30 * each + 2 * 8 * 30 * each);
    expect(model.placeOf(bytes)).toBe(PLACE_ENGINE);
  },
);

test('a guest that alternates sizes gains no more than the share of trials', () => {
  model = new Model(
    (place, bytes) => (bytes / 1e6 + 0.001) * (place === PLACE_ENGINE ? 1 : 10),
    [],
    [PLACE_ENGINE, PLACE_HOST],
  );
  for (const round of numbers(100_000)) model.notify(16 << (round % 14), 1);
  const total = [...model.spent.values()].reduce((a, b) => a + b, 0);
  expect((model.spent.get(PLACE_HOST) ?? 0) * 0.9).toBeLessThan(0.01 * total + 5 + 5);
});

test('few requests do not go to workers for their speed, and not from them', () => {
  model = new Model(byPlace(0.02, 0.03, 0.001), [{ from: 1, place: PLACE_ENGINE }]);
  for (const _ of numbers(20_000)) expect(model.notify(4096, 1, DEPTH_FEW)).not.toBe(PLACE_WORKERS);
  expect(model.asked).not.toContain(PLACE_WORKERS);
});

test('workers are not asked for while requests have taken little time, or each takes little', () => {
  model = new Model(byPlace(0.02, 0.03, 0.01), []);
  model.work(19, 4096);
  expect(model.asked).not.toContain(PLACE_WORKERS);
  model = new Model(byPlace(0.0015, 0.03, 0.01), []);
  model.work(1000, 16);
  expect(model.asked).not.toContain(PLACE_WORKERS);
});

test('workers that cannot be started cost nothing', () => {
  model = new Model(byPlace(0.02, 0.03, 0.01), []);
  model.workersWork = false;
  model.work(1000, 4096);
  expect(model.asked).toContain(PLACE_WORKERS);
  expect(model.spent.has(PLACE_WORKERS)).toBe(false);
});

test('a clock that stands still, or goes back, changes nothing, and learning goes on with it', () => {
  model = new Model(() => 0, [{ from: 1, place: PLACE_ENGINE }]);
  for (const _ of numbers(10_000)) expect(model.notify(4096)).toBe(PLACE_ENGINE);
  model.cost = () => -0.01;
  for (const _ of numbers(10_000)) expect(model.notify(4096)).toBe(PLACE_ENGINE);
  model.cost = byPlace(0.02, 0.01, 0.04);
  model.work(500, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_HOST);
  model.now -= 100_000;
  model.cost = byPlace(0.01, 0.04, 0.04);
  model.work(3000, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_ENGINE);
});

test('notifications with several kinds of requests teach nothing', () => {
  for (const _ of numbers(1000)) model.mix();
  expect(model.placed).toBe(0);
  expect(model.learner.steps(1, DEPTH_MANY)).toBeUndefined();
});

test('requests that are forgotten are not waited for', () => {
  model = new Model(byPlace(0.02, 0.03, 0.01), [{ from: 1, place: PLACE_WORKERS }]);
  model.work(100, 4096);
  for (const record of numbers(8)) model.learner.posted(100 + record, 0, model.now);
  model.learner.forget();
  for (const record of numbers(8)) model.learner.completed(100 + record, model.now);
  model.cost = byPlace(0.005, 0.03, 0.05);
  model.work(3000, 4096);
  expect(model.placeOf(4096)).toBe(PLACE_ENGINE);
});

test('the families are bounded', () => {
  const family = (name: string) =>
    model.learner.familyOf(name, [[], [], []], () => ({ places: [PLACE_ENGINE], learnsWebCryptoForFew: false }));
  expect(
    numbers(300)
      .map((index) => family(`family ${index}`))
      .filter((number) => number === 0).length,
  ).toBe(300 - 255);
  expect(family('family 0')).toBe(2);
});

test('few requests do not go to workers, whatever was measured before', () => {
  const known = [PLACE_ENGINE, PLACE_WORKERS].map((place) => ({ size: 13, place, milliseconds: 1 / (1 + place) }));
  const number = model.learner.familyOf('known', [[], [], []], () => ({
    places: [PLACE_ENGINE, PLACE_WORKERS],
    learnsWebCryptoForFew: true,
    known: [known, known, []],
  }));
  expect(model.learner.steps(number, DEPTH_FEW)).toEqual([]);
  expect(model.learner.steps(number, DEPTH_MANY)).toContainEqual({ from: 4096, place: PLACE_WORKERS });
  expect(model.learner.steps(number, DEPTH_MANY + 1)).toBeUndefined();
});
