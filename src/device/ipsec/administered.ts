import type { Administered } from '../admin/contract.ts';
import type { Offer } from '../offer.ts';
import { ipsecCapabilities, modeCapsOf } from './capabilities.ts';
import { saObjectTypes } from './sa_objects.ts';
import type { SaTable } from './sa_table.ts';

/**
 * What the administration queue of a crypto device manages: the security associations of its IPSEC service, and what the host adds.
 * @param associations undefined if the device does not offer the service
 */
export function administeredBy(
  offer: Offer,
  associations: SaTable | undefined,
  added: Administered = { capabilities: [], objectTypes: [] },
): Administered {
  if (!associations) return added;
  return {
    capabilities: [...ipsecCapabilities(associations.limit, modeCapsOf(offer)), ...added.capabilities],
    objectTypes: [...saObjectTypes(associations), ...added.objectTypes],
  };
}
