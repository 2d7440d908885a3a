/**
 * Guest memory that is not a WebAssembly memory, for example the mapped RAM of another process. The content of a request is copied once to
 * the engine and once back.
 * @module virtio-crypto-wasm/foreign
 */
import type { WasmMemory } from '../webassembly.ts';
import { PortAccess } from './access.ts';
import type { ForeignGuest } from './guest.ts';
import type { ForeignRegion, GuestMemoryPort } from './port.ts';

export type { ForeignAccess, ForeignGuest } from './guest.ts';
export { MappedMemory, type MappedRegion } from './mapped.ts';
export { type ForeignRegion, GuestMemoryError, type GuestMemoryPort } from './port.ts';

/**
 * Makes the `guest` option of createCryptoDevice() for a guest whose memory is reached through a port.
 * @param regions the guest-physical memory that the port reaches. CryptoDevice.setRegions() changes them later
 * @param memory the engine's memory, for hosts that map regions into it. The device grows it. Default: a new one
 */
export function foreignGuest(
  port: GuestMemoryPort,
  regions: readonly ForeignRegion[],
  memory?: WasmMemory,
): ForeignGuest {
  return { port, regions, open: (checked) => new PortAccess(checked, memory) };
}
