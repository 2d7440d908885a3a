import type { EngineExports } from '../engine/exports.ts';
import type { EngineImports } from '../engine/instantiate.ts';
import { instantiateEngine } from '../engine/load.ts';
import { claimRegion, type GuestMemory } from '../engine/memory.ts';
import type { Offer } from './offer.ts';
import type { ResolvedOptions } from './options.ts';

/** A device's engine, and where its region stands in the memory that it works in. */
export interface DeviceEngine {
  engine: EngineExports;
  base: number;
}

/**
 * Makes the engine of a device: in a region that it adds to the memory, with the capacities that the options say, over the guest's
 * regions.
 * @throws RangeError when the memory cannot grow so far
 */
export function createDeviceEngine(
  { memory, regions }: GuestMemory,
  { dataQueues, queueSize, maxSessions, maxRequestBytes, limits }: ResolvedOptions,
  offer: Offer,
  imports: EngineImports,
): DeviceEngine {
  const engine = instantiateEngine(memory, imports);
  const capacities = [dataQueues, queueSize, maxSessions, maxRequestBytes] as const;
  const base = claimRegion(memory, engine.regionBytes(...capacities));
  engine.initialise(base, ...capacities);
  for (const { guestAddress, bytes, offset } of regions) {
    engine.addMemory(base, BigInt(guestAddress), BigInt(bytes), offset);
  }
  engine.offer(base, offer.services, offer.ciphers, offer.hashes, offer.macs, offer.aeads);
  engine.limitKeys(base, limits.keyBytes);
  engine.reportWrites(base, imports.written ? 1 : 0);
  return { engine, base };
}
