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
export type { PciFunction } from './pci_bus.ts';
export { type GuestRam, RamAllocator } from './ram.ts';
export type { CipherAlgorithm, Direction, Status } from './requests.ts';
export type { Chain, ChainBuffer } from './split_queue.ts';
