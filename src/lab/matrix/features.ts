import type { BenchOptions } from '../../testing/index.ts';

interface FeatureSet {
  /** What is negotiated, in words. */
  about: string;
  options: Pick<BenchOptions, 'layout' | 'features' | 'driver'>;
}

/** What device and driver negotiate, by name. */
export const FEATURE_SETS = {
  default: {
    about: 'indirect descriptors, event indices, and the layout of requests that drivers in the field have',
    options: {},
  },
  revision1: {
    about: 'VIRTIO_CRYPTO_F_REVISION_1, with stateless modes offered',
    options: { layout: 'revision1' },
  },
  'in-order': { about: 'VIRTIO_F_IN_ORDER', options: { driver: { inOrder: true } } },
  direct: {
    about: 'neither indirect descriptors nor event indices',
    options: { features: { indirect: false, eventIdx: false } },
  },
  'notification-data': { about: 'VIRTIO_F_NOTIFICATION_DATA', options: { features: { notificationData: true } } },
} as const satisfies Record<string, FeatureSet>;

/** The name of a set in FEATURE_SETS. */
export type FeatureSetName = keyof typeof FEATURE_SETS;
