/** An operation that is measured. */
export interface Case {
  /** As --json names it. */
  name: CaseName;
  direction: 'encrypt' | 'decrypt';
}
export type CaseName = 'aes-128-cbc-encrypt' | 'aes-128-cbc-decrypt';

export const CASES: readonly Case[] = [
  { name: 'aes-128-cbc-encrypt', direction: 'encrypt' },
  { name: 'aes-128-cbc-decrypt', direction: 'decrypt' },
];

export const DEFAULT_SIZES: readonly number[] = [16, 64, 256, 512, 1024, 4096, 16384];
export const DEFAULT_BATCHES: readonly number[] = [1, 64];

export const BLOCK_BYTES = 16;
const KEY_BYTES = 16;
const IV_BYTES = 16;

/** One row of the table: a case at a size, so many requests a notification. */
export interface Row {
  case: Case;
  bytes: number;
  batch: number;
}

export function rowsOf(sizes: readonly number[], batches: readonly number[]): Row[] {
  return CASES.flatMap((item) => sizes.flatMap((bytes) => batches.map((batch) => ({ case: item, bytes, batch }))));
}

/** A row's requests: one key, and an IV and a source each. Every process makes the same ones. */
export interface Workload extends Row {
  key: Uint8Array;
  requests: readonly { iv: Uint8Array; source: Uint8Array }[];
}

export function workloadOf(row: Row): Workload {
  const next = byteSource(row.bytes * 1024 + row.batch);
  const take = (length: number) => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = next();
    return bytes;
  };
  const key = take(KEY_BYTES);
  const requests = Array.from({ length: row.batch }, () => ({ iv: take(IV_BYTES), source: take(row.bytes) }));
  return { ...row, key, requests };
}

/** Bytes without a pattern: G. Marsaglia, "Xorshift RNGs" (2003). */
function byteSource(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
}
