import * as pci from '../../../spec/virtio_pci.ts';
import type { AddressRegister } from '../../device/queue_registers.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import { wordOf } from '../access.ts';

/** The values of the driver's select registers: part of a saved state. */
export interface Selectors {
  deviceFeature: number;
  driverFeature: number;
  queue: number;
}

/** The MSI-X vector of each event, or MSI_NO_VECTOR (4.1.5.1.2): part of a saved state. */
export interface Vectors {
  config: number;
  queues: number[];
}

const QUEUE_ADDRESSES = {
  [pci.COMMON_QUEUE_DESC]: 'desc',
  [pci.COMMON_QUEUE_DRIVER]: 'driver',
  [pci.COMMON_QUEUE_DEVICE]: 'device',
} as const satisfies Record<number, AddressRegister>;

/** struct virtio_pci_common_cfg (4.1.4.3): registers of one, two or four bytes. 64-bit registers are two halves. */
export class CommonConfig {
  readonly #device: DeviceRegisters;
  readonly #vectorCount: number;
  /** Number of administration queues, which are behind all others. */
  readonly #adminQueues: number;
  readonly selected: Selectors = { deviceFeature: 0, driverFeature: 0, queue: 0 };
  readonly vectors: Vectors;

  /** @param vectorCount entries of the MSI-X table; 0 without MSI-X */
  constructor(device: DeviceRegisters, vectorCount: number) {
    this.#device = device;
    this.#vectorCount = vectorCount;
    this.#adminQueues = device.queues.filter(({ kind }) => kind === 'admin').length;
    this.vectors = { config: pci.MSI_NO_VECTOR, queues: device.queues.map(() => pci.MSI_NO_VECTOR) };
  }

  /** Resets the selectors. 4.1.5.1.2.1: a reset also unmaps every event. */
  reset(): void {
    this.selected.deviceFeature = 0;
    this.selected.driverFeature = 0;
    this.selected.queue = 0;
    this.vectors.config = pci.MSI_NO_VECTOR;
    this.vectors.queues.fill(pci.MSI_NO_VECTOR);
  }

  /** Takes over saved selectors and vectors. */
  restore(selected: Selectors, vectors: Vectors): void {
    Object.assign(this.selected, selected);
    this.vectors.config = this.#mapped(vectors.config);
    this.vectors.queues.forEach((_, index, queues) => {
      queues[index] = this.#mapped(vectors.queues[index] ?? pci.MSI_NO_VECTOR);
    });
  }

  /** The byte at `offset`. Only a read of the status or of the generation itself reaches the device's. */
  readByte(offset: number): number {
    if (offset === pci.COMMON_DEVICE_STATUS) return this.#device.status;
    if (offset === pci.COMMON_CONFIG_GENERATION) return this.#device.config.generation;
    return (this.#readWord(offset & ~3) >>> (8 * (offset & 3))) & 0xff;
  }

  /** The 32-bit word at `offset`, a multiple of 4. Every register lies within one word. */
  #readWord(offset: number): number {
    const device = this.#device;
    switch (offset) {
      case pci.COMMON_DEVICE_FEATURE_SELECT:
        return this.selected.deviceFeature;
      case pci.COMMON_DEVICE_FEATURE:
        return wordOf(device.offeredFeatures, this.selected.deviceFeature);
      case pci.COMMON_DRIVER_FEATURE_SELECT:
        return this.selected.driverFeature;
      case pci.COMMON_DRIVER_FEATURE:
        return wordOf(device.driverFeatures, this.selected.driverFeature);
      case pci.COMMON_CONFIG_MSIX_VECTOR:
        return this.vectors.config | ((device.queues.length - this.#adminQueues) << 16);
      case pci.COMMON_DEVICE_STATUS:
        return this.selected.queue << 16;
      case pci.COMMON_ADMIN_QUEUE_INDEX:
        return this.#adminQueues && (device.queues.length - this.#adminQueues) | (this.#adminQueues << 16);
      default:
        return this.#readQueueWord(offset);
    }
  }

  /**
   * Writes `size` bytes to the register at `offset`. A write that has not the register's own width is ignored (4.1.3.1).
   * @param value the bytes as a number without a sign
   * @returns whether the write reset the device
   */
  write(offset: number, size: number, value: number): boolean {
    const device = this.#device;
    const queue = device.queues[this.selected.queue];
    if (size === 4) {
      if (offset === pci.COMMON_DEVICE_FEATURE_SELECT) this.selected.deviceFeature = value;
      else if (offset === pci.COMMON_DRIVER_FEATURE_SELECT) this.selected.driverFeature = value;
      else if (offset === pci.COMMON_DRIVER_FEATURE) device.writeDriverFeatures(this.selected.driverFeature, value);
      else if (queue && !queue.enabled) {
        const register = addressRegister(offset);
        if (register) queue.writeAddress(register.name, register.high, value);
      }
    } else if (size === 2) {
      if (offset === pci.COMMON_QUEUE_SELECT) this.selected.queue = value;
      else if (offset === pci.COMMON_CONFIG_MSIX_VECTOR) this.vectors.config = this.#mapped(value);
      else if (offset === pci.COMMON_QUEUE_MSIX_VECTOR && queue)
        this.vectors.queues[this.selected.queue] = this.#mapped(value);
      else if (offset === pci.COMMON_QUEUE_SIZE && queue && !queue.enabled) queue.size = value;
      else if (offset === pci.COMMON_QUEUE_ENABLE && value === 1) device.enableQueue(this.selected.queue);
      else if (offset === pci.COMMON_QUEUE_RESET && value === 1 && device.ringResetNegotiated) {
        // 4.1.4.3.1: the reset is complete at once, so queue_reset always reads as 0.
        device.resetQueue(this.selected.queue);
        // 2.6.1.1.1: the queue's state is the same as after a reset of the device.
        if (queue) this.vectors.queues[this.selected.queue] = pci.MSI_NO_VECTOR;
      }
    } else if (offset === pci.COMMON_DEVICE_STATUS) {
      device.writeStatus(value);
      if (value === 0) this.reset();
      return value === 0;
    }
    return false;
  }

  /** 4.1.5.1.2.1: a vector beyond the table cannot be mapped, and the register then reads as NO_VECTOR. */
  #mapped(vector: number): number {
    return vector < this.#vectorCount ? vector : pci.MSI_NO_VECTOR;
  }

  #readQueueWord(offset: number): number {
    const queue = this.#device.queues[this.selected.queue];
    // 4.1.4.3.1: a queue that does not exist has size 0.
    if (!queue) return offset === pci.COMMON_QUEUE_SIZE ? pci.MSI_NO_VECTOR << 16 : 0;
    switch (offset) {
      case pci.COMMON_QUEUE_SIZE:
        return queue.size | ((this.vectors.queues[this.selected.queue] ?? pci.MSI_NO_VECTOR) << 16);
      case pci.COMMON_QUEUE_ENABLE:
        return queue.enabled ? 1 : 0;
      default: {
        const register = addressRegister(offset);
        return register ? wordOf(queue[register.name], register.high ? 1 : 0) : 0;
      }
    }
  }
}

function addressRegister(offset: number): { name: AddressRegister; high: boolean } | undefined {
  const low = offset & ~7;
  if (low !== pci.COMMON_QUEUE_DESC && low !== pci.COMMON_QUEUE_DRIVER && low !== pci.COMMON_QUEUE_DEVICE)
    return undefined;
  return { name: QUEUE_ADDRESSES[low], high: offset !== low };
}
