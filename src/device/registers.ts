// The interface between a device and its transport. PCI, MMIO and all further transports use only this: a transport turns its registers or
// messages into these calls, and knows no cryptography.
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { GuestRegion } from '../engine/memory.ts';
import type { InterruptHandler, QueuePositions, SaveOptions } from './contract.ts';
import type { QueueRegisters } from './queue_registers.ts';
import type { DeviceState } from './state.ts';

/** The device configuration space (2.5, 5.9.5), byte by byte. A driver cannot write it. */
export interface ConfigurationRegisters {
  /** Changes with the contents (2.5.3). A driver that needs several reads compares it before and after. 0 to 255. */
  readonly generation: number;
  /** The byte at `offset`; 0 if there is none. */
  byte(offset: number): number;
}

/**
 * A virtio device as its transport sees it. The driver decides the order of the calls, and may do so wrongly: each method says which calls
 * the device ignores. No method throws because of a driver's mistake. Errors are mistakes of the host.
 *
 * A driver initialises a device in this order (3.1.1): status, features, status again with FEATURES_OK, the registers of each queue and
 * enableQueue(), status with DRIVER_OK, and from then on notify().
 */
export interface DeviceRegisters {
  // Features (2.2).

  /** The feature bits 0 to 63 that the device offers. They do not change once a driver may see them. */
  readonly offeredFeatures: bigint;
  /** Called by a transport that cannot carry some features, before a driver may see them: the device does not offer these any more. */
  withhold(features: bigint): void;
  /** The feature bits that the driver has chosen so far. */
  readonly driverFeatures: bigint;
  /** Writes half of the driver's features: `word` 0 is bits 0 to 31, 1 is bits 32 to 63. Ignored once FEATURES_OK is set. */
  writeDriverFeatures(word: number, value: number): void;

  // Status (2.1).

  /** The device status field. Only the device sets DEVICE_NEEDS_RESET. */
  readonly status: number;
  /** Writes the status field for the driver. 0 resets the device (2.4). FEATURES_OK is kept only if the device accepts the features. */
  writeStatus(value: number): void;

  // Virtqueues (2.6).

  /**
   * The registers of each queue: the data queues, the control queue, and the administration queue if the device has one. A transport writes
   * them before it enables a queue.
   */
  readonly queues: readonly QueueRegisters[];
  /** Enables a queue for the driver. Its size and addresses are checked now. Ignored before FEATURES_OK. */
  enableQueue(index: number): void;
  /** Whether the driver may reset single queues: VIRTIO_F_RING_RESET was negotiated (2.6.1). */
  readonly ringResetNegotiated: boolean;
  /** Resets one queue (2.6.1.1): it is disabled, and its registers are as after a device reset. */
  resetQueue(index: number): void;
  /** Called when the driver has made buffers available on a queue. Ignored before DRIVER_OK, and while a reset is needed. */
  notify(index: number): void;
  /** Takes what waits in a queue, as notify() does, but of the transport's own accord: the driver has sent no notification. */
  resume(index: number): void;

  // Positions in the queues, for transports whose driver reads and sets them (vhost-user's SET_VRING_BASE).

  /** The device's positions in an enabled queue (2.7, 2.8.1). */
  positions(index: number): QueuePositions;
  /**
   * Sets the positions in an enabled queue. Requests under way are completed first.
   * @throws RangeError for positions that the ring does not have, and for a queue that is not enabled
   */
  setPositions(index: number, positions: QueuePositions): void;

  // Configuration (2.5).

  /** The device configuration space. */
  readonly config: ConfigurationRegisters;

  // Interrupts (2.3).

  /** Sets the one handler of interrupts. It is called when the call or timer that caused the interrupt has done its work. */
  onInterrupt(handler: InterruptHandler): void;

  // Guest memory, for transports whose driver gives its regions (vhost-user's SET_MEM_TABLE).

  /**
   * Replaces the regions of guest RAM.
   * @throws RangeError or TypeError that names a wrong region
   * @throws Error if the ring of an enabled queue would be outside the regions, or would move
   */
  setRegions(regions: readonly GuestRegion[] | readonly ForeignRegion[]): void;

  // Transports whose client sends no accesses to registers (vhost-user).

  /**
   * Says that the transport writes status, features and the registers of queues in the driver's stead. The device works as before. What
   * watches a driver takes none of these accesses for the driver's from then on.
   * @param features the features that the driver has chosen, as far as the client tells; undefined: nothing is known of them
   */
  standIn(features: bigint | undefined): void;

  // Life.

  /** Called when the machine is reset: resets the device, as a driver does by writing 0 to the status. */
  reset(): void;
  /** Takes the device out of a running machine. */
  remove(): void;
  /** Whether it was removed: the transport then returns all ones for reads, and passes nothing on to the device. */
  readonly removed: boolean;

  // Saved machines. A transport saves its own registers beside this.

  /** Completes the requests that run outside the engine before it returns. */
  settle(): void;
  /** Returns the device's state as plain data. */
  save(options?: SaveOptions): DeviceState;
  /** Takes over a state that save() returned. @throws StateError if it is damaged or does not fit this device */
  restore(saved: unknown): void;
}
