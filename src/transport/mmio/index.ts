/** The MMIO register model, for emulators that map devices into memory. */
export { type AccessSize, type MmioState, VirtioMmio } from './mmio.ts';
