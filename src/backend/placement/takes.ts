// Feeds stepsOf(): the size from which each place takes a session's requests, by the choice of backend.
import { PLACE_ENGINE, PLACE_HOST, PLACE_WEBCRYPTO, PLACE_WORKERS } from '../../../spec/engine.ts';
import type { Depth } from '../../engine/depth.ts';
import type { BackendName, RequestCosts } from '../contract.ts';
import type { SessionAlgorithms } from './session_fields.ts';
import type { Takes } from './steps.ts';
import { defaultThresholds, guestThresholds, HOST_ALWAYS, type HostKind } from './tables.ts';
import type { PacedAlgorithm, Thresholds, ThresholdTable } from './thresholds.ts';

/** What is known of a session when it is placed. */
export interface PlacedSession {
  algorithms: SessionAlgorithms;
  /** Whether WebCrypto computes what the session asks for in the same way. */
  isSubtle: boolean;
}

/** Gives the size from which each place takes a session's requests, at a depth. */
export type Feed = (session: PlacedSession, depth: Depth) => Takes;

/** The part of a choice of backend that says where requests run. */
export interface FeedChoice {
  backend: BackendName;
  thresholds?: Thresholds;
  guestInThread: boolean;
  learn: boolean;
  costs?: readonly RequestCosts[];
}

/** The result of a choice of backend. */
export interface Placing {
  feed: Feed;
  /** Whether costs are learned from the requests that run. The feed then gives the steps as long as nothing is known. */
  learns: boolean;
  /** What was measured before. */
  known?: readonly RequestCosts[];
  /** Whether there is any session whose requests workers take. */
  needsWorkers: boolean;
}

/** @param kind the host's own cryptography; undefined: it has none */
export function placingOf(
  { backend, thresholds, guestInThread, learn, costs }: FeedChoice,
  kind: HostKind | undefined,
): Placing {
  switch (backend) {
    case 'inline':
      return { feed: () => ({}), learns: false, needsWorkers: false };
    case 'workers':
      // Workers take every request of a session that has a named algorithm.
      return {
        feed: ({ algorithms }) => (isNamed(algorithms) ? { workers: 1 } : {}),
        learns: false,
        needsWorkers: true,
      };
    case 'host':
      return { feed: byTables({ host: HOST_ALWAYS, workers: {} }, kind), learns: false, needsWorkers: false };
    case 'auto': {
      const tables = thresholds ?? (guestInThread ? guestThresholds(kind) : defaultThresholds(kind));
      const needsWorkers = Object.keys(tables.workers).length > 0;
      const learns = learn && thresholds === undefined;
      return { feed: byTables(tables, kind), learns, needsWorkers, ...(learns && costs && { known: costs }) };
    }
  }
}

const isNamed = ({ cipher, digest }: SessionAlgorithms): boolean => cipher !== undefined || digest !== undefined;

/** The places (PLACE_*) that can run a session's requests, the engine first. */
export function placesFor({ algorithms, isSubtle }: PlacedSession, kind: HostKind | undefined): number[] {
  const { cipher, digest } = algorithms;
  const isOfHost = (cipher !== undefined && cipher in HOST_ALWAYS) || (digest !== undefined && digest in HOST_ALWAYS);
  return [
    PLACE_ENGINE,
    ...(kind === 'node:crypto' && isOfHost ? [PLACE_HOST] : []),
    ...(isNamed(algorithms) ? [PLACE_WORKERS] : []),
    ...(kind === 'webcrypto' && isSubtle ? [PLACE_WEBCRYPTO] : []),
  ];
}

function byTables({ host, workers }: Thresholds, kind: HostKind | undefined): Feed {
  return ({ algorithms, isSubtle }, depth) => {
    const takes: { -readonly [place in keyof Takes]: Takes[place] } = {};
    const byWorkers = sizesOf(workers, algorithms, depth);
    if (byWorkers.length > 0) takes.workers = Math.min(...byWorkers);
    const byHost = sizesOf(host, algorithms, depth);
    if (byHost.length === 0) return takes;
    // Both parts of a chain must gain, because the engine takes little longer for both parts than for one.
    if (kind === 'node:crypto') takes.host = Math.max(...byHost);
    if (kind === 'webcrypto' && isSubtle) takes.webcrypto = Math.min(...byHost);
    return takes;
  };
}

/** The sizes that a table has for a session: for its cipher, for its hash or MAC, and, if it has both, for chains. */
function sizesOf(table: ThresholdTable, { cipher, digest, decrypts }: SessionAlgorithms, depth: Depth): number[] {
  const names: (PacedAlgorithm | undefined)[] = [
    cipher === 'aes-cbc' && decrypts ? 'aes-cbc-decrypt' : cipher,
    digest,
    cipher && digest && 'chain',
  ];
  return names.map((name) => name && table[name]?.[depth]).filter((size) => size !== undefined);
}
