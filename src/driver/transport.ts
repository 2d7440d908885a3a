import { STATUS_DEVICE_NEEDS_RESET } from '../../spec/virtio.ts';

/** Reads of the status, or of a queue's reset register, after which the device will not finish the reset. */
const READS_MAX = 65536;
/** A device that was removed: all of its registers read as all ones. */
const GONE = 0xff;

/**
 * Waits until the device has finished the reset of a queue (4.1.4.3.2, 4.2.2.2).
 * @param readReset reads the queue's reset register, which is 0 when the reset is finished
 * @throws Error if the device does not finish: the registers of a device that was removed, for example, read as all ones
 */
export function awaitQueueReset(index: number, readReset: () => number): void {
  for (let reads = 0; reads < READS_MAX; reads++) if (readReset() === 0) return;
  throw new Error(`The device does not finish the reset of queue ${index} (2.6.1.1): reset the device.`);
}

/**
 * Resets the device (2.4), and waits until it has finished (2.4.2, 4.1.4.3.2). A device that was removed needs no reset.
 * @throws Error if the device does not finish
 */
export function resetDevice(transport: DriverTransport): void {
  transport.status = 0;
  for (let reads = 0; reads < READS_MAX; reads++) {
    const status = transport.status & 0xff;
    if (status === 0 || status === GONE) return;
  }
  throw new Error('The device does not finish its reset (2.4.2).');
}

/**
 * Waits until the device shows one set of bits of its status and not another (3.4.1 of virtio 1.4).
 * @throws Error if the device needs a reset, does not do it, or was removed
 */
export function awaitStatus(transport: DriverTransport, set: number, clear: number, what: string): void {
  for (let reads = 0; reads < READS_MAX; reads++) {
    const status = transport.status & 0xff;
    if (status & STATUS_DEVICE_NEEDS_RESET) break;
    if ((status & (set | clear)) === set) return;
  }
  throw new Error(`The device does not ${what} (3.4): reset it.`);
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
  /**
   * The administration queues (virtio 1.4, 2.13): the index of the first, and their number. Valid if VIRTIO_F_ADMIN_VQ was negotiated. A
   * transport that has none leaves it out.
   */
  readonly adminQueues?: { readonly index: number; readonly count: number };
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
