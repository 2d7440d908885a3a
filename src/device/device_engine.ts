import { SERVED, SERVICES } from '../../spec/services.ts';
import { keyBytesMax } from '../akcipher/rsa_key.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { EngineImports } from '../engine/instantiate.ts';
import type { GuestRam } from './guest_ram.ts';
import { SaTable } from './ipsec/sa_table.ts';
import type { Offer } from './offer.ts';
import type { ResolvedOptions } from './options.ts';

/** A device's engine, and the offset of its region in the engine's memory. */
export interface DeviceEngine {
  engine: EngineExports;
  base: number;
  /** The security associations, if the device offers the IPSEC service. */
  associations: SaTable | undefined;
}

/**
 * Makes the engine of a device. It adds a region to the memory, gives the engine the capacities of the options, and tells it the guest's
 * current regions.
 * @throws RangeError if the memory cannot grow that far
 */
export function createDeviceEngine(
  ram: GuestRam,
  { dataQueues, queueSize, maxSessions, maxRequestBytes, securityAssociations, limits }: ResolvedOptions,
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
  // A key passes through the engine's room for a request.
  engine.limitAkcipherKeys(base, Math.min(keyBytesMax(limits.modulusBits), maxRequestBytes));
  engine.reportWrites(base, imports.written ? 1 : 0);
  engine.reportRefusals(base, imports.refused ? 1 : 0);
  return { engine, base, associations: saTableOf(ram, engine, base, securityAssociations) };
}

/** Memory for so many security associations of each direction. undefined if there are none. */
function saTableOf(ram: GuestRam, engine: EngineExports, base: number, limit: number): SaTable | undefined {
  if (limit === 0) return undefined;
  const table = ram.claimed.claim(engine.saTableBytes(limit, limit) >>> 0);
  return new SaTable(engine, ram.memory, base, table, limit);
}
