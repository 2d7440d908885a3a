import { CONFIG_BYTES } from '../../../spec/crypto.ts';
import * as pci from '../../../spec/virtio_pci.ts';
import type { CryptoDevice } from '../../device/device.ts';
import { type AccessSize, allOnes } from '../access.ts';
import { CommonConfig, type Selectors } from './common_config.ts';
import { configHeader } from './config_header.ts';
import * as layout from './layout.ts';
import { PciConfigWindow } from './window.ts';

export type { AccessSize };

/** What is saved of the transport, beside the device's own state. */
export interface PciState {
  isr: number;
  selected: Selectors;
}

/**
 * Virtio over PCI (4.1): a register model. The host routes accesses of the BAR to read() and write(), gives the guest
 * configHeader() as configuration space, and drives the interrupt line as it is told.
 */
export class VirtioPci {
  /** Length of the BAR in bytes. */
  static readonly barBytes = layout.BAR_BYTES;
  readonly device: CryptoDevice;
  readonly window: PciConfigWindow;
  readonly #common: CommonConfig;
  readonly #setInterruptLine: (level: boolean) => void;
  readonly #notify: (queue: number) => void;
  #isr = 0;

  /**
   * @param setInterruptLine called with the new level of INTA#, which is level-triggered
   * @param notify takes the driver's notifications, for a host that chooses when to pass them on to the device
   */
  constructor(
    device: CryptoDevice,
    setInterruptLine: (level: boolean) => void,
    notify: (queue: number) => void = (queue) => device.notify(queue),
  ) {
    this.device = device;
    this.#common = new CommonConfig(device);
    this.#setInterruptLine = setInterruptLine;
    this.#notify = notify;
    this.window = new PciConfigWindow(this);
    device.onInterrupt((kind) => this.#raise(kind === 'queue' ? pci.ISR_QUEUE : pci.ISR_CONFIG));
  }

  /** The configuration space at power-on, 256 bytes, with the BAR at I/O port `barAddress`. */
  configHeader(barAddress: number): Uint8Array {
    return configHeader(barAddress);
  }

  /**
   * The driver reads `size` bytes at `offset` of the BAR. Bytes that belong to no structure read as 0; where the device was,
   * reads give all ones. A host then answers the configuration space in the same way.
   */
  read(offset: number, size: AccessSize): number {
    if (this.device.removed) return allOnes(size);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#readByte(offset + i);
    return value;
  }

  /** The driver writes the `size` bytes of `value` at `offset` of the BAR. */
  write(offset: number, size: AccessSize, value: number): void {
    if (this.device.removed) return;
    if (offset === layout.NOTIFY.offset) this.#notify(value & 0xffff);
    else if (within(offset, layout.COMMON)) {
      this.#common.write(offset - layout.COMMON.offset, size, value >>> 0);
      // 4.1.4.5: nothing of an interrupt outlives a reset.
      if (this.device.status === 0) this.#acknowledge();
    }
    // The device configuration has no field that a driver may write (5.9.5).
  }

  /** Takes the device out of the machine (CryptoDevice.remove); the interrupt line falls. */
  remove(): void {
    this.device.remove();
    this.#common.reset();
    this.#acknowledge();
  }

  /** The machine was reset: as if the driver had written 0 to the status, with the transport's own registers. */
  reset(): void {
    this.device.reset();
    this.#common.reset();
    this.#acknowledge();
  }

  save(): PciState {
    return { isr: this.#isr, selected: { ...this.#common.selected } };
  }

  /** Takes over what save() answered; the interrupt line follows. */
  restore(state: PciState): void {
    Object.assign(this.#common.selected, state.selected);
    this.#isr = state.isr;
    this.#setInterruptLine(this.#isr !== 0);
  }

  #readByte(offset: number): number {
    if (within(offset, layout.COMMON)) {
      const word = this.#common.readWord(offset & ~3);
      return (word >>> (8 * (offset & 3))) & 0xff;
    }
    if (offset === layout.ISR.offset) {
      const isr = this.#isr;
      // 4.1.4.5.1: reading acknowledges.
      this.#acknowledge();
      return isr;
    }
    if (offset >= layout.DEVICE.offset && offset < layout.DEVICE.offset + CONFIG_BYTES) {
      return this.device.config.byte(offset - layout.DEVICE.offset);
    }
    return 0;
  }

  #raise(bit: number): void {
    const before = this.#isr;
    this.#isr |= bit;
    if (before === 0) this.#setInterruptLine(true);
  }

  #acknowledge(): void {
    if (this.#isr === 0) return;
    this.#isr = 0;
    this.#setInterruptLine(false);
  }
}

function within(offset: number, structure: { offset: number; bytes: number }): boolean {
  return offset >= structure.offset && offset < structure.offset + structure.bytes;
}
