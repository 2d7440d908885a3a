import { DECLINING_HOST, type HostCryptography } from '../engine/host.ts';
import { NodeHost, nodeCrypto } from './host_node.ts';
import { EVERY_SIZE } from './thresholds.ts';

/** Where requests run: in the engine at once, or in the host's own cryptography, where that can do the same. */
export const BACKENDS = ['inline', 'host'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Pieces of work that ran elsewhere than in the engine: the cipher, hash, MAC or AEAD of one request. */
export interface BackendCounts {
  host: number;
}

/** What a device's engine calls, and what it has been called for. */
export interface Backend {
  readonly host: HostCryptography;
  counts(): BackendCounts;
}

/**
 * Checks a choice of backend.
 * @throws RangeError that names what there is
 */
export function resolveBackend(name: BackendName = 'inline'): BackendName {
  if (!BACKENDS.includes(name)) throw new RangeError(`backend is ${String(name)}: give ${BACKENDS.join(' or ')}.`);
  return name;
}

/** The backend of a device whose engine runs in `memory`. Where the host has no cryptography, that is the engine alone. */
export function createBackend(name: BackendName, memory: WebAssembly.Memory): Backend {
  const crypto = name === 'host' ? nodeCrypto() : undefined;
  if (!crypto) return { host: DECLINING_HOST, counts: () => ({ host: 0 }) };
  const host = new NodeHost(crypto, memory, EVERY_SIZE);
  return { host, counts: () => ({ host: host.operations }) };
}
