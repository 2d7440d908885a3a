// The one place that says where a request runs: a session's steps, from the sizes at which each place takes its requests.
import {
  PLACE_ENGINE,
  PLACE_HOST,
  PLACE_WEBCRYPTO,
  PLACE_WORKERS,
  SESSION_STEPS,
  STEP_BYTES,
  STEP_FROM,
  STEP_NEVER,
  STEP_PLACE,
  STEPS_BYTES,
  STEPS_MAX,
} from '../../../spec/engine.ts';

/** The places beside the engine, with the numbers that the engine uses for them. */
export const PLACES = { host: PLACE_HOST, workers: PLACE_WORKERS, webcrypto: PLACE_WEBCRYPTO } as const;
export type Place = keyof typeof PLACES;

/** Source bytes from which each place takes a session's requests, at least 1; left out: it takes none. */
export type Takes = Readonly<Partial<Record<Place, number>>>;

/** From `from` bytes of source on, until the next step, requests run at `place` (PLACE_*). */
export interface Step {
  from: number;
  place: number;
}

/**
 * Near 1 MiB Chromium asks the system for each buffer's pages, and WebCrypto falls to 0.4 of its speed. From here on requests go to
 * workers, if these take the session's requests.
 */
export const WEBCRYPTO_BELOW = 917504;

/** On a tie, the later place in this list has the request. */
const ORDER: readonly Place[] = ['host', 'workers', 'webcrypto'];

/**
 * The place of a request with `bytes` of source: of all places that take it, the one that begins to take requests at the largest size. A
 * place that starts late is the faster one from there on, because each place was compared with the engine.
 */
function placeAt(takes: Takes, bytes: number): number {
  let chosen: Place | undefined;
  for (const place of ORDER) {
    const from = takes[place];
    if (from === undefined || bytes < from) continue;
    if (chosen === undefined || from >= (takes[chosen] ?? 0)) chosen = place;
  }
  if (chosen === 'webcrypto' && bytes >= WEBCRYPTO_BELOW && bytes >= (takes.workers ?? STEP_NEVER)) chosen = 'workers';
  return chosen === undefined ? PLACE_ENGINE : PLACES[chosen];
}

/**
 * The steps of a session's requests at one depth: at most STEPS_MAX, ascending. A request that reaches none runs in the engine.
 */
export function stepsOf(takes: Takes): Step[] {
  const sizes = [takes.host, takes.workers, takes.webcrypto, WEBCRYPTO_BELOW].filter((size) => size !== undefined);
  const steps: Step[] = [];
  // No request is as large as STEP_NEVER, and no step could hold more.
  for (const from of sizes.filter((size) => size < STEP_NEVER).sort((a, b) => a - b)) {
    const place = placeAt(takes, from);
    if (place !== (steps.at(-1)?.place ?? PLACE_ENGINE)) steps.push({ from, place });
  }
  return steps;
}

/**
 * Writes a session's steps for one depth where the engine reads them.
 * @param memory a view of the whole memory that the session lies in
 * @param session the session's offset in that memory
 * @param depth the depth's number (DEPTH_*)
 */
export function writeSteps(memory: DataView, session: number, depth: number, steps: readonly Step[]): void {
  const start = session + SESSION_STEPS + depth * STEPS_BYTES;
  for (let index = 0; index < STEPS_MAX; index++) {
    const { from, place } = steps[index] ?? { from: STEP_NEVER, place: PLACE_ENGINE };
    memory.setUint32(start + index * STEP_BYTES + STEP_FROM, from, true);
    memory.setUint32(start + index * STEP_BYTES + STEP_PLACE, place, true);
  }
}
