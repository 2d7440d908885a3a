import type { PacedAlgorithm } from '../../backend/placement/thresholds.ts';
import type { CaseName } from '../bench/cases.ts';

/** A case that is measured, the name that statistics() gives its sessions, and the algorithms whose speed goes with it. */
export interface Family {
  case: CaseName;
  sessions: string;
  algorithms: readonly PacedAlgorithm[];
}

export const FAMILIES: readonly Family[] = [
  { case: 'aes-128-cbc-encrypt', sessions: 'aes-cbc-128', algorithms: ['aes-cbc'] },
  { case: 'aes-128-cbc-decrypt', sessions: 'aes-cbc-128 decrypt', algorithms: ['aes-cbc-decrypt'] },
  { case: 'aes-128-ctr', sessions: 'aes-ctr-128', algorithms: ['aes-ctr', 'aes-ecb'] },
  { case: 'aes-128-xts-encrypt', sessions: 'aes-xts-256', algorithms: ['aes-xts'] },
  { case: 'aes-128-gcm-encrypt', sessions: 'gcm-128', algorithms: ['gcm'] },
  { case: 'chacha20-poly1305-encrypt', sessions: 'chacha20-poly1305-256', algorithms: ['chacha20-poly1305'] },
  { case: 'sha1', sessions: 'sha1', algorithms: ['sha1', 'hmac-sha1'] },
  { case: 'sha-256', sessions: 'sha-256', algorithms: ['sha-256', 'sha-224'] },
  { case: 'hmac-sha-256', sessions: 'hmac-sha-256', algorithms: ['hmac-sha-256', 'hmac-sha-224'] },
  { case: 'sha-512', sessions: 'sha-512', algorithms: ['sha-512', 'sha-384', 'hmac-sha-512', 'hmac-sha-384'] },
  { case: 'aes-128-cbc+hmac-sha-256', sessions: 'aes-cbc-128 hmac-sha-256', algorithms: ['chain'] },
];
