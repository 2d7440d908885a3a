import type { Clock } from '../../clock.ts';
import type { CryptoDriver, DriverOptions, DriverTransport, GuestRam, RamAllocator } from '../../driver/index.ts';

/** The methods of a driver that the scenarios call. CryptoDriver of virtio-crypto-wasm/driver has them, and so has each class that extends it. */
export type LabDriver = Pick<
  CryptoDriver,
  | 'start'
  | 'stop'
  | 'interrupt'
  | 'cipher'
  | 'hash'
  | 'mac'
  | 'aead'
  | 'createSession'
  | 'destroySession'
  | 'cipherInSession'
>;

/** What a driver is made of. */
export interface DriverParts {
  /** The registers of the device. */
  transport: DriverTransport;
  ram: GuestRam;
  /** Gives guest memory for rings and buffers. */
  allocator: RamAllocator;
  /** The features that the driver is to accept. */
  options: DriverOptions;
  /** The driver's time. It passes when nothing else is left to do, so a driver that waits by another clock waits for real. */
  clock: Clock;
}

/** Makes a driver. The lab calls start(), and interrupt() when the device interrupts. */
export type MakeDriver = (parts: DriverParts) => LabDriver;
