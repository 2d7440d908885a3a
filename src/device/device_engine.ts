import { SERVED, SERVICES } from '../../spec/services.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { EngineImports } from '../engine/instantiate.ts';
import type { GuestRam } from './guest_ram.ts';
import type { Offer } from './offer.ts';
import type { ResolvedOptions } from './options.ts';

/** A device's engine, and where its region stands in the memory that it works in. */
export interface DeviceEngine {
  engine: EngineExports;
  base: number;
}

/**
 * Makes the engine of a device: in a region that it adds to the memory, with the capacities that the options say, over the guest's
 * regions of now.
 * @throws RangeError when the memory cannot grow so far
 */
export function createDeviceEngine(
  ram: GuestRam,
  { dataQueues, queueSize, maxSessions, maxRequestBytes, limits }: ResolvedOptions,
  offer: Offer,
  imports: EngineImports,
): DeviceEngine {
  const engine = ram.instantiate(imports);
  const capacities = [dataQueues, queueSize, maxSessions, maxRequestBytes] as const;
  const base = ram.claimed.claim(engine.regionBytes(...capacities));
  engine.initialise(base, ...capacities);
  ram.tell(engine, base);
  for (const name of SERVED) engine.offer(base, SERVICES[name].number, offer.algorithms[name]);
  engine.limitKeys(base, limits.keyBytes);
  engine.reportWrites(base, imports.written ? 1 : 0);
  engine.reportRefusals(base, imports.refused ? 1 : 0);
  return { engine, base };
}
