// The places of the virtio structures in BAR 0 (4.1.4). They fit in 256 bytes, because PCI limits an I/O BAR to that size.
import { CONFIG_BYTES } from '../../../spec/crypto.ts';
import { COMMON_BYTES } from '../../../spec/virtio_pci.ts';

/** The BAR of the virtio structures, and that of the MSI-X table and its pending bits. */
export const STRUCTURES_BAR = 0;
export const MSIX_BAR = 1;

export const IO_BAR_BYTES = 256;
/** One page, so that a host can map the BAR alone. */
export const MEMORY_BAR_BYTES = 4096;

/** Each structure: its offset in the BAR and its length in bytes. */
export const COMMON = { offset: 0x00, bytes: COMMON_BYTES };
export const ISR = { offset: 0x40, bytes: 1 };
/** One register serves all queues (notify_off_multiplier is 0): the driver writes the queue's index to it. */
export const NOTIFY = { offset: 0x44, bytes: 4 };
export const NOTIFY_OFF_MULTIPLIER = 0;
export const DEVICE = { offset: 0x48, bytes: CONFIG_BYTES };

/** Offsets of the capabilities in the configuration space, in the order of their list. */
export const CAP_COMMON_AT = 0x40;
export const CAP_NOTIFY_AT = 0x50;
export const CAP_ISR_AT = 0x64;
export const CAP_DEVICE_AT = 0x74;
export const CAP_PCI_CFG_AT = 0x84;
export const CAP_MSIX_AT = 0x98;
