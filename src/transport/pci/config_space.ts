import * as pci from '../../../spec/virtio_pci.ts';
import { littleEndian } from '../access.ts';
import { CONFIG_SPACE_BYTES } from './config_header.ts';
import { CAP_MSIX_AT, CAP_PCI_CFG_AT } from './layout.ts';
import { bytesOf, hexOf } from './msix.ts';
import { type PciConfigWindow, WINDOW_DATA_AT, WINDOW_DATA_BYTES } from './window.ts';

/** A base address register (BAR) as the guest has set it. */
export interface PciBar {
  readonly kind: 'io' | 'memory';
  /** Length in bytes, a power of two. */
  readonly bytes: number;
  /** First port, or guest-physical address. */
  readonly address: number;
  /** Whether the function responds at the address: the command register enables I/O or memory accesses. */
  readonly enabled: boolean;
}

/** The BARs that a function has, from BAR 0 on. */
export type BarShape = Pick<PciBar, 'kind' | 'bytes'>;

const CONTROL_AT = CAP_MSIX_AT + pci.MSIX_CONTROL;

/**
 * The configuration space as the guest reads and writes it: read-only bits do not change, BARs show their size, and the PCI_CFG window
 * works. For hosts that keep no configuration spaces of their own.
 */
export class PciConfigSpace {
  readonly #powerOn: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #writable: Uint8Array;
  readonly #shapes: readonly BarShape[];
  readonly #window: PciConfigWindow;

  constructor(
    powerOn: Uint8Array<ArrayBuffer>,
    shapes: readonly BarShape[],
    hasMsix: boolean,
    window: PciConfigWindow,
  ) {
    this.#powerOn = powerOn;
    this.#view = new DataView(powerOn.slice().buffer);
    this.#shapes = shapes;
    this.#writable = writableBits(shapes, hasMsix);
    this.#window = window;
  }

  /** Reads 1, 2 or 4 bytes; bytes beyond the space read as 0. `interrupt` is the value of the Interrupt Status bit (4.1.4.5.1). */
  read(offset: number, size: number, interrupt: boolean): number {
    if (this.#window.covers(offset, size)) {
      this.#view.setUint32(WINDOW_DATA_AT, this.#window.read(this.#view), true);
    }
    return littleEndian(offset, size, (at) => {
      const byte = at < CONFIG_SPACE_BYTES ? this.#view.getUint8(at) : 0;
      return at === pci.PCI_STATUS && interrupt ? byte | pci.PCI_STATUS_INTERRUPT : byte;
    });
  }

  write(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
    if (this.#window.covers(offset, size)) this.#window.write(this.#view, this.#view.getUint32(WINDOW_DATA_AT, true));
  }

  get bars(): PciBar[] {
    const command = this.#view.getUint16(pci.PCI_COMMAND, true);
    return this.#shapes.map(({ kind, bytes }, index) => ({
      kind,
      bytes,
      address: (this.#view.getUint32(pci.PCI_BAR0 + 4 * index, true) & ~(bytes - 1)) >>> 0,
      enabled: (command & (kind === 'io' ? pci.PCI_COMMAND_IO : pci.PCI_COMMAND_MEMORY)) !== 0,
    }));
  }

  /** Whether the driver has masked INTx: the Interrupt Disable bit. */
  get intxDisabled(): boolean {
    return (this.#view.getUint16(pci.PCI_COMMAND, true) & pci.PCI_COMMAND_INTX_DISABLE) !== 0;
  }

  /** Message control of MSI-X (PCI 3.0, 6.8.2.3). */
  get msixControl(): number {
    return this.#view.getUint16(CONTROL_AT, true);
  }

  reset(): void {
    new Uint8Array(this.#view.buffer).set(this.#powerOn);
  }

  save(): string {
    return hexOf(new Uint8Array(this.#view.buffer));
  }

  /** Takes over the writable bits of a space that save() returned. @throws StateError if `saved` is not 256 bytes in hexadecimal */
  restore(saved: string): void {
    bytesOf(saved, CONFIG_SPACE_BYTES).forEach((byte, at) => {
      this.#writeByte(at, byte);
    });
  }

  #writeByte(at: number, value: number): void {
    if (at >= CONFIG_SPACE_BYTES) return;
    const writable = this.#writable[at] ?? 0;
    this.#view.setUint8(at, (this.#view.getUint8(at) & ~writable) | (value & writable));
  }
}

/** The bits that a guest may change. All other bits are read-only (PCI 3.0, 6.2). */
function writableBits(shapes: readonly BarShape[], hasMsix: boolean): Uint8Array {
  const bits = new Uint8Array(CONFIG_SPACE_BYTES);
  const view = new DataView(bits.buffer);
  const command = pci.PCI_COMMAND_BUS_MASTER | pci.PCI_COMMAND_INTX_DISABLE;
  const spaces = shapes.reduce(
    (sum, { kind }) => sum | (kind === 'io' ? pci.PCI_COMMAND_IO : pci.PCI_COMMAND_MEMORY),
    0,
  );
  view.setUint16(pci.PCI_COMMAND, command | spaces, true);
  bits[pci.PCI_CACHE_LINE_SIZE] = 0xff;
  bits[pci.PCI_LATENCY_TIMER] = 0xff;
  shapes.forEach(({ bytes }, index) => {
    view.setUint32(pci.PCI_BAR0 + 4 * index, ~(bytes - 1), true);
  });
  bits[pci.PCI_INTERRUPT_LINE] = 0xff;
  bits[CAP_PCI_CFG_AT + pci.CAP_BAR] = 0xff;
  bits.fill(0xff, CAP_PCI_CFG_AT + pci.CAP_OFFSET, WINDOW_DATA_AT + WINDOW_DATA_BYTES);
  if (hasMsix) view.setUint16(CONTROL_AT, pci.MSIX_CONTROL_ENABLE | pci.MSIX_CONTROL_FUNCTION_MASK, true);
  return bits;
}
