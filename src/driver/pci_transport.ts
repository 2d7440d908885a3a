import * as pci from '../../spec/virtio_pci.ts';
import { findStructures, type PciFunction, type Structures } from './pci_bus.ts';
import type { DriverTransport } from './transport.ts';

/** The driver's view of virtio over PCI (4.1.5): registers by their names. */
export class PciTransport implements DriverTransport {
  readonly #target: PciFunction;
  readonly #structures: Structures;

  constructor(target: PciFunction, deviceId: number) {
    this.#target = target;
    this.#structures = findStructures(target, deviceId);
  }

  get status(): number {
    return this.#read(pci.COMMON_DEVICE_STATUS, 1);
  }

  set status(value: number) {
    this.#write(pci.COMMON_DEVICE_STATUS, 1, value);
  }

  get configGeneration(): number {
    return this.#read(pci.COMMON_CONFIG_GENERATION, 1);
  }

  get numQueues(): number {
    return this.#read(pci.COMMON_NUM_QUEUES, 2);
  }

  /** All 64 bits that the device offers. */
  get deviceFeatures(): bigint {
    let features = 0n;
    for (const word of [0, 1]) {
      this.#write(pci.COMMON_DEVICE_FEATURE_SELECT, 4, word);
      features |= BigInt(this.#read(pci.COMMON_DEVICE_FEATURE, 4)) << BigInt(32 * word);
    }
    return features;
  }

  set driverFeatures(features: bigint) {
    for (const word of [0, 1]) {
      this.#write(pci.COMMON_DRIVER_FEATURE_SELECT, 4, word);
      this.#write(pci.COMMON_DRIVER_FEATURE, 4, Number((features >> BigInt(32 * word)) & 0xffffffffn));
    }
  }

  /** The largest size of a queue; 0 if there is no such queue. */
  queueSizeMax(index: number): number {
    this.#write(pci.COMMON_QUEUE_SELECT, 2, index);
    return this.#read(pci.COMMON_QUEUE_SIZE, 2);
  }

  /** Tells the device where a queue is, and enables it (4.1.5.1.3). Addresses are guest-physical. */
  enableQueue(index: number, size: number, desc: number, avail: number, used: number): void {
    this.#write(pci.COMMON_QUEUE_SELECT, 2, index);
    this.#write(pci.COMMON_QUEUE_SIZE, 2, size);
    for (const [register, address] of [
      [pci.COMMON_QUEUE_DESC, desc],
      [pci.COMMON_QUEUE_DRIVER, avail],
      [pci.COMMON_QUEUE_DEVICE, used],
    ] as const) {
      this.#write(register, 4, address % 2 ** 32);
      this.#write(register + 4, 4, Math.floor(address / 2 ** 32));
    }
    this.#write(pci.COMMON_QUEUE_ENABLE, 2, 1);
  }

  resetQueue(index: number): void {
    this.#write(pci.COMMON_QUEUE_SELECT, 2, index);
    this.#write(pci.COMMON_QUEUE_RESET, 2, 1);
    // 4.1.4.3.2: the reset is complete when the register reads as 0.
    while (this.#read(pci.COMMON_QUEUE_RESET, 2) !== 0);
  }

  /** Available buffer notification (4.1.5.2). */
  notify(index: number, data?: number): void {
    const { bar, offset, multiplier } = this.#structures.notify;
    const at = offset + index * multiplier;
    if (data === undefined) this.#target.writeBar(bar, at, 2, index);
    else this.#target.writeBar(bar, at, 4, index + data * 65536);
  }

  /** Reads, and thereby acknowledges, why the device interrupted (4.1.4.5): ISR_* bits. */
  readIsr(): number {
    const { bar, offset } = this.#structures.isr;
    return this.#target.readBar(bar, offset, 1);
  }

  /** A field of the device configuration. */
  readConfig(offset: number, size: 1 | 2 | 4): number {
    const { bar, offset: start } = this.#structures.device;
    return this.#target.readBar(bar, start + offset, size);
  }

  #read(register: number, size: 1 | 2 | 4): number {
    const { bar, offset } = this.#structures.common;
    return this.#target.readBar(bar, offset + register, size) >>> 0;
  }

  #write(register: number, size: 1 | 2 | 4, value: number): void {
    const { bar, offset } = this.#structures.common;
    this.#target.writeBar(bar, offset + register, size, value);
  }
}
