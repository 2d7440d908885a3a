/**
 * The reference driver: the guest's side of the device.
 * @module virtio-crypto-wasm/driver
 */
export type {
  AeadAlgorithm,
  AkcipherAlgorithm,
  AlgorithmName,
  CipherAlgorithm,
  HashAlgorithm,
  MacAlgorithm,
} from '../../spec/names.ts';
export type { ServiceName } from '../../spec/services.ts';
export {
  type AdminAnswer,
  type AdminCommand,
  AdminDriver,
  type AdminQualifier,
  type AdminStatus,
} from './admin/admin_driver.ts';
export type { DeviceConfig } from './config.ts';
export { CryptoDriver } from './driver.ts';
export { MmioTransport, type MmioWindow } from './mmio_transport.ts';
export type { DriverOptions } from './options.ts';
export type { PciFunction } from './pci_bus.ts';
export { type MsixMessage, PciTransport } from './pci_transport.ts';
export { BrokenQueueError, type Chain, type ChainBuffer, type DriverQueue, type Used } from './queue.ts';
export { type GuestRam, RamAllocator } from './ram.ts';
export type {
  AeadRequest,
  AkcipherOptions,
  ChainRequest,
  ChainResult,
  CipherRequest,
  HashRequest,
  IpsecRequest,
  MacRequest,
  OpenSession,
  RequestOptions,
  Result,
} from './requests.ts';
export { type RawRequest, type RawResult, RingDriver } from './ring_driver.ts';
export type { SessionParameters } from './sessions.ts';
export type { Status } from './status.ts';
export type { DriverTransport } from './transport.ts';
export type { Direction } from './wire.ts';
