import { STATUS_ACKNOWLEDGE } from '../../spec/virtio.ts';
import * as pci from '../../spec/virtio_pci.ts';
import { findMsix, findStructures, type MsixCapability, type PciFunction, type Structures } from './pci_bus.ts';
import { awaitQueueReset, type DriverTransport } from './transport.ts';

/** An MSI-X message: the function writes `data` to `address` to interrupt (PCI 3.0, 6.8.2). The operating system chooses both. */
export interface MsixMessage {
  /** Guest-physical address, 64 bits. */
  address: bigint;
  /** 32 bits. */
  data: number;
}

/** The vector of configuration changes. The queues share the other vectors in turn. If there is only one vector, they use it, too. */
const CONFIG_VECTOR = 0;

/** The driver's view of virtio over PCI (4.1.5): registers by their names. */
export class PciTransport implements DriverTransport {
  readonly #target: PciFunction;
  readonly #structures: Structures;
  /** Number of MSI-X vectors in use; 0 with INTx. */
  readonly #vectors: number;

  /**
   * @param deviceId the virtio device type: 20 for a crypto device (5.9.1)
   * @param message gives the message of each vector. With it the driver uses MSI-X, without it INTx
   * @throws Error if the function is not this device, lacks a structure, or lacks MSI-X although `message` is given
   */
  constructor(target: PciFunction, deviceId: number, message?: (vector: number) => MsixMessage) {
    this.#target = target;
    this.#structures = findStructures(target, deviceId);
    const command = target.readConfig(pci.PCI_COMMAND, 2);
    const wanted = pci.PCI_COMMAND_IO | pci.PCI_COMMAND_MEMORY | pci.PCI_COMMAND_BUS_MASTER;
    target.writeConfig(pci.PCI_COMMAND, 2, command | wanted);
    const msix = message && findMsix(target);
    if (message && !msix) throw new Error('The device has no MSI-X capability.');
    if (message && msix) enableMsix(target, msix, message);
    this.#vectors = msix?.vectors ?? 0;
  }

  get status(): number {
    return this.#read(pci.COMMON_DEVICE_STATUS, 1);
  }

  set status(value: number) {
    this.#write(pci.COMMON_DEVICE_STATUS, 1, value);
    // 4.1.5.1.2: a reset unmaps all events, so each start of the driver maps them again.
    if (value === STATUS_ACKNOWLEDGE && this.#vectors > 0) this.#map(pci.COMMON_CONFIG_MSIX_VECTOR, CONFIG_VECTOR);
  }

  get configGeneration(): number {
    return this.#read(pci.COMMON_CONFIG_GENERATION, 1);
  }

  /** num_queues (4.1.4.3): the number of virtqueues that the device has, the control queue included. */
  get numQueues(): number {
    return this.#read(pci.COMMON_NUM_QUEUES, 2);
  }

  /** All 64 feature bits that the device offers. */
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

  /** admin_queue_index and admin_queue_num (virtio 1.4, 4.1.4.3). Valid if VIRTIO_F_ADMIN_VQ was negotiated. */
  get adminQueues(): { index: number; count: number } {
    const index = this.#read(pci.COMMON_ADMIN_QUEUE_INDEX, 2);
    return { index, count: this.#read(pci.COMMON_ADMIN_QUEUE_NUM, 2) };
  }

  /** The largest number of entries of a queue; 0 if there is no such queue. */
  queueSizeMax(index: number): number {
    this.#write(pci.COMMON_QUEUE_SELECT, 2, index);
    return this.#read(pci.COMMON_QUEUE_SIZE, 2);
  }

  /**
   * Tells the device where a queue is, and enables it (4.1.5.1.3). Addresses are guest-physical.
   * @throws Error if the device cannot map the queue's MSI-X vector
   */
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
    if (this.#vectors > 0) this.#map(pci.COMMON_QUEUE_MSIX_VECTOR, this.queueVector(index));
    this.#write(pci.COMMON_QUEUE_ENABLE, 2, 1);
  }

  resetQueue(index: number): void {
    this.#write(pci.COMMON_QUEUE_SELECT, 2, index);
    this.#write(pci.COMMON_QUEUE_RESET, 2, 1);
    awaitQueueReset(index, () => this.#read(pci.COMMON_QUEUE_RESET, 2));
  }

  /** Sends an available buffer notification (4.1.5.2). */
  notify(index: number, data?: number): void {
    const { bar, offset, multiplier } = this.#structures.notify;
    const at = offset + index * multiplier;
    if (data === undefined) this.#target.writeBar(bar, at, 2, index);
    else this.#target.writeBar(bar, at, 4, index + data * 65536);
  }

  /** The MSI-X vector of a queue's interrupts. */
  queueVector(index: number): number {
    return this.#vectors > 1 ? 1 + (index % (this.#vectors - 1)) : CONFIG_VECTOR;
  }

  /**
   * Returns why the device interrupted, as ISR_* bits (4.1.4.5). Reading acknowledges the interrupt. With MSI-X the ISR is not read
   * (4.1.4.5.2), and all bits are returned because any cause is possible.
   */
  readIsr(): number {
    if (this.#vectors > 0) return pci.ISR_QUEUE | pci.ISR_CONFIG;
    const { bar, offset } = this.#structures.isr;
    return this.#target.readBar(bar, offset, 1);
  }

  /** Reads `size` bytes of the device configuration at `offset`. */
  readConfig(offset: number, size: 1 | 2 | 4): number {
    const { bar, offset: start } = this.#structures.device;
    return this.#target.readBar(bar, start + offset, size);
  }

  /** Maps an event to a vector. 4.1.5.1.2.2: the driver reads back whether the device could map it. */
  #map(register: number, vector: number): void {
    this.#write(register, 2, vector);
    if (this.#read(register, 2) !== vector) throw new Error(`The device cannot map MSI-X vector ${vector}.`);
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

/** Writes the MSI-X table and switches MSI-X on, as an operating system does for its driver (PCI 3.0, 6.8.3). */
function enableMsix(target: PciFunction, msix: MsixCapability, message: (vector: number) => MsixMessage): void {
  for (let vector = 0; vector < msix.vectors; vector++) {
    const entry = msix.offset + vector * pci.MSIX_ENTRY_BYTES;
    const { address, data } = message(vector);
    target.writeBar(msix.bar, entry + pci.MSIX_ENTRY_ADDRESS, 4, Number(address & 0xffffffffn));
    target.writeBar(msix.bar, entry + pci.MSIX_ENTRY_ADDRESS_HIGH, 4, Number(address >> 32n));
    target.writeBar(msix.bar, entry + pci.MSIX_ENTRY_DATA, 4, data);
    target.writeBar(msix.bar, entry + pci.MSIX_ENTRY_CONTROL, 4, 0);
  }
  target.writeConfig(msix.at + pci.MSIX_CONTROL, 2, pci.MSIX_CONTROL_ENABLE);
}
