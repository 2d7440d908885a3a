import * as crypto from '../../spec/crypto.ts';
import { SERVED, SERVICES, STATELESS_MODES } from '../../spec/services.ts';
import * as spec from '../../spec/virtio.ts';
import { checkObject, checkSwitch } from '../check.ts';
import type { Check } from './refusals.ts';

/** The optional features that a device offers (6, 5.9.3). A driver chooses among them. */
export interface FeatureOptions {
  /** VIRTIO_F_INDIRECT_DESC. Default true. */
  indirect?: boolean;
  /** VIRTIO_F_EVENT_IDX. Default true. */
  eventIdx?: boolean;
  /** VIRTIO_F_RING_PACKED. Drivers that know the packed ring prefer it to the split ring. Default false. */
  packed?: boolean;
  /** VIRTIO_F_IN_ORDER. Default true. */
  inOrder?: boolean;
  /** VIRTIO_F_NOTIFICATION_DATA. Default false, because it makes each notification wider and this device does not need the data. */
  notificationData?: boolean;
  /** VIRTIO_F_RING_RESET. Default true. */
  ringReset?: boolean;
  /** VIRTIO_F_SUSPEND (virtio 1.4): the driver may suspend the device. Drivers that do not know it leave it out. Default true. */
  suspend?: boolean;
  /**
   * VIRTIO_F_ADMIN_VQ (virtio 1.4): an administration queue, on PCI only. Default false, because the device has no capabilities of its own
   * that a driver could ask for.
   */
  adminQueue?: boolean;
  /** VIRTIO_F_ACCESS_PLATFORM. It has no effect, because emulated machines have no IOMMU. Default false. */
  accessPlatform?: boolean;
  /** VIRTIO_CRYPTO_F_REVISION_1 (5.9.3): the layout of requests without padding. No driver in the field uses it. Default true. */
  revision1?: boolean;
  /** VIRTIO_CRYPTO_F_*_STATELESS_MODE of each offered service (5.9.3). Only with revision1. Default true. */
  stateless?: boolean;
}

export type ResolvedFeatures = Required<FeatureOptions>;

/** The bit and the default of each feature. `stateless` has no bit here: its bits depend on the offered services. */
const FEATURES: Record<keyof FeatureOptions, { bit?: number; fallback: boolean }> = {
  indirect: { bit: spec.F_INDIRECT_DESC, fallback: true },
  eventIdx: { bit: spec.F_EVENT_IDX, fallback: true },
  packed: { bit: spec.F_RING_PACKED, fallback: false },
  inOrder: { bit: spec.F_IN_ORDER, fallback: true },
  notificationData: { bit: spec.F_NOTIFICATION_DATA, fallback: false },
  ringReset: { bit: spec.F_RING_RESET, fallback: true },
  suspend: { bit: spec.F_SUSPEND, fallback: true },
  adminQueue: { bit: spec.F_ADMIN_VQ, fallback: false },
  accessPlatform: { bit: spec.F_ACCESS_PLATFORM, fallback: false },
  revision1: { bit: crypto.F_REVISION_1, fallback: true },
  stateless: { fallback: true },
};

const bitOf = (number: number): bigint => 1n << BigInt(number);

/**
 * Fills in the defaults.
 * @throws TypeError that names an unknown feature, a value that is not a boolean, or features that are not an object
 */
export function resolveFeatures(options: FeatureOptions = {}): ResolvedFeatures {
  checkObject('features', options);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(FEATURES, name)) {
      throw new TypeError(`features.${name} is unknown: give ${Object.keys(FEATURES).join(', ')}.`);
    }
    checkSwitch(`features.${name}`, value);
  }
  const pick = (name: keyof FeatureOptions) => options[name] ?? FEATURES[name].fallback;
  return {
    indirect: pick('indirect'),
    eventIdx: pick('eventIdx'),
    packed: pick('packed'),
    inOrder: pick('inOrder'),
    notificationData: pick('notificationData'),
    ringReset: pick('ringReset'),
    suspend: pick('suspend'),
    adminQueue: pick('adminQueue'),
    accessPlatform: pick('accessPlatform'),
    revision1: pick('revision1'),
    stateless: pick('stateless'),
  };
}

/** The feature bits that a device with these features and services (bits of crypto_services) offers (2.2). */
export function offeredFeatures(features: ResolvedFeatures, services: number): bigint {
  let bits = bitOf(spec.F_VERSION_1);
  for (const name of Object.keys(FEATURES) as (keyof FeatureOptions)[]) {
    const { bit } = FEATURES[name];
    if (features[name] && bit !== undefined) bits |= bitOf(bit);
  }
  if (!features.revision1 || !features.stateless) return bits;
  for (const name of SERVED) {
    const { number, statelessMode } = SERVICES[name];
    if ((services >> number) & 1) bits |= bitOf(statelessMode);
  }
  return bits;
}

const NOT_OFFERED: Check = {
  check: 'features-offered',
  section: '2.2.2',
  message: 'the driver chose features that were not offered',
};
/** The device does not serve legacy drivers. */
const LEGACY: Check = {
  check: 'version_1',
  section: '6.2',
  message: 'the driver did not choose VIRTIO_F_VERSION_1',
};
const STATELESS_ALONE: Check = {
  check: 'stateless-revision_1',
  section: '5.9.3.1',
  message: 'the driver chose a stateless mode without VIRTIO_CRYPTO_F_REVISION_1',
};

/** The check that the driver's features fail; undefined if the device accepts them. */
export function failedCheck(driverFeatures: bigint, offered: bigint): Check | undefined {
  if ((driverFeatures & ~offered) !== 0n) return NOT_OFFERED;
  if (!hasFeature(driverFeatures, spec.F_VERSION_1)) return LEGACY;
  if (hasFeature(driverFeatures, crypto.F_REVISION_1)) return undefined;
  return STATELESS_MODES.some((mode) => hasFeature(driverFeatures, mode)) ? STATELESS_ALONE : undefined;
}

/** Whether the device accepts the driver's features. */
export function acceptable(driverFeatures: bigint, offered: bigint): boolean {
  return failedCheck(driverFeatures, offered) === undefined;
}

/** Whether a set of features has the bit with this number. */
export function hasFeature(features: bigint, bit: number): boolean {
  return (features & bitOf(bit)) !== 0n;
}
