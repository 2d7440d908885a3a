import * as v from 'valibot';
import {
  AEAD_ALGORITHMS,
  type AlgorithmName,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
} from '../../../spec/names.ts';
import type { Depth } from '../../engine/depth.ts';

/**
 * A key of a threshold table: an algorithm, or 'aes-cbc-decrypt' because CBC is serial in encryption only, or 'chain' for a session with a
 * cipher and a hash or MAC.
 */
export type PacedAlgorithm = AlgorithmName | 'aes-cbc-decrypt' | 'chain';

/**
 * Bytes of source from which a request leaves the engine, by the number of requests that are available at once: `few`, 1 or 2; `many`, 3
 * or more, which the engine runs side by side; `crowd`, 32 or more. A number that is left out means never.
 */
export type Threshold = Partial<Record<Depth, number>>;
export type ThresholdTable = Readonly<Partial<Record<PacedAlgorithm, Threshold>>>;

/**
 * Where requests of the backend 'auto' run. A request that reaches neither threshold runs in the engine. A request that reaches both
 * thresholds goes where the threshold is higher. The keys of both tables are names of algorithms, 'aes-cbc-decrypt' and 'chain'.
 */
export interface Thresholds {
  /** For the host's own cryptography: node:crypto, or WebCrypto. */
  host: ThresholdTable;
  /** For worker threads. */
  workers: ThresholdTable;
}

/** The names of all algorithms that a session can have. */
export const ALGORITHMS: readonly AlgorithmName[] = [
  ...Object.keys(CIPHER_ALGORITHMS),
  ...Object.keys(HASH_ALGORITHMS),
  ...Object.keys(MAC_ALGORITHMS),
  ...Object.keys(AEAD_ALGORITHMS),
] as AlgorithmName[];

/** Invalid thresholds. The message says what is wrong, and in which field. */
export class ThresholdsError extends Error {
  override name = 'ThresholdsError';
}

const bytes = v.optional(
  v.pipe(
    v.number(),
    v.check((least) => Number.isInteger(least) && least >= 1, 'Expected a whole number of bytes from 1'),
  ),
);
const Table = v.record(
  v.pipe(v.string(), v.check(isPaced, 'Expected the name of an algorithm')),
  v.strictObject({ few: bytes, many: bytes, crowd: bytes }),
);
const Tables = v.strictObject({ host: Table, workers: Table });

function isPaced(name: string): boolean {
  return name === 'aes-cbc-decrypt' || name === 'chain' || ALGORITHMS.some((known) => known === name);
}

/**
 * Checks thresholds, for example from a file.
 * @throws ThresholdsError that names the first wrong field
 */
export function parseThresholds(given: unknown): Thresholds {
  const parsed = v.safeParse(Tables, given);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ThresholdsError(`thresholds: ${v.getDotPath(issue) ?? 'all of them'}: ${issue.message}.`);
  }
  return parsed.output;
}
