import type { FeatureOptions } from '../../../device/features.ts';

/** What a device offers to a guest's driver, which chooses among it, by name. The ring is an axis of its own. */
export const GUEST_FEATURES = {
  default: { about: 'what the device offers by default', features: {} },
  direct: {
    about: 'neither indirect descriptors nor event indices',
    features: { indirect: false, eventIdx: false },
  },
  qemu: {
    about: "what QEMU's device offers: no VIRTIO_F_IN_ORDER, no VIRTIO_F_SUSPEND, no VIRTIO_CRYPTO_F_REVISION_1",
    features: { inOrder: false, suspend: false, revision1: false, stateless: false },
  },
  'access-platform': {
    about: 'VIRTIO_F_ACCESS_PLATFORM: the driver maps its buffers as for hardware',
    features: { accessPlatform: true },
  },
  'notification-data': { about: 'VIRTIO_F_NOTIFICATION_DATA', features: { notificationData: true } },
  'admin-queue': { about: 'VIRTIO_F_ADMIN_VQ: an administration queue', features: { adminQueue: true } },
} as const satisfies Record<string, { about: string; features: FeatureOptions }>;

/** The name of a set in GUEST_FEATURES. */
export type GuestFeaturesName = keyof typeof GUEST_FEATURES;

/** The names of the sets. */
export const GUEST_FEATURE_NAMES = Object.keys(GUEST_FEATURES) as GuestFeaturesName[];
