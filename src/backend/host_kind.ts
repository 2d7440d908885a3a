import { nodeCrypto } from './node/node_crypto.ts';
import type { HostKind } from './placement/tables.ts';
import { subtleCrypto } from './webcrypto/subtle_work.ts';

/** The host's own cryptography in this process, if there is any. */
export function hostKind(): HostKind | undefined {
  if (nodeCrypto()) return 'node:crypto';
  return subtleCrypto() ? 'webcrypto' : undefined;
}
