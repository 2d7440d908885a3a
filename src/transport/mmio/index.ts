/**
 * The MMIO register model, for emulators that map devices into memory.
 * @module virtio-crypto-wasm/mmio
 */
export { type AccessSize, type MmioState, VirtioMmio } from './mmio.ts';
