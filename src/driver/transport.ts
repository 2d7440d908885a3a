/** If the reset register does not read as 0 after this many reads, the device will not finish the queue's reset. */
const RESET_READS_MAX = 65536;

/**
 * Waits until the device has finished the reset of a queue (4.1.4.3.2, 4.2.2.2).
 * @param readReset reads the queue's reset register, which is 0 when the reset is finished
 * @throws Error if the device does not finish: the registers of a device that was removed, for example, read as all ones
 */
export function awaitQueueReset(index: number, readReset: () => number): void {
  for (let reads = 0; reads < RESET_READS_MAX; reads++) if (readReset() === 0) return;
  throw new Error(`The device does not finish the reset of queue ${index} (2.6.1.1): reset the device.`);
}

/** A transport as the driver uses it (4): registers by their names, on any bus. */
export interface DriverTransport {
  /** Device status field (2.1). */
  status: number;
  /** Changes whenever the device configuration changes (2.5.1). */
  readonly configGeneration: number;
  /** All 64 feature bits that the device offers (2.2). */
  readonly deviceFeatures: bigint;
  /** The feature bits that the driver accepts (2.2): write only. */
  driverFeatures: bigint;
  /** The largest number of entries of a queue; 0 if there is no such queue. */
  queueSizeMax(index: number): number;
  /**
   * Tells the device where a queue is, and enables it. The addresses of descriptor area, driver area and device area are
   * guest-physical.
   */
  enableQueue(index: number, size: number, desc: number, avail: number, used: number): void;
  /**
   * Resets one queue (2.6.1) and waits until the reset is finished. Needs VIRTIO_F_RING_RESET.
   * @throws Error if the device does not finish the reset
   */
  resetQueue(index: number): void;
  /** Sends an available buffer notification. `data`, 16 bits, is sent with it if VIRTIO_F_NOTIFICATION_DATA was negotiated (2.9). */
  notify(index: number, data?: number): void;
  /** Reads and acknowledges why the device interrupted, as ISR_* bits (4.1.4.5, 4.2.2). */
  readIsr(): number;
  /** Reads `size` bytes of the device configuration at `offset` (2.5). */
  readConfig(offset: number, size: 1 | 2 | 4): number;
}
