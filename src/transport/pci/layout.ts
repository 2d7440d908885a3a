// Where the virtio structures stand in the device's one BAR (4.1.4). 256 bytes, so that the BAR may be an I/O BAR, which
// PCI limits to that size.
import { CONFIG_BYTES } from '../../../spec/crypto.ts';
import { COMMON_BYTES } from '../../../spec/virtio_pci.ts';

export const BAR_BYTES = 256;

/** Each structure: its offset in the BAR and its length in bytes. */
export const COMMON = { offset: 0x00, bytes: COMMON_BYTES };
export const ISR = { offset: 0x40, bytes: 1 };
/** One register serves all queues (notify_off_multiplier 0): the driver writes the queue's index there. */
export const NOTIFY = { offset: 0x44, bytes: 4 };
export const NOTIFY_OFF_MULTIPLIER = 0;
export const DEVICE = { offset: 0x48, bytes: CONFIG_BYTES };

/** Where the capabilities stand in the configuration space, in the order of their list. */
export const CAP_COMMON_AT = 0x40;
export const CAP_NOTIFY_AT = 0x50;
export const CAP_ISR_AT = 0x64;
export const CAP_DEVICE_AT = 0x74;
export const CAP_PCI_CFG_AT = 0x84;
