import { F_EVENT_IDX, F_INDIRECT_DESC, F_VERSION_1 } from '../../spec/virtio.ts';

const bit = (number: number): bigint => 1n << BigInt(number);

/** Feature bits that the device offers (2.2). */
export const OFFERED_FEATURES: bigint = bit(F_INDIRECT_DESC) | bit(F_EVENT_IDX) | bit(F_VERSION_1);

/**
 * Whether a driver's choice can be accepted (2.2.2): a subset of what was offered, with VIRTIO_F_VERSION_1, since only
 * non-transitional drivers are served (6.2).
 */
export function acceptable(driverFeatures: bigint, offered: bigint): boolean {
  return (driverFeatures & ~offered) === 0n && (driverFeatures & bit(F_VERSION_1)) !== 0n;
}
