/** The PCI register model, for emulators other than v86. */
export { type AccessSize, type PciState, VirtioPci } from './pci.ts';
export { PciConfigWindow, WINDOW_DATA_AT, WINDOW_DATA_BYTES } from './window.ts';
