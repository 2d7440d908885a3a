import * as pci from '../../../spec/virtio_pci.ts';
import type { AccessSize } from '../access.ts';
import { CAP_PCI_CFG_AT, STRUCTURES_BAR } from './layout.ts';

/** Offset of pci_cfg_data in the configuration space (4.1.4.9). */
export const WINDOW_DATA_AT = CAP_PCI_CFG_AT + pci.CAP_PCI_CFG_DATA;
/** Length of pci_cfg_data in bytes. */
export const WINDOW_DATA_BYTES = 4;

/** The BAR that the window gives access to. */
export interface WindowedBar {
  /** Length of the BAR in bytes. */
  readonly barBytes: number;
  /** Reads `size` bytes at `offset` of the BAR. */
  read(offset: number, size: AccessSize): number;
  /** Writes the `size` lowest bytes of `value` at `offset` of the BAR. */
  write(offset: number, size: AccessSize, value: number): void;
}

/**
 * The VIRTIO_PCI_CAP_PCI_CFG window (4.1.4.9): a driver that cannot reach the BAR reads and writes it through the configuration space. A
 * host that keeps the configuration space itself calls read() and write() when the driver accesses pci_cfg_data.
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

  /**
   * Call this when the driver reads pci_cfg_data. It reads the BAR as the capability in `space` says. Returns 0 if the capability names no
   * possible access.
   * @param space the configuration space, 256 bytes
   */
  read(space: DataView): number {
    const target = this.#target(space);
    return target ? this.#registers.read(target.offset, target.size) : 0;
  }

  /**
   * Call this when the driver writes pci_cfg_data. It writes the lowest bytes of `value`, as many as the capability in `space` says, to the
   * BAR. Does nothing if the capability names no possible access.
   * @param space the configuration space, 256 bytes
   */
  write(space: DataView, value: number): void {
    const target = this.#target(space);
    if (target) this.#registers.write(target.offset, target.size, value);
  }

  /** The access that the capability names. 4.1.4.9.1: cap.length is 1, 2 or 4, and cap.offset is a multiple of it within the BAR. */
  #target(space: DataView): { offset: number; size: AccessSize } | undefined {
    const bar = space.getUint8(CAP_PCI_CFG_AT + pci.CAP_BAR);
    const offset = space.getUint32(CAP_PCI_CFG_AT + pci.CAP_OFFSET, true);
    const size = space.getUint32(CAP_PCI_CFG_AT + pci.CAP_LENGTH, true);
    if (bar !== STRUCTURES_BAR || (size !== 1 && size !== 2 && size !== 4)) return undefined;
    if (offset % size !== 0 || offset + size > this.#registers.barBytes) return undefined;
    return { offset, size };
  }
}
