/** The reference driver: the guest's side of the device. */
export {
  type CipherRequest,
  CryptoDriver,
  type DeviceConfig,
  type DriverOptions,
  type RawRequest,
  type RawResult,
  type Result,
} from './driver.ts';
export { MmioTransport, type MmioWindow } from './mmio_transport.ts';
export type { PciFunction } from './pci_bus.ts';
export { PciTransport } from './pci_transport.ts';
export type { Chain, ChainBuffer, DriverQueue, Used } from './queue.ts';
export { type GuestRam, RamAllocator } from './ram.ts';
export type { CipherAlgorithm, Direction, Status } from './requests.ts';
export type { DriverTransport } from './transport.ts';
