/** A device that is not done with a queue's reset when its register was read so often never will be. */
const RESET_READS_MAX = 65536;

/**
 * Waits until the device is done with the reset of a queue (4.1.4.3.2, 4.2.2.2).
 * @param readReset reads the queue's reset register, 0 once that is so
 * @throws Error when it does not come to that: a device that was removed reads as all ones
 */
export function awaitQueueReset(index: number, readReset: () => number): void {
  for (let reads = 0; reads < RESET_READS_MAX; reads++) if (readReset() === 0) return;
  throw new Error(`The device does not finish the reset of queue ${index} (2.6.1.1): reset the device.`);
}

/** What a transport gives the driver (4): registers by their names, whichever bus they are on. */
export interface DriverTransport {
  /** Device status field (2.1). */
  status: number;
  readonly configGeneration: number;
  /** All 64 bits that the device offers. */
  readonly deviceFeatures: bigint;
  driverFeatures: bigint;
  /** The largest size of a queue; 0 if there is no such queue. */
  queueSizeMax(index: number): number;
  /** Tells the device where a queue is, and enables it. Addresses are guest-physical. */
  enableQueue(index: number, size: number, desc: number, avail: number, used: number): void;
  /** Resets one queue (2.6.1) and waits until it is done. Needs VIRTIO_F_RING_RESET. @throws Error when the device does not finish */
  resetQueue(index: number): void;
  /** Available buffer notification; `data` is what VIRTIO_F_NOTIFICATION_DATA adds (2.9), if it was negotiated. */
  notify(index: number, data?: number): void;
  /** Reads and acknowledges why the device interrupted: ISR_* bits. */
  readIsr(): number;
  /** A field of the device configuration. */
  readConfig(offset: number, size: 1 | 2 | 4): number;
}
