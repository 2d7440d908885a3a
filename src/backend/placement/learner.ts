// Learns where requests are cheapest while they run: takes the times of notifications and of deferred requests, and tries other places
// now and then.
import {
  DEPTH_FEW,
  DEPTHS,
  KIND_DEPTH,
  KIND_FAMILY,
  KIND_PLACE,
  KIND_ZEROS,
  PLACE_FIRST_EXECUTOR,
  PLACE_WEBCRYPTO,
  PLACE_WORKERS,
  RAN_MIXED,
  RAN_NOTHING,
  TRY_NONE,
} from '../../../spec/engine.ts';
import { Costs, type KnownCost, SIZE_CLASSES } from './costs.ts';
import { Flights } from './flights.ts';
import type { Step } from './steps.ts';

/** Sessions whose requests cost the same: those with the same algorithms, direction and lengths of keys. */
export interface Family {
  name: string;
  /** The places that can run its requests, the engine first. */
  places: readonly number[];
  /** Whether WebCrypto is tried, and left, although few requests are available. */
  learnsWebCryptoForFew: boolean;
  /** By depth. */
  costs: readonly Costs[];
}

/** A family before its first session, with the costs that were measured before, by depth. */
type NewFamily = Omit<Family, 'name' | 'costs'> & { known?: readonly (readonly KnownCost[])[] };

/** The kind of a request, as the engine says it in one number. */
interface Kind {
  /** The family's number. */
  number: number;
  family: Family;
  depth: number;
  place: number;
  size: number;
}

/** Something else is tried as long as it has cost at most this share of the time of all requests, and FIRST_TRIES_MS. */
const TRIES_SHARE = 0.01;
const FIRST_TRIES_MS = 5;
/** A place of which nothing is known is taken for this much dearer than the usual one. */
const GUESS = 1.5;
/** After a trial, a place is not tried again for a class before requests have taken this long; each time it has lost, twice as long. */
const AGAIN_MS = 10;
const DOUBLINGS_MAX = 6;
/** How much work lies between two looks for a trial that is due. */
const LOOK_MS = 1;
/** A request that takes less is not worth posting to an executor. Executors are tried, and started, only after this much work. */
const POSTING_MS = 0.002;
const EXECUTORS_AFTER_MS = 20;
/** A place that costs this much more has lost. */
const LOST = 1.1;
/** A sample has at least this much time in it, because clocks of browsers have steps of 5 to 100 µs. */
const SAMPLE_MS = 0.05;
/** After a sample, notifications are not looked at for this many times its length. */
const REST = 15;
/** A driver that takes longer than this, and longer than this many notifications, before it notifies again, was idle. */
const PAUSE_MS = 0.05;
const PAUSE_ROUNDS = 4;
const PLACES = 4;
/** The most notifications of a trial, and its most milliseconds: TRIAL_MS, or as long as a number of requests takes at its usual place. */
const TRIAL_ROUNDS_MAX = 1024;
const TRIAL_MS = 3;
const TRIAL_REQUESTS = 16;
/** A trial inside notifications is not measured before this time, because the code of node:crypto has to come into the processor's caches. */
const WARM_UP_MS = 0.4;
const TRIAL_SAMPLE_MS = 0.3;
/** Most families. Sessions of later families run as if nothing were learned. */
const FAMILIES_MAX = 256;

/** The parts of a device that its learner needs. */
export interface LearnerDevice {
  /** Sets the place that the next notification tries. */
  setTry(place: number): void;
  /** The kind of the last notification's data requests (PLACEMENT_RAN). */
  ran(): number;
  /** Whether a place works. An executor that does not work yet is started. */
  works(place: number): boolean;
  /** Writes the steps of all open sessions again. */
  place(): void;
}

/** Notifications of one kind in a row, which give a sample together. */
interface Row {
  kind: number;
  milliseconds: number;
  requests: number;
  rounds: number;
  between: number;
  followed: number;
}

interface Trial {
  queue: number;
  kind: Kind;
  place: number;
  began: number;
  /** The most milliseconds that it may take. */
  limit: number;
  /** Notifications so far, and their milliseconds. */
  rounds: number;
  spent: number;
  samples: number;
}

/** When a place may be tried again, in milliseconds of work, and how often it has lost in a row. */
interface Outlook {
  next: number;
  lost: number;
}

export class Learner {
  readonly #device: LearnerDevice;
  readonly #families: Family[] = [];
  readonly #byName = new Map<string, number>();
  readonly #outlooks = new Map<number, Outlook>();
  readonly #flights: Flights;
  #row: Row = emptyRow(RAN_NOTHING);
  /** When the last notification ended. */
  #ended = 0;
  /** Notifications that end from `#restFrom` to `#restUntil` are only counted, so that learning takes little time. */
  #restFrom = 0;
  #restUntil = 0;
  #rested = 0;
  /** Milliseconds of a notification, by the last sample. */
  #usual = 0;
  #trial: Trial | undefined;
  /** Milliseconds of all requests, and of these the milliseconds that trials have cost beyond the best place. */
  #busy = 0;
  #tries = 0;
  /** Trials are considered again when #busy has reached this. */
  #nextLook = 0;
  /** Whether steps have changed, when they were last written, and how long that took. */
  #stale = false;
  #placedAt = Number.NEGATIVE_INFINITY;
  #placing = 0;

  constructor(device: LearnerDevice) {
    this.#device = device;
    this.#flights = new Flights((kind, milliseconds, requests, drained) =>
      this.#landed(kind, milliseconds, requests, drained),
    );
  }

  /**
   * The number of the family with this name, which is made if there is none; 0 if there are too many.
   * @param prior the steps of each depth as long as nothing is known. They change when executors begin or end to work
   * @param make gives a new family, and by depth the costs that were measured before
   */
  familyOf(name: string, prior: readonly (readonly Step[])[], make: () => NewFamily): number {
    let number = this.#byName.get(name) ?? 0;
    if (number === 0) {
      if (this.#families.length >= FAMILIES_MAX) return 0;
      const { known, ...family } = make();
      const costs = prior.map((steps, depth) => {
        const own = new Costs();
        own.setPrior(steps);
        own.begin((known?.[depth] ?? []).filter(({ place }) => isLearned(family, depth, place)));
        return own;
      });
      this.#families.push({ name, ...family, costs });
      number = this.#families.length;
      this.#byName.set(name, number);
    }
    for (const [depth, steps] of prior.entries()) this.#families[number - 1]?.costs[depth]?.setPrior(steps);
    return number;
  }

  /** The steps of a family's requests at a depth; undefined if nothing is known. */
  steps(family: number, depth: number): Step[] | undefined {
    const costs = this.#families[family - 1]?.costs[depth];
    return costs?.known ? costs.steps() : undefined;
  }

  get families(): readonly Family[] {
    return this.#families;
  }

  /** Called before a notification of a data queue runs. */
  before(queue: number, now: number): void {
    const trial = this.#trial;
    if (!trial) return;
    if (isLate(trial, now)) this.#judge(trial, now);
    else this.#device.setTry(trial.queue === queue ? trial.place : TRY_NONE);
  }

  /** Called after the notification, which took from `started` to `ended` and ran `requests` requests. */
  after(queue: number, started: number, ended: number, requests: number): void {
    if (ended < this.#restUntil && ended >= this.#restFrom && !this.#trial) {
      this.#rested++;
      return;
    }
    if (this.#rested > 0) this.#busy += Math.min(this.#rested * this.#usual, Math.max(0, ended - this.#restFrom));
    this.#rested = 0;
    const kind = this.#device.ran();
    const trial = this.#trial;
    const milliseconds = ended - started;
    if (kind === RAN_NOTHING || kind === RAN_MIXED || milliseconds < 0) {
      this.#row.kind = RAN_NOTHING;
    } else {
      this.#busy += milliseconds;
      if (placeOf(kind) < PLACE_FIRST_EXECUTOR)
        this.#ran(kind, started, milliseconds, requests, trial?.queue === queue ? trial : undefined);
      if (trial?.queue === queue) this.#went(trial, kind, milliseconds, ended);
      else if (!trial && this.#busy >= this.#nextLook) this.#look(queue, kind, requests, ended);
    }
    this.#ended = ended;
    if (this.#stale) this.#place(ended);
  }

  /** Called when a deferred request of a kind is posted, and when it is completed at its place. */
  posted(record: number, kind: number, now: number): void {
    this.#flights.posted(record, kind, now);
  }

  completed(record: number, now: number): void {
    this.#flights.completed(record, now);
  }

  /** Called when requests under way are forgotten, or run elsewhere than at their place. */
  forget(): void {
    this.#flights.forget();
    this.#row = emptyRow(RAN_NOTHING);
    if (this.#trial) this.#device.setTry(TRY_NONE);
    this.#trial = undefined;
  }

  /** Takes the time of a notification whose requests ran in it. */
  #ran(kind: number, started: number, milliseconds: number, requests: number, trial: Trial | undefined): void {
    const row = this.#row;
    // Beside executors at work the engine has fewer cores. The first notification of a trial finds cold caches.
    if (this.#flights.underWay > 0 || (trial && trial.spent < WARM_UP_MS)) {
      this.#row = emptyRow(RAN_NOTHING);
      return;
    }
    if (row.kind === kind) {
      const pause = started - this.#ended;
      if (pause >= 0 && pause <= Math.max(PAUSE_MS, PAUSE_ROUNDS * milliseconds)) {
        row.between += pause;
        row.followed += requests;
      }
    } else {
      this.#row = emptyRow(kind);
    }
    this.#row.rounds++;
    this.#row.milliseconds += milliseconds;
    this.#row.requests += requests;
    if (this.#row.milliseconds < (trial ? TRIAL_SAMPLE_MS : SAMPLE_MS)) return;
    const { milliseconds: total, requests: count, rounds, between, followed } = this.#row;
    this.#row = emptyRow(RAN_NOTHING);
    this.#usual = total / rounds;
    this.#restFrom = started + milliseconds;
    if (!trial) this.#restUntil = this.#restFrom + REST * total;
    const { family, depth, place, size } = this.#kind(kind) ?? {};
    const costs = family?.costs[depth ?? DEPTH_FEW];
    if (!costs || size === undefined || place === undefined || count === 0) return;
    costs.spend(size, total);
    if (followed > 0) costs.observeBetween(size, between / followed);
    this.#observe(costs, size, place, total / count + costs.between(size), trial);
  }

  /** Takes the time of deferred requests. While some are under way all the time, the driver's own time passes beside them. */
  #landed(number: number, milliseconds: number, requests: number, drained: boolean): void {
    const kind = this.#kind(number);
    const costs = kind?.family.costs[kind.depth];
    if (!kind || !costs) return;
    this.#busy += milliseconds;
    costs.spend(kind.size, milliseconds);
    const each = milliseconds / requests + (drained ? costs.between(kind.size) : 0);
    const trial = this.#trial;
    const isTried =
      trial && trial.place === kind.place && trial.kind.size === kind.size && trial.kind.family === kind.family;
    this.#observe(costs, kind.size, kind.place, each, isTried ? trial : undefined);
  }

  #observe(costs: Costs, size: number, place: number, milliseconds: number, trial: Trial | undefined): void {
    if (trial) trial.samples++;
    const moves = trial ? costs.observeTrial(size, place, milliseconds) : costs.observe(size, place, milliseconds);
    if (moves) this.#stale = true;
  }

  /** Goes on with a trial, or ends it. */
  #went(trial: Trial, ran: number, milliseconds: number, now: number): void {
    trial.rounds++;
    trial.spent += milliseconds;
    const isTried = placeOf(ran) === trial.place;
    const isOver = trial.samples > 0 || trial.rounds >= TRIAL_ROUNDS_MAX || isLate(trial, now) || !isTried;
    if (isOver) this.#judge(trial, now);
  }

  #judge(trial: Trial, now: number): void {
    this.#trial = undefined;
    this.#device.setTry(TRY_NONE);
    const { family, depth, size } = trial.kind;
    const costs = family.costs[depth];
    const outlook = this.#outlookOf(trial.kind, trial.place);
    const best = costs?.cost(size, costs.placeOf(size));
    const tried = costs?.expected(size, trial.place);
    // A trial without a sample is counted as twice as slow.
    const ratio = best === undefined ? 1 : (tried ?? 2 * best) / best;
    const hasLost = ratio > LOST;
    outlook.lost = hasLost ? Math.min(outlook.lost + 1, DOUBLINGS_MAX) : 0;
    outlook.next = this.#busy + AGAIN_MS * 2 ** outlook.lost;
    // At most the whole time of the trial was lost.
    const elapsed = Math.max(0, now - trial.began);
    this.#tries += hasLost ? elapsed * (1 - 1 / ratio) : 0;
  }

  /** Begins a trial if one is due for requests like those that just ran. */
  #look(queue: number, number: number, ran: number, now: number): void {
    const kind = this.#kind(number);
    this.#nextLook = this.#busy + LOOK_MS;
    const costs = kind?.family.costs[kind.depth];
    if (!kind || !costs) return;
    // As long as the requests' own place is not known well, there is nothing to compare with.
    const best = costs.steady(kind.size, costs.placeOf(kind.size));
    if (best === undefined || kind.place !== costs.placeOf(kind.size)) return;
    const allowance = FIRST_TRIES_MS + TRIES_SHARE * this.#busy - this.#tries;
    if (!isLearned(kind.family, kind.depth, kind.place)) return;
    for (const place of kind.family.places) {
      if (place === kind.place || !isLearned(kind.family, kind.depth, place)) continue;
      if (isExecutor(place) && (best < POSTING_MS || this.#busy < EXECUTORS_AFTER_MS)) continue;
      const outlook = this.#outlookOf(kind, place);
      if (outlook.next > this.#busy) continue;
      const expected = costs.expected(kind.size, place) ?? GUESS * best;
      const requests = isExecutor(place)
        ? Math.max(TRIAL_REQUESTS, ran)
        : Math.max(2 * ran, (WARM_UP_MS + TRIAL_SAMPLE_MS) / expected);
      if (Math.max(0, expected - best) * requests > allowance || !this.#device.works(place)) {
        outlook.next = this.#busy + AGAIN_MS;
        continue;
      }
      this.#row = emptyRow(RAN_NOTHING);
      const limit = Math.max(TRIAL_MS, TRIAL_REQUESTS * best);
      this.#trial = { queue, kind, place, began: now, limit, rounds: 0, spent: 0, samples: 0 };
      return;
    }
  }

  /** Writes changed steps, but never for more than a hundredth of the time. */
  #place(now: number): void {
    // A clock that went back does not count as time.
    if (now >= this.#placedAt && now - this.#placedAt < 100 * this.#placing) return;
    this.#stale = false;
    this.#placedAt = now;
    this.#device.place();
  }

  /** Notes how long the device took to write all steps. */
  placed(milliseconds: number): void {
    this.#placing = Math.max(0, milliseconds);
  }

  #outlookOf(kind: Kind, place: number): Outlook {
    const key = ((kind.number * DEPTHS + kind.depth) * SIZE_CLASSES + kind.size) * PLACES + place;
    const known = this.#outlooks.get(key);
    if (known) return known;
    const outlook = { next: 0, lost: 0 };
    this.#outlooks.set(key, outlook);
    return outlook;
  }

  #kind(number: number): Kind | undefined {
    const family = this.#families[(number >>> KIND_FAMILY) - 1];
    if (!family) return undefined;
    const size = SIZE_CLASSES - 1 - ((number >>> KIND_ZEROS) & 63);
    return { number: number >>> KIND_FAMILY, family, depth: (number >>> KIND_DEPTH) & 3, place: placeOf(number), size };
  }
}

/** Few requests go to workers so that they do not keep the device's thread, whatever is faster. */
function isLearned(
  { learnsWebCryptoForFew }: Pick<Family, 'learnsWebCryptoForFew'>,
  depth: number,
  place: number,
): boolean {
  if (depth !== DEPTH_FEW) return true;
  return place !== PLACE_WORKERS && (place !== PLACE_WEBCRYPTO || learnsWebCryptoForFew);
}

const placeOf = (kind: number): number => (kind >>> KIND_PLACE) & 15;
const isExecutor = (place: number): boolean => place >= PLACE_FIRST_EXECUTOR;
/** A notification may take longer than a trial. So a trial has two at least: one to warm up, and one to be measured. */
const isLate = ({ rounds, began, limit }: Trial, now: number): boolean => rounds >= 2 && now - began > limit;
const emptyRow = (kind: number): Row => ({ kind, milliseconds: 0, requests: 0, rounds: 0, between: 0, followed: 0 });
