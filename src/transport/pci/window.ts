import * as pci from '../../../spec/virtio_pci.ts';
import type { AccessSize } from '../access.ts';
import { CAP_PCI_CFG_AT, STRUCTURES_BAR } from './layout.ts';

/** Where the window stands in the configuration space, and its four bytes of data. */
export const WINDOW_DATA_AT = CAP_PCI_CFG_AT + pci.CAP_PCI_CFG_DATA;
export const WINDOW_DATA_BYTES = 4;

/** The BAR that the window looks into. */
export interface WindowedBar {
  readonly barBytes: number;
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

/**
 * The VIRTIO_PCI_CAP_PCI_CFG window (4.1.4.9): a driver that cannot reach the BAR reads and writes it through the
 * configuration space. A host that keeps the capability's bytes itself calls this when the driver accesses pci_cfg_data.
 */
export class PciConfigWindow {
  readonly #registers: WindowedBar;

  constructor(registers: WindowedBar) {
    this.#registers = registers;
  }

  /**
   * Whether an access of `size` bytes at `offset` of the configuration space touches pci_cfg_data.
   */
  covers(offset: number, size: number): boolean {
    return offset < WINDOW_DATA_AT + WINDOW_DATA_BYTES && offset + size > WINDOW_DATA_AT;
  }

  /** The driver reads pci_cfg_data: the BAR is read as the capability in `space` says; 0 where that is not possible. */
  read(space: DataView): number {
    const target = this.#target(space);
    return target ? this.#registers.read(target.offset, target.size) : 0;
  }

  /** The driver wrote pci_cfg_data: the BAR is written with as many of the lowest bytes as the capability in `space` says. */
  write(space: DataView, value: number): void {
    const target = this.#target(space);
    if (target) this.#registers.write(target.offset, target.size, value);
  }

  /** 4.1.4.9.1: cap.length is 1, 2 or 4, cap.offset a multiple of it, within the BAR; anything else is no access. */
  #target(space: DataView): { offset: number; size: AccessSize } | undefined {
    const bar = space.getUint8(CAP_PCI_CFG_AT + pci.CAP_BAR);
    const offset = space.getUint32(CAP_PCI_CFG_AT + pci.CAP_OFFSET, true);
    const size = space.getUint32(CAP_PCI_CFG_AT + pci.CAP_LENGTH, true);
    if (bar !== STRUCTURES_BAR || (size !== 1 && size !== 2 && size !== 4)) return undefined;
    if (offset % size !== 0 || offset + size > this.#registers.barBytes) return undefined;
    return { offset, size };
  }
}
