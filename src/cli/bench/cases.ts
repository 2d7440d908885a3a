/** An operation that is measured, by its service (5.9.1); a chain encrypts and then makes a MAC of the ciphertext. */
export type Case = { /** As --json names it. */ name: CaseName } & (
  | {
      service: 'cipher';
      algorithm: 'aes-cbc' | 'aes-ctr' | 'aes-xts';
      direction: 'encrypt' | 'decrypt';
      keyBytes: number;
      ivBytes: number;
    }
  | { service: 'aead'; algorithm: 'gcm' | 'chacha20-poly1305'; direction: 'encrypt'; keyBytes: number; ivBytes: number }
  | { service: 'hash'; algorithm: 'sha-256' | 'sha-512' | 'sha1' }
  | { service: 'mac'; algorithm: 'hmac-sha-256'; keyBytes: number }
  | { service: 'chain'; algorithm: 'aes-cbc'; keyBytes: number; ivBytes: number; mac: 'hmac-sha-256' }
);

export const CASE_NAMES = [
  'aes-128-cbc-encrypt',
  'aes-128-cbc-decrypt',
  'aes-128-ctr',
  'aes-128-xts-encrypt',
  'aes-128-xts-decrypt',
  'aes-128-gcm-encrypt',
  'chacha20-poly1305-encrypt',
  'sha-256',
  'sha-512',
  'sha1',
  'hmac-sha-256',
  'aes-128-cbc+hmac-sha-256',
] as const;
export type CaseName = (typeof CASE_NAMES)[number];

const AES = { keyBytes: 16, ivBytes: 16 };
const XTS = { service: 'cipher', algorithm: 'aes-xts', keyBytes: 32, ivBytes: 16 } as const;
const CBC = { service: 'cipher', algorithm: 'aes-cbc', ...AES } as const;

const CASES: Record<CaseName, Case> = {
  'aes-128-cbc-encrypt': { name: 'aes-128-cbc-encrypt', ...CBC, direction: 'encrypt' },
  'aes-128-cbc-decrypt': { name: 'aes-128-cbc-decrypt', ...CBC, direction: 'decrypt' },
  'aes-128-ctr': { name: 'aes-128-ctr', service: 'cipher', algorithm: 'aes-ctr', ...AES, direction: 'encrypt' },
  'aes-128-xts-encrypt': { name: 'aes-128-xts-encrypt', ...XTS, direction: 'encrypt' },
  'aes-128-xts-decrypt': { name: 'aes-128-xts-decrypt', ...XTS, direction: 'decrypt' },
  'aes-128-gcm-encrypt': {
    name: 'aes-128-gcm-encrypt',
    service: 'aead',
    algorithm: 'gcm',
    direction: 'encrypt',
    keyBytes: 16,
    ivBytes: 12,
  },
  'chacha20-poly1305-encrypt': {
    name: 'chacha20-poly1305-encrypt',
    service: 'aead',
    algorithm: 'chacha20-poly1305',
    direction: 'encrypt',
    keyBytes: 32,
    ivBytes: 12,
  },
  'sha-256': { name: 'sha-256', service: 'hash', algorithm: 'sha-256' },
  'sha-512': { name: 'sha-512', service: 'hash', algorithm: 'sha-512' },
  sha1: { name: 'sha1', service: 'hash', algorithm: 'sha1' },
  'hmac-sha-256': { name: 'hmac-sha-256', service: 'mac', algorithm: 'hmac-sha-256', keyBytes: 32 },
  'aes-128-cbc+hmac-sha-256': {
    name: 'aes-128-cbc+hmac-sha-256',
    service: 'chain',
    algorithm: 'aes-cbc',
    ...AES,
    mac: 'hmac-sha-256',
  },
};

/** Length of a chain's MAC key. */
export const MAC_KEY_BYTES = 32;

/** Whether there is a case of that name. */
export function isCaseName(name: string): name is CaseName {
  return CASE_NAMES.some((known) => known === name);
}

export const BLOCK_BYTES = 16;

/** One row of a table: a case, its size in bytes, and the number of requests in a notification. */
export interface Row {
  case: Case;
  bytes: number;
  batch: number;
}

export const DEFAULT_SIZES: readonly number[] = [64, 1024, 16384];
export const DEFAULT_BATCHES: readonly number[] = [1, 4, 64];
/** Packets of the headline, and how many of them a notification has. */
export const PACKET_SIZES: readonly number[] = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];
export const PACKET_BATCH = 64;
export const PACKET_CASE: CaseName = 'aes-128-cbc+hmac-sha-256';
/** What the defaults have beside all cases at all sizes: the rings' own cost, and the packets. */
const MORE_ROWS: Partial<Record<CaseName, { sizes: readonly number[]; batch: number }>> = {
  'aes-128-cbc-encrypt': { sizes: [16], batch: 64 },
  'aes-128-cbc-decrypt': { sizes: [16], batch: 64 },
  [PACKET_CASE]: { sizes: PACKET_SIZES, batch: PACKET_BATCH },
};

/** Rows of the named cases, at each size and batch. */
export function rowsOf(
  names: readonly CaseName[],
  sizes: readonly number[] = DEFAULT_SIZES,
  batches: readonly number[] = DEFAULT_BATCHES,
): Row[] {
  return names.flatMap((name) =>
    sizes.flatMap((bytes) => batches.map((batch) => ({ case: CASES[name], bytes, batch }))),
  );
}

/** Rows of the named cases if the user chose no sizes and batches. */
export function defaultRows(names: readonly CaseName[] = CASE_NAMES): Row[] {
  return names.flatMap((name) => {
    const rows = rowsOf([name]);
    const { sizes = [], batch = 1 } = MORE_ROWS[name] ?? {};
    const more = rowsOf(
      [name],
      sizes.filter((bytes) => !DEFAULT_SIZES.includes(bytes)),
      [batch],
    );
    return [...rows, ...more].sort((a, b) => a.bytes - b.bytes || a.batch - b.batch);
  });
}
