/**
 * The PCI register model, for emulators other than v86.
 * @module virtio-crypto-wasm/pci
 */
export type { PciBar } from './config_space.ts';
export type { DeliverMessage } from './msix.ts';
export { type AccessSize, type PciOptions, type PciState, VirtioPci } from './pci.ts';
export { PciConfigWindow, WINDOW_DATA_AT, WINDOW_DATA_BYTES, type WindowedBar } from './window.ts';
