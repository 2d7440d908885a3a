// The wire of "Virtio Over PCI Bus" (4.1), compiled by tsc and by asc alike.

export const PCI_VENDOR_ID = 0x1af4;
/** Modern device ids are 0x1040 + the virtio device id (4.1.2.1). */
export const PCI_DEVICE_ID_BASE = 0x1040;

/** Offsets in the PCI configuration header (PCI Local Bus Specification 3.0, 6.1). */
export const PCI_COMMAND = 0x04;
export const PCI_STATUS = 0x06;
export const PCI_REVISION = 0x08;
export const PCI_CLASS = 0x09;
export const PCI_CACHE_LINE_SIZE = 0x0c;
export const PCI_LATENCY_TIMER = 0x0d;
export const PCI_BAR0 = 0x10;
export const PCI_SUBSYSTEM_VENDOR = 0x2c;
export const PCI_SUBSYSTEM_ID = 0x2e;
export const PCI_CAPABILITIES = 0x34;
export const PCI_INTERRUPT_LINE = 0x3c;
export const PCI_INTERRUPT_PIN = 0x3d;

/** Bits of the command and status registers (PCI 3.0, 6.2.2 and 6.2.3). */
export const PCI_COMMAND_IO = 0x0001;
export const PCI_COMMAND_MEMORY = 0x0002;
export const PCI_COMMAND_BUS_MASTER = 0x0004;
export const PCI_COMMAND_INTX_DISABLE = 0x0400;
export const PCI_STATUS_INTERRUPT = 0x0008;
export const PCI_STATUS_CAPABILITIES = 0x0010;

/** The MSI-X capability and its table (PCI 3.0, 6.8.2). */
export const PCI_CAP_ID_MSIX = 0x11;
export const MSIX_CONTROL = 2;
export const MSIX_TABLE = 4;
export const MSIX_PENDING = 8;
export const MSIX_CAP_BYTES = 12;
export const MSIX_CONTROL_TABLE_SIZE = 0x07ff;
export const MSIX_CONTROL_FUNCTION_MASK = 0x4000;
export const MSIX_CONTROL_ENABLE = 0x8000;
/** MSIX_TABLE and MSIX_PENDING hold a BAR in the lowest three bits and an offset in the other bits. */
export const MSIX_BAR_MASK = 7;
export const MSIX_VECTORS_MAX = 0x800;
export const MSIX_ENTRY_BYTES = 16;
export const MSIX_ENTRY_ADDRESS = 0;
export const MSIX_ENTRY_ADDRESS_HIGH = 4;
export const MSIX_ENTRY_DATA = 8;
export const MSIX_ENTRY_CONTROL = 12;
export const MSIX_ENTRY_MASKED = 1;

/** struct virtio_pci_cap (4.1.4 Virtio Structure PCI Capabilities). */
export const PCI_CAP_ID_VENDOR = 0x09;
export const CAP_VNDR = 0;
export const CAP_NEXT = 1;
export const CAP_LEN = 2;
export const CAP_CFG_TYPE = 3;
export const CAP_BAR = 4;
export const CAP_OFFSET = 8;
export const CAP_LENGTH = 12;
export const CAP_BYTES = 16;
/** Behind the notification capability: le32 notify_off_multiplier (4.1.4.4). */
export const CAP_NOTIFY_MULTIPLIER = 16;
export const CAP_NOTIFY_BYTES = 20;
/** Behind the PCI_CFG capability: the four-byte window (4.1.4.9). */
export const CAP_PCI_CFG_DATA = 16;
export const CAP_PCI_CFG_BYTES = 20;

export const CAP_TYPE_COMMON = 1;
export const CAP_TYPE_NOTIFY = 2;
export const CAP_TYPE_ISR = 3;
export const CAP_TYPE_DEVICE = 4;
export const CAP_TYPE_PCI_CFG = 5;

/** struct virtio_pci_common_cfg (4.1.4.3 Common configuration structure layout). */
export const COMMON_DEVICE_FEATURE_SELECT = 0x00;
export const COMMON_DEVICE_FEATURE = 0x04;
export const COMMON_DRIVER_FEATURE_SELECT = 0x08;
export const COMMON_DRIVER_FEATURE = 0x0c;
export const COMMON_CONFIG_MSIX_VECTOR = 0x10;
export const COMMON_NUM_QUEUES = 0x12;
export const COMMON_DEVICE_STATUS = 0x14;
export const COMMON_CONFIG_GENERATION = 0x15;
export const COMMON_QUEUE_SELECT = 0x16;
export const COMMON_QUEUE_SIZE = 0x18;
export const COMMON_QUEUE_MSIX_VECTOR = 0x1a;
export const COMMON_QUEUE_ENABLE = 0x1c;
export const COMMON_QUEUE_NOTIFY_OFF = 0x1e;
export const COMMON_QUEUE_DESC = 0x20;
export const COMMON_QUEUE_DRIVER = 0x28;
export const COMMON_QUEUE_DEVICE = 0x30;
/** With VIRTIO_F_RING_RESET. */
export const COMMON_QUEUE_RESET = 0x3a;
/** With VIRTIO_F_ADMIN_VQ (virtio 1.4). */
export const COMMON_ADMIN_QUEUE_INDEX = 0x3c;
export const COMMON_ADMIN_QUEUE_NUM = 0x3e;
export const COMMON_BYTES = 0x40;

/** No vector assigned (4.1.5.1.2 MSI-X Vector Configuration). */
export const MSI_NO_VECTOR = 0xffff;

/** ISR status bits (4.1.4.5 ISR status capability). */
export const ISR_QUEUE = 1;
export const ISR_CONFIG = 2;
