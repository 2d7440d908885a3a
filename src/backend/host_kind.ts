import { nodeCrypto } from './node/host.ts';
import type { HostKind } from './placement/tables.ts';
import { subtleCrypto } from './webcrypto/subtle_work.ts';

/** Whose cryptography there is beside the engine's. */
export function hostKind(): HostKind | undefined {
  if (nodeCrypto()) return 'node:crypto';
  return subtleCrypto() ? 'webcrypto' : undefined;
}
