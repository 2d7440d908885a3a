import {
  DEFERRED_BYTES,
  DEFERRED_KIND,
  PLACE_ENGINE,
  PLACE_WORKERS,
  PLACEMENT_RAN,
  PLACEMENT_TRY,
  SESSION_FAMILY,
  SESSION_KEY_LEN,
  SESSION_PLACES,
} from '../../../spec/engine.ts';
import { DEPTHS, type Depth } from '../../engine/depth.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';
import type { RequestBackend, RequestCosts } from '../contract.ts';
import { classOf, type KnownCost, leastOf } from './costs.ts';
import { Learner } from './learner.ts';
import { sessionAlgorithms } from './session_fields.ts';
import { type Place, type Step, stepsOf, type Takes, writeSteps } from './steps.ts';
import type { HostKind } from './tables.ts';
import { type PlacedSession, type Placing, placesFor } from './takes.ts';

/** The names of places by their numbers. The engine has none: it always works. */
const NAMES: readonly (Place | undefined)[] = [undefined, 'host', 'workers', 'webcrypto'];

function backendAt(place: number): RequestBackend {
  if (place === PLACE_ENGINE) return 'inline';
  return place === PLACE_WORKERS ? 'workers' : 'host';
}

/** A step whose place does not work yet, or not any more. */
const inEngine = ({ from }: Step): Step => ({ from, place: PLACE_ENGINE });

/** What a placer needs of its backend. */
export interface PlacerParts {
  memory: WasmMemory;
  placing: Placing;
  /** The host's own cryptography; undefined: it has none. */
  kind: HostKind | undefined;
  guestInThread: boolean;
  /** Whether WebCrypto computes what a session asks for in the same way. */
  isSubtle(view: DataView, session: number): boolean;
  /** Whether a place works now. An executor that has not started is started. */
  works(place: Place): boolean;
  /** Writes the steps of all open sessions again. */
  placeAll(): void;
}

/** Says where each session's requests run: as the feed says or, once costs are known, as they say. */
export class Placer {
  /** Learns the costs; undefined if nothing is learned. */
  readonly learner: Learner | undefined;
  readonly #parts: PlacerParts;
  /** Address of what the host learns of a notification (PLACEMENT_*); 0 before the device exists. */
  #at = 0;
  #view = new DataView(new ArrayBuffer(0));

  constructor(parts: PlacerParts) {
    this.#parts = parts;
    if (!parts.placing.learns) return;
    this.learner = new Learner({
      setTry: (place) => this.#now().setUint32(this.#at + PLACEMENT_TRY, place, true),
      ran: () => this.#now().getUint32(this.#at + PLACEMENT_RAN, true),
      works: (place) => this.#worksAt(place),
      place: () => parts.placeAll(),
    });
  }

  /** Called once the device exists. */
  begin(at: number): void {
    this.#at = at;
  }

  /** Writes where a session's requests run (SESSION_STEPS, SESSION_FAMILY, SESSION_PLACES). */
  place(session: number): void {
    const { kind, isSubtle, placing } = this.#parts;
    const view = this.#now();
    const placed = { algorithms: sessionAlgorithms(view, session), isSubtle: isSubtle(view, session) };
    const prior = DEPTHS.map((depth) => stepsOf(this.#atWork(placing.feed(placed, depth))));
    const places = placesFor(placed, kind);
    const family = this.learner ? this.#familyOf(this.learner, view, session, placed, places, prior) : 0;
    for (const [depth, steps] of prior.entries()) {
      const learned = this.learner
        ?.steps(family, depth)
        ?.map((step) => (this.#worksAt(step.place) ? step : inEngine(step)));
      writeSteps(view, session, depth, learned ?? steps);
    }
    view.setUint32(session + SESSION_FAMILY, family, true);
    view.setUint32(
      session + SESSION_PLACES,
      family === 0 ? 0 : places.reduce((mask, place) => mask | (1 << place), 0),
      true,
    );
  }

  #worksAt(place: number): boolean {
    const name = NAMES[place];
    return name === undefined || this.#parts.works(name);
  }

  /** Keeps the takes of the places that work now. */
  #atWork(takes: Takes): Takes {
    const { works } = this.#parts;
    return {
      ...(takes.host !== undefined && works('host') && { host: takes.host }),
      ...(takes.workers !== undefined && works('workers') && { workers: takes.workers }),
      ...(takes.webcrypto !== undefined && works('webcrypto') && { webcrypto: takes.webcrypto }),
    };
  }

  /**
   * Called when a record of a deferred request has been posted.
   * @param table address of the records
   */
  posted(record: number, table: number, now: number): void {
    this.learner?.posted(record, this.#now().getUint32(table + record * DEFERRED_BYTES + DEFERRED_KIND, true), now);
  }

  /** What was learned, in the order in which sessions were opened. */
  costs(): RequestCosts[] {
    const families = this.learner?.families ?? [];
    return families.flatMap(({ name, costs }) =>
      DEPTHS.flatMap((depth, number) =>
        (costs[number]?.rows() ?? []).map(({ size, place, milliseconds }) => ({
          algorithms: name,
          depth,
          bytes: leastOf(size),
          place: backendAt(place),
          microseconds: Object.fromEntries([...milliseconds].map(([at, cost]) => [backendAt(at), 1000 * cost])),
        })),
      ),
    );
  }

  #familyOf(
    learner: Learner,
    view: DataView,
    session: number,
    placed: PlacedSession,
    places: readonly number[],
    prior: readonly Step[][],
  ): number {
    const { cipher, digest, decrypts } = placed.algorithms;
    const bits = (offset: number) => 8 * view.getUint32(session + offset, true);
    const parts = [cipher && `${cipher}-${bits(SESSION_KEY_LEN)}`, cipher && decrypts && 'decrypt', digest];
    const name = parts.filter((part) => part).join(' ');
    if (name === '') return 0;
    return learner.familyOf(name, prior, () => ({
      places,
      learnsWebCryptoForFew: !this.#parts.guestInThread,
      known: DEPTHS.map((depth) => this.#known(name, depth, places)),
    }));
  }

  /** What was measured before of a family's requests at a depth, as far as its places are here. */
  #known(name: string, depth: Depth, places: readonly number[]): KnownCost[] {
    const rows = this.#parts.placing.known?.filter((row) => row.algorithms === name && row.depth === depth) ?? [];
    return rows.flatMap(({ bytes, microseconds }) =>
      places.flatMap((place) => {
        const cost = microseconds[backendAt(place)];
        return cost === undefined ? [] : [{ size: classOf(bytes), place, milliseconds: cost / 1000 }];
      }),
    );
  }

  /** A view of the memory as it is now: growing replaces its ArrayBuffer. */
  #now(): DataView {
    const { buffer } = this.#parts.memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
  }
}
