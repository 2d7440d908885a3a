// What a transport needs of a device, and nothing else. PCI, MMIO and every further transport are written against this interface: a
// transport turns its own registers or messages into these calls, and knows no cryptography.
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { GuestRegion } from '../engine/memory.ts';
import type { InterruptHandler, QueuePositions, SaveOptions } from './contract.ts';
import type { QueueRegisters } from './queue_registers.ts';
import type { DeviceState } from './state.ts';

/** The device-specific configuration space (2.5, 5.9.5), byte by byte. A driver writes none of it. */
export interface ConfigurationRegisters {
  /** Changes with the contents (2.5.3): a driver that reads a field in two halves compares it before and after. */
  readonly generation: number;
  /** The byte at `offset`; 0 where there is none. */
  byte(offset: number): number;
}

/**
 * A virtio device as its transport sees it. The order of calls is the driver's, and may be wrong: each method says what the device
 * ignores. Nothing here throws for what a driver does; what throws is a mistake of the host.
 *
 * A driver initialises a device in this order (3.1.1): status, features, status again with FEATURES_OK, the registers of each queue and
 * enableQueue(), status with DRIVER_OK, and from then on notify().
 */
export interface DeviceRegisters {
  // Features (2.2).

  /** Feature bits 0 to 63 that the device offers. They never change. */
  readonly offeredFeatures: bigint;
  /** Feature bits that the driver has chosen so far. */
  readonly driverFeatures: bigint;
  /** The driver chooses features, 32 at a time: `word` 0 or 1. Ignored once FEATURES_OK stands. */
  writeDriverFeatures(word: number, value: number): void;

  // Status (2.1).

  /** The device status field. DEVICE_NEEDS_RESET among its bits is the device's own. */
  readonly status: number;
  /** The driver writes the status field: 0 resets the device (2.4); FEATURES_OK is kept only if the features are acceptable. */
  writeStatus(value: number): void;

  // Virtqueues (2.6).

  /** The registers of each queue: the data queues, then the control queue. A transport writes them before it enables the queue. */
  readonly queues: readonly QueueRegisters[];
  /** The driver enables a queue: its size and addresses are checked now. Ignored before FEATURES_OK. */
  enableQueue(index: number): void;
  /** Whether the driver may reset queues one by one: VIRTIO_F_RING_RESET was negotiated (2.6.1). */
  readonly ringResetNegotiated: boolean;
  /** Resets one queue (2.6.1.1): it is disabled, and its registers are as after a device reset. */
  resetQueue(index: number): void;
  /** The driver made buffers available on a queue. Ignored before DRIVER_OK, and while a reset is needed. */
  notify(index: number): void;

  // Where the device stands in its queues: for transports whose driver saves and sets that (vhost-user's SET_VRING_BASE).

  /** What the device takes next from an enabled queue, and where it puts the next result (2.7, 2.8.1). */
  positions(index: number): QueuePositions;
  /** Puts the device there, in a queue that is enabled. Requests that are under way are completed first. */
  setPositions(index: number, positions: QueuePositions): void;

  // Configuration (2.5).

  readonly config: ConfigurationRegisters;

  // Interrupts (2.3).

  /** Names the one handler of interrupts. It is called when the call, or the timer, that caused the interrupt has done its work. */
  onInterrupt(handler: InterruptHandler): void;

  // Guest memory: for transports whose driver says where it is (vhost-user's SET_MEM_TABLE).

  /** Replaces the regions of guest RAM. Throws where the ring of a queue that is enabled would go. */
  setRegions(regions: readonly GuestRegion[] | readonly ForeignRegion[]): void;

  // Life.

  /** The machine was reset: as if the driver had written 0 to the status. */
  reset(): void;
  /** Takes the device out of a running machine. */
  remove(): void;
  /** Whether it was taken out: the transport then answers reads with all ones, and passes nothing on. */
  readonly removed: boolean;

  // Saved machines. A transport saves its own registers beside this.

  /** Completes the requests that are under way elsewhere, before this returns. */
  settle(): void;
  /** The device's state as plain data. */
  save(options?: SaveOptions): DeviceState;
  /** Takes over what save() answered. */
  restore(saved: unknown): void;
}
