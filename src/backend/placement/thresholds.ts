import * as v from 'valibot';
import {
  AEAD_ALGORITHMS,
  type AlgorithmName,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
} from '../../../spec/names.ts';
import type { Depth } from '../../engine/depth.ts';

/** Algorithms as far as their speed goes: CBC is serial in one direction alone, and a chain of any two of them has both to do. */
export type PacedAlgorithm = AlgorithmName | 'aes-cbc-decrypt' | 'chain';

/**
 * Content bytes from which a request goes elsewhere: where few are available at once; where many are, three or more, which the engine
 * runs side by side; and where a crowd is, 32 or more. Left out: never.
 */
export type Threshold = Partial<Record<Depth, number>>;
export type ThresholdTable = Readonly<Partial<Record<PacedAlgorithm, Threshold>>>;

/**
 * Where requests of the backend 'auto' run: in the host's own cryptography, in workers, or else in the engine. One whose size reaches the
 * thresholds of both goes where the threshold is the higher one.
 */
export interface Thresholds {
  host: ThresholdTable;
  workers: ThresholdTable;
}

/** The names of all algorithms that a session can have. */
export const ALGORITHMS: readonly AlgorithmName[] = [
  ...Object.keys(CIPHER_ALGORITHMS),
  ...Object.keys(HASH_ALGORITHMS),
  ...Object.keys(MAC_ALGORITHMS),
  ...Object.keys(AEAD_ALGORITHMS),
] as AlgorithmName[];

/** Thresholds that are none; the message says what is wrong with them, and where. */
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
 * Checks what is offered as thresholds, from a file say.
 * @throws ThresholdsError
 */
export function parseThresholds(given: unknown): Thresholds {
  const parsed = v.safeParse(Tables, given);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ThresholdsError(`thresholds: ${v.getDotPath(issue) ?? 'all of them'}: ${issue.message}.`);
  }
  return parsed.output;
}
