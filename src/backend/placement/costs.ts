// What requests cost at each place, as measured while they ran.
import { PLACE_ENGINE, STEPS_MAX } from '../../../spec/engine.ts';
import type { Step } from './steps.ts';

/** Classes of sizes. Class 0 has sources of 0 bytes, and class c has those from 2^(c-1) bytes to less than 2^c. */
export const SIZE_CLASSES = 33;

/** The class of requests with so many source bytes. */
export const classOf = (bytes: number): number => SIZE_CLASSES - 1 - Math.clz32(bytes);

/** The least number of source bytes in a class. */
export const leastOf = (size: number): number => (size === 0 ? 0 : 2 ** (size - 1));

/** The cost of one request of a class at a place. */
interface Cost {
  milliseconds: number;
  /** The same, of the latest few samples alone. */
  recent: number;
  samples: number;
}

/** A cost that was measured before: milliseconds of one request of a class at a place. */
export interface KnownCost {
  size: number;
  place: number;
  milliseconds: number;
}

/** The first sample of a place may be of code that V8 has not compiled yet. So one sample is not enough. */
const SAMPLES_MIN = 2;
/** Each later sample counts this much. So about ten samples replace what was known. Samples of trials are rare, and count more. */
const WEIGHT = 1 / 8;
const RECENT_WEIGHT = 1 / 2;
const TRIAL_WEIGHT = 1 / 2;
/** A processor's slow times are at most so much slower than its usual times. */
const PHASE_MAX = 2;
/** After this many samples V8 has compiled what runs often. */
const STEADY_SAMPLES = 12;
/** A sample counts as at most this many times what was known, and at least this part of it. */
const SURPRISE_MAX = 2;
/** Another place has to be cheaper by this factor. Without it, two places of about the same cost would take turns. */
const BETTER = 0.97;

/** What requests of one family cost at one depth. */
export class Costs {
  /** By place, then by class. */
  readonly #costs = new Map<number, (Cost | undefined)[]>();
  /** The place that was chosen for each class by measurement. */
  readonly #chosen: (number | undefined)[] = Array.from({ length: SIZE_CLASSES }, () => undefined);
  /** Milliseconds that requests of each class took. */
  readonly #busy: number[] = Array.from({ length: SIZE_CLASSES }, () => 0);
  /** Milliseconds of the driver between two requests of a class. They pass beside an executor's work, and after all other work. */
  readonly #between: number[] = Array.from({ length: SIZE_CLASSES }, () => 0);
  #prior: readonly Step[] = [];

  /** Sets the steps to take as long as nothing is known. */
  setPrior(prior: readonly Step[]): void {
    this.#prior = prior;
  }

  /** Takes costs that were measured before. Called after setPrior(), and before the first sample. */
  begin(known: readonly KnownCost[]): void {
    for (const { size, place, milliseconds } of known) {
      for (let sample = 0; sample < SAMPLES_MIN; sample++) this.#add(size, place, milliseconds);
    }
    for (const { size } of known) this.#choose(size, this.placeOf(size));
  }

  /** Whether anything was measured. */
  get known(): boolean {
    return this.#costs.size > 0;
  }

  /** Adds a sample of the place that requests of a class go to. Returns whether they go to another place from now on. */
  observe(size: number, place: number, milliseconds: number): boolean {
    const usual = this.placeOf(size);
    const cost = this.#costs.get(place)?.[size];
    if (!cost) {
      this.#add(size, place, milliseconds);
      return this.#choose(size, usual);
    }
    const before = cost.milliseconds;
    take(cost, milliseconds, WEIGHT);
    const recent = nearer(cost.recent, milliseconds, RECENT_WEIGHT);
    cost.recent = Math.min(Math.max(recent, cost.milliseconds / PHASE_MAX), PHASE_MAX * cost.milliseconds);
    // A processor has fast and slow times. They change the costs of all places alike.
    if (place === usual) this.#scale(size, place, cost.milliseconds / before);
    return this.#choose(size, usual);
  }

  /**
   * Adds a sample of another place, which was tried. It is compared with what the usual place took just before. Returns whether requests
   * of the class go to another place from now on.
   */
  observeTrial(size: number, place: number, milliseconds: number): boolean {
    const usual = this.placeOf(size);
    const { milliseconds: known = 1, recent = 1 } = this.#costs.get(usual)?.[size] ?? {};
    const sample = milliseconds * (known / recent);
    const cost = this.#costs.get(place)?.[size];
    if (cost) take(cost, sample, TRIAL_WEIGHT);
    else this.#add(size, place, sample);
    return this.#choose(size, usual);
  }

  observeBetween(size: number, milliseconds: number): void {
    const before = this.#between[size] ?? 0;
    this.#between[size] = before + WEIGHT * (milliseconds - before);
  }

  between(size: number): number {
    return this.#between[size] ?? 0;
  }

  /** Counts time that requests of a class took. */
  spend(size: number, milliseconds: number): void {
    this.#busy[size] = (this.#busy[size] ?? 0) + milliseconds;
  }

  /** Milliseconds of a request of a class at a place; undefined as long as it is not known. */
  cost(size: number, place: number): number | undefined {
    const cost = this.#costs.get(place)?.[size];
    return cost && cost.samples >= SAMPLES_MIN ? cost.milliseconds : undefined;
  }

  /** The same, once it does not change quickly any more. */
  steady(size: number, place: number): number | undefined {
    const cost = this.#costs.get(place)?.[size];
    return cost && cost.samples >= STEADY_SAMPLES ? cost.milliseconds : undefined;
  }

  /** The same, or what the line through the costs of the two nearest classes says. */
  expected(size: number, place: number): number | undefined {
    return this.cost(size, place) ?? this.#byLine(size, place);
  }

  /** The place of a class: as measured, or as the lines of all measured places say, or as before. */
  placeOf(size: number): number {
    return this.#chosen[size] ?? this.#placeByLines(size) ?? this.#priorOf(size);
  }

  /** The steps of all classes: at most STEPS_MAX. If there are more, the classes that took the least time go with their neighbours. */
  steps(): Step[] {
    const runs = [{ first: 0, place: this.placeOf(0), busy: 0 }];
    for (let size = 0; size < SIZE_CLASSES; size++) {
      const place = this.placeOf(size);
      const last = runs.at(-1);
      if (last && last.place === place) last.busy += this.#busy[size] ?? 0;
      else runs.push({ first: size, place, busy: this.#busy[size] ?? 0 });
    }
    while (changes(runs) > STEPS_MAX) {
      const least = runs.reduce((a, b) => (b.busy < a.busy ? b : a));
      const at = runs.indexOf(least);
      const after = runs[at + 1];
      if (at === 0 && after) after.first = 0;
      runs.splice(at, 1);
      joinEqual(runs);
    }
    const steps = runs.map(({ first, place }) => ({ from: leastOf(first), place }));
    return steps[0]?.place === PLACE_ENGINE ? steps.slice(1) : steps;
  }

  /** The measured classes, for people. */
  rows(): { size: number; place: number; milliseconds: ReadonlyMap<number, number> }[] {
    const rows = [];
    for (let size = 0; size < SIZE_CLASSES; size++) {
      const known = [...this.#costs.keys()].map((place) => [place, this.cost(size, place)] as const);
      const milliseconds = new Map(
        known.flatMap(([place, cost]) => (cost === undefined ? [] : [[place, cost] as const])),
      );
      if (milliseconds.size > 0) rows.push({ size, place: this.placeOf(size), milliseconds });
    }
    return rows;
  }

  #add(size: number, place: number, milliseconds: number): void {
    const costs = this.#costs.get(place) ?? [];
    this.#costs.set(place, costs);
    costs[size] = { milliseconds, recent: milliseconds, samples: (costs[size]?.samples ?? 0) + 1 };
  }

  #scale(size: number, usual: number, factor: number): void {
    for (const [place, costs] of this.#costs) {
      const cost = costs[size];
      if (cost && place !== usual) cost.milliseconds *= factor;
    }
  }

  /** @param before the place that the class had before the last sample */
  #choose(size: number, before: number): boolean {
    const own = this.cost(size, before);
    if (own === undefined) return false;
    const others = [...this.#costs.keys()].filter((place) => place !== before && this.cost(size, place) !== undefined);
    // As long as only one place is known, the prior may still change.
    if (others.length === 0) return false;
    let best = before;
    let least = BETTER * own;
    for (const place of others) {
      const cost = this.cost(size, place) ?? Number.POSITIVE_INFINITY;
      if (cost >= least) continue;
      best = place;
      least = cost;
    }
    this.#chosen[size] = best;
    return best !== before;
  }

  #priorOf(size: number): number {
    return this.#prior.findLast(({ from }) => from <= leastOf(size))?.place ?? PLACE_ENGINE;
  }

  /** The cheapest place by lines, if at least two places have one and the prior's place is one of them. */
  #placeByLines(size: number): number | undefined {
    const lines = [...this.#costs.keys()].flatMap((place) => {
      const expected = this.expected(size, place);
      return expected === undefined ? [] : [{ place, expected }];
    });
    if (lines.length < 2 || !lines.some(({ place }) => place === this.#priorOf(size))) return undefined;
    return lines.reduce((a, b) => (b.expected < a.expected ? b : a)).place;
  }

  #byLine(size: number, place: number): number | undefined {
    const known = (this.#costs.get(place) ?? [])
      .flatMap((cost, at) =>
        cost && cost.samples >= SAMPLES_MIN ? [{ at, bytes: leastOf(at), cost: cost.milliseconds }] : [],
      )
      .sort((a, b) => Math.abs(a.at - size) - Math.abs(b.at - size));
    const [near, far] = known;
    if (!near || !far) return undefined;
    const perByte = Math.max(0, (far.cost - near.cost) / (far.bytes - near.bytes));
    return Math.max(0, near.cost + perByte * (leastOf(size) - near.bytes));
  }
}

/** Adds a sample. The least of the first samples counts, because V8 may not have compiled the code before. */
function take(cost: Cost, milliseconds: number, weight: number): void {
  if (cost.samples < SAMPLES_MIN) cost.milliseconds = Math.min(cost.milliseconds, milliseconds);
  else cost.milliseconds = nearer(cost.milliseconds, milliseconds, weight);
  cost.samples++;
}

/**
 * What was known, moved towards a sample: by a part of their ratio, which counts at most SURPRISE_MAX. So a sample in which the thread was
 * interrupted, by whatever time, changes little, and as many samples above as below hold the figure where it is.
 */
function nearer(known: number, sample: number, weight: number): number {
  const ratio = Math.min(Math.max(sample / known, 1 / SURPRISE_MAX), SURPRISE_MAX);
  return known * ratio ** weight;
}

/** Number of steps that runs take: a first run in the engine takes none. */
function changes(runs: readonly { place: number }[]): number {
  return runs.length - (runs[0]?.place === PLACE_ENGINE ? 1 : 0);
}

function joinEqual(runs: { place: number; busy: number }[]): void {
  for (let at = runs.length - 1; at > 0; at--) {
    const [before, run] = [runs[at - 1], runs[at]];
    if (!before || !run || before.place !== run.place) continue;
    before.busy += run.busy;
    runs.splice(at, 1);
  }
}
