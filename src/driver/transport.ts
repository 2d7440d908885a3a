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
  /** Resets one queue (2.6.1) and waits until it is done. Needs VIRTIO_F_RING_RESET. */
  resetQueue(index: number): void;
  /** Available buffer notification; `data` is what VIRTIO_F_NOTIFICATION_DATA adds (2.9), if it was negotiated. */
  notify(index: number, data?: number): void;
  /** Reads and acknowledges why the device interrupted: ISR_* bits. */
  readIsr(): number;
  /** A field of the device configuration. */
  readConfig(offset: number, size: 1 | 2 | 4): number;
}
