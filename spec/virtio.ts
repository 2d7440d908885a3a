// The wire of the virtio core (OASIS "Virtual I/O Device (VIRTIO) Version 1.3"), compiled by tsc and by asc alike.
// Values only: no code here may need an import, a class or a type that only one of the two compilers knows.

/** Device status bits (2.1 Device Status Field). */
export const STATUS_ACKNOWLEDGE = 1;
export const STATUS_DRIVER = 2;
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
/** virtio 1.4, with VIRTIO_F_SUSPEND. */
export const STATUS_SUSPEND = 16;
export const STATUS_DEVICE_NEEDS_RESET = 64;
export const STATUS_FAILED = 128;
/** All defined bits of the device status. */
export const STATUS_BITS = 0xdf;

/** Feature bits reserved for all devices (6 Reserved Feature Bits), as bit numbers. */
export const F_INDIRECT_DESC = 28;
export const F_EVENT_IDX = 29;
export const F_VERSION_1 = 32;
export const F_ACCESS_PLATFORM = 33;
export const F_RING_PACKED = 34;
export const F_IN_ORDER = 35;
export const F_NOTIFICATION_DATA = 38;
export const F_RING_RESET = 40;
/** virtio 1.4. */
export const F_ADMIN_VQ = 41;
export const F_SUSPEND = 43;

/** struct virtq_desc (2.7.5 The Virtqueue Descriptor Table). */
export const DESC_BYTES = 16;
export const DESC_ADDR = 0;
export const DESC_LEN = 8;
export const DESC_FLAGS = 12;
export const DESC_NEXT = 14;
export const DESC_F_NEXT = 1;
export const DESC_F_WRITE = 2;
export const DESC_F_INDIRECT = 4;
export const DESC_ALIGN = 16;

/** struct virtq_avail (2.7.6 The Virtqueue Available Ring); used_event follows the ring. */
export const AVAIL_FLAGS = 0;
export const AVAIL_IDX = 2;
export const AVAIL_RING = 4;
export const AVAIL_ELEM_BYTES = 2;
export const AVAIL_F_NO_INTERRUPT = 1;
export const AVAIL_ALIGN = 2;

/** struct virtq_used (2.7.8 The Virtqueue Used Ring); avail_event follows the ring. */
export const USED_FLAGS = 0;
export const USED_IDX = 2;
export const USED_RING = 4;
export const USED_ELEM_BYTES = 8;
export const USED_ELEM_ID = 0;
export const USED_ELEM_LEN = 4;
export const USED_F_NO_NOTIFY = 1;
export const USED_ALIGN = 4;

/** Both rings have an event index of two bytes behind their elements (2.7.6, 2.7.8), even if it was not negotiated. */
export const RING_EVENT_BYTES = 2;

/** The largest queue. A split ring's size is a power of two (2.7), a packed ring's size is any number up to this (2.8). */
export const QUEUE_SIZE_MAX = 32768;

/** struct pvirtq_desc (2.8.13). Address and length have the same offsets as in a split descriptor. */
export const PACKED_DESC_ID = 12;
export const PACKED_DESC_FLAGS = 14;
export const PACKED_DESC_F_AVAIL = 0x80;
export const PACKED_DESC_F_USED = 0x8000;

/** struct pvirtq_event_suppress (2.8.14): offset and wrap counter of a descriptor, then flags. */
export const EVENT_SUPPRESS_BYTES = 4;
export const EVENT_SUPPRESS_OFFSET = 0;
export const EVENT_SUPPRESS_FLAGS = 2;
export const EVENT_SUPPRESS_ALIGN = 4;
export const EVENT_WRAP_BIT = 15;
export const EVENT_ENABLE = 0;
export const EVENT_DISABLE = 1;
export const EVENT_DESC = 2;
