import * as mmio from '../../spec/virtio_mmio.ts';
import { awaitQueueReset, type DriverTransport } from './transport.ts';

/** Access to a register window. Offsets are in bytes from its start. Registers take 32-bit accesses, the configuration space all widths. */
export interface MmioWindow {
  /** Reads `size` bytes as a little-endian number without a sign. */
  read(offset: number, size: 1 | 2 | 4): number;
  /** Writes the `size` lowest bytes of `value`. */
  write(offset: number, size: 1 | 2 | 4, value: number): void;
}

/** The driver's view of virtio over MMIO (4.2.3). */
export class MmioTransport implements DriverTransport {
  readonly #window: MmioWindow;

  /**
   * @param deviceId the virtio device type: 20 for a crypto device (5.9.1)
   * @throws Error if there is no device of this type with version 2 (4.2.2.2)
   */
  constructor(window: MmioWindow, deviceId: number) {
    this.#window = window;
    if (this.#read(mmio.MMIO_MAGIC_VALUE) !== mmio.MMIO_MAGIC)
      throw new Error('There is no virtio device at this window.');
    const version = this.#read(mmio.MMIO_VERSION_REGISTER);
    if (version !== mmio.MMIO_VERSION)
      throw new Error(`The device has version ${version}: this driver knows version 2.`);
    const found = this.#read(mmio.MMIO_DEVICE_ID);
    if (found !== deviceId) throw new Error(`The device is of type ${found}, not ${deviceId}.`);
  }

  get status(): number {
    return this.#read(mmio.MMIO_STATUS);
  }

  set status(value: number) {
    this.#write(mmio.MMIO_STATUS, value);
  }

  get configGeneration(): number {
    return this.#read(mmio.MMIO_CONFIG_GENERATION);
  }

  get deviceFeatures(): bigint {
    let features = 0n;
    for (const word of [0, 1]) {
      this.#write(mmio.MMIO_DEVICE_FEATURES_SEL, word);
      features |= BigInt(this.#read(mmio.MMIO_DEVICE_FEATURES)) << BigInt(32 * word);
    }
    return features;
  }

  set driverFeatures(features: bigint) {
    for (const word of [0, 1]) {
      this.#write(mmio.MMIO_DRIVER_FEATURES_SEL, word);
      this.#write(mmio.MMIO_DRIVER_FEATURES, Number((features >> BigInt(32 * word)) & 0xffffffffn));
    }
  }

  queueSizeMax(index: number): number {
    this.#write(mmio.MMIO_QUEUE_SEL, index);
    return this.#read(mmio.MMIO_QUEUE_SIZE_MAX);
  }

  enableQueue(index: number, size: number, desc: number, avail: number, used: number): void {
    this.#write(mmio.MMIO_QUEUE_SEL, index);
    this.#write(mmio.MMIO_QUEUE_SIZE, size);
    for (const [low, address] of [
      [mmio.MMIO_QUEUE_DESC_LOW, desc],
      [mmio.MMIO_QUEUE_DRIVER_LOW, avail],
      [mmio.MMIO_QUEUE_DEVICE_LOW, used],
    ] as const) {
      this.#write(low, address % 2 ** 32);
      this.#write(low + 4, Math.floor(address / 2 ** 32));
    }
    this.#write(mmio.MMIO_QUEUE_READY, 1);
  }

  resetQueue(index: number): void {
    this.#write(mmio.MMIO_QUEUE_SEL, index);
    this.#write(mmio.MMIO_QUEUE_RESET, 1);
    awaitQueueReset(index, () => this.#read(mmio.MMIO_QUEUE_RESET));
  }

  notify(index: number, data = 0): void {
    this.#write(mmio.MMIO_QUEUE_NOTIFY, index + data * 65536);
  }

  readIsr(): number {
    const isr = this.#read(mmio.MMIO_INTERRUPT_STATUS);
    if (isr !== 0) this.#write(mmio.MMIO_INTERRUPT_ACK, isr);
    return isr;
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    return this.#window.read(mmio.MMIO_CONFIG + offset, size);
  }

  #read(register: number): number {
    return this.#window.read(register, 4) >>> 0;
  }

  #write(register: number, value: number): void {
    this.#window.write(register, 4, value);
  }
}
