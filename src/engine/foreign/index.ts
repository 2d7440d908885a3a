/**
 * Guest memory that is no WebAssembly memory: another process's RAM that was mapped, say. Contents are copied once each way.
 * @module virtio-crypto-wasm/foreign
 */
import { PortAccess } from './access.ts';
import type { ForeignGuest } from './guest.ts';
import type { ForeignRegion, GuestMemoryPort } from './port.ts';

export type { ForeignAccess, ForeignGuest } from './guest.ts';
export { MappedMemory, type MappedRegion } from './mapped.ts';
export { type ForeignRegion, GuestMemoryError, type GuestMemoryPort } from './port.ts';

/**
 * What createCryptoDevice() takes for a guest whose memory a port reaches.
 * @param regions which guest-physical memory that is; CryptoDevice.setRegions() changes them later
 */
export function foreignGuest(port: GuestMemoryPort, regions: readonly ForeignRegion[]): ForeignGuest {
  return { port, regions, open: (checked) => new PortAccess(checked) };
}
