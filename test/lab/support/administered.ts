// What drivers need for administration commands: a device with security associations, and an object for one.
import { IPSEC_RESOURCE_CAP, IPSEC_SA_CAP, RESOURCE_CAP_BYTES } from '../../../spec/ipsec.ts';
import type { CryptoDriver } from '../../../src/driver/index.ts';
import type { BenchOptions } from '../../../src/testing/index.ts';
import { objectOf } from '../../ipsec/model.ts';
import { association } from '../../ipsec/rig.ts';

/** A device with room for associations. */
export const ROOM: BenchOptions = { securityAssociations: 4, features: { adminQueue: true } };
/** The object of an outbound association. */
export const OBJECT = objectOf(association(), 'outbound');

/** The driver uses all commands, and sets both capabilities as the device has them. */
export async function ready({ admin }: CryptoDriver): Promise<void> {
  await admin.useAll();
  for (const [id, bytes] of [
    [IPSEC_RESOURCE_CAP, RESOURCE_CAP_BYTES],
    [IPSEC_SA_CAP, 1024],
  ] as const) {
    const { result } = await admin.deviceCapability(id, bytes);
    await admin.setCapability(id, result);
  }
}
