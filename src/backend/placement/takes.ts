// What feeds stepsOf(): from which size on each place takes a session's requests, by a choice of backend.
import type { Depth } from '../../engine/depth.ts';
import type { BackendName } from '../contract.ts';
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

/** From which size on each place takes a session's requests, at a depth. */
export type Feed = (session: PlacedSession, depth: Depth) => Takes;

/** A choice of backend, as far as it says where requests run. */
export interface FeedChoice {
  backend: BackendName;
  thresholds?: Thresholds;
  guestInThread: boolean;
}

/** What a choice comes to. */
export interface Placing {
  feed: Feed;
  /** Whether workers take requests of any session. */
  needsWorkers: boolean;
}

/** @param kind whose cryptography there is beside the engine's */
export function placingOf({ backend, thresholds, guestInThread }: FeedChoice, kind: HostKind | undefined): Placing {
  switch (backend) {
    case 'inline':
      return { feed: () => ({}), needsWorkers: false };
    case 'workers':
      // Every request that has something to work on.
      return {
        feed: ({ algorithms: { cipher, digest } }) => (cipher || digest ? { workers: 1 } : {}),
        needsWorkers: true,
      };
    case 'host':
      return { feed: byTables({ host: HOST_ALWAYS, workers: {} }, kind), needsWorkers: false };
    case 'auto': {
      const tables = thresholds ?? (guestInThread ? guestThresholds(kind) : defaultThresholds(kind));
      return { feed: byTables(tables, kind), needsWorkers: Object.keys(tables.workers).length > 0 };
    }
  }
}

function byTables({ host, workers }: Thresholds, kind: HostKind | undefined): Feed {
  return ({ algorithms, isSubtle }, depth) => {
    const takes: { -readonly [place in keyof Takes]: Takes[place] } = {};
    const byWorkers = sizesOf(workers, algorithms, depth);
    if (byWorkers.length > 0) takes.workers = Math.min(...byWorkers);
    const byHost = sizesOf(host, algorithms, depth);
    if (byHost.length === 0) return takes;
    // Both parts of a chain have to be worth it: the engine takes little longer for two than for one.
    if (kind === 'node:crypto') takes.host = Math.max(...byHost);
    if (kind === 'webcrypto' && isSubtle) takes.webcrypto = Math.min(...byHost);
    return takes;
  };
}

/** What a table says of a session: of its cipher, of its hash or MAC, and, if it has both, of chains. */
function sizesOf(table: ThresholdTable, { cipher, digest, decrypts }: SessionAlgorithms, depth: Depth): number[] {
  const names: (PacedAlgorithm | undefined)[] = [
    cipher === 'aes-cbc' && decrypts ? 'aes-cbc-decrypt' : cipher,
    digest,
    cipher && digest && 'chain',
  ];
  return names.map((name) => name && table[name]?.[depth]).filter((size) => size !== undefined);
}
