import { MAC_KEY_BYTES, type Row } from './cases.ts';

/** What one request brings: an IV, of no bytes where its algorithm has none, and a source. */
export interface WorkloadRequest {
  iv: Uint8Array;
  source: Uint8Array;
}

/** A row's requests: one key, and an IV and a source each. Every process makes the same ones. */
export interface Workload extends Row {
  /** Of no bytes for a hash. */
  key: Uint8Array;
  /** A chain's second key, else of no bytes. */
  macKey: Uint8Array;
  requests: readonly WorkloadRequest[];
}

export function workloadOf(row: Row): Workload {
  const { case: item, bytes, batch } = row;
  const next = byteSource(bytes * 1024 + batch);
  const take = (length: number) => {
    const taken = new Uint8Array(length);
    for (let i = 0; i < length; i++) taken[i] = next();
    return taken;
  };
  const key = take('keyBytes' in item ? item.keyBytes : 0);
  const macKey = take(item.service === 'chain' ? MAC_KEY_BYTES : 0);
  const ivBytes = 'ivBytes' in item ? item.ivBytes : 0;
  const requests = Array.from({ length: batch }, () => ({ iv: take(ivBytes), source: take(bytes) }));
  return { ...row, key, macKey, requests };
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
