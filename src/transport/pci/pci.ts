import { CONFIG_BYTES } from '../../../spec/crypto.ts';
import * as pci from '../../../spec/virtio_pci.ts';
import { checkFunction, checkObject } from '../../check.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import { StateError } from '../../device/state.ts';
import { type AccessSize, checkDevice, littleEndian, readWithoutRegisters, writtenBytes } from '../access.ts';
import { parseTransportState, PciState as SavedState } from '../state.ts';
import { CommonConfig, type Selectors, type Vectors } from './common_config.ts';
import { configHeader } from './config_header.ts';
import { type PciBar, PciConfigSpace } from './config_space.ts';
import * as layout from './layout.ts';
import { type DeliverMessage, Msix, type MsixState } from './msix.ts';
import { PciConfigWindow } from './window.ts';

export type { AccessSize };

/** Options of a PCI function. */
export interface PciOptions {
  /** The kind of BAR 0, which holds the virtio structures: 256 ports or 4096 bytes of memory. Default io. */
  bar?: 'io' | 'memory';
  /** Offers MSI-X. Its table and its pending bits are in BAR 1, a memory BAR. Default: INTx only. */
  msix?: {
    /** Entries of the table, 1 to 2048. Default: one for each queue, and one for changes of the configuration. */
    vectors?: number;
    /** Delivers the messages. */
    deliver: DeliverMessage;
  };
  /** Gets the driver's notifications instead of the device. The host then calls device.notify(queue) later. */
  notify?: (queue: number) => void;
}

/** The saved registers of the transport: plain data that survives JSON. The device's own state is saved by CryptoDevice.save(). */
export interface PciState {
  /** The ISR status (4.1.4.5): ISR_* bits. */
  isr: number;
  /** The values of the driver's select registers (4.1.4.3). */
  selected: Selectors;
  /** The configuration space, 256 bytes in hexadecimal. A host that keeps the space itself may leave it out. */
  config?: string;
  /** MSI-X and the vectors of the events. Left out if the function has no MSI-X. */
  msix?: MsixState & { vectors: Vectors };
}

/**
 * A register model of virtio over PCI (4.1). The host routes the guest's accesses of the configuration space to readConfig() and
 * writeConfig(), and accesses of the BARs to readBar() and writeBar() (or to read() and write() for BAR 0). It sets the level of the
 * interrupt line when setInterruptLine is called. A host with configuration spaces of its own fills one with configHeader() instead.
 *
 * All methods that access registers throw a RangeError for a size other than 1, 2 and 4, and a TypeError for a value that is not a
 * number. They read and write little-endian numbers without a sign; of a value they take the `size` lowest bytes. If there is no
 * register at an offset (beyond the structures, negative, or a fraction), reads return 0 and writes do nothing (PCI 3.0, 6.1).
 */
export class VirtioPci<Device extends DeviceRegisters = DeviceRegisters> {
  readonly device: Device;
  /** The PCI_CFG window (4.1.4.9), for a host that keeps the configuration space itself. */
  readonly window: PciConfigWindow;
  /** Length of BAR 0 in bytes. */
  readonly barBytes: number;
  readonly #header: Uint8Array<ArrayBuffer>;
  readonly #common: CommonConfig;
  readonly #config: PciConfigSpace;
  readonly #msix: Msix | undefined;
  readonly #setInterruptLine: (level: boolean) => void;
  readonly #notify: (queue: number) => void;
  #isr = 0;
  #line = false;

  /**
   * @param device the device, from createCryptoDevice(). The transport becomes its handler of interrupts
   * @param setInterruptLine called with the new level of the level-triggered interrupt INTA#: true is active
   * @throws RangeError that names an option that is out of range
   * @throws TypeError that names a parameter or option of a wrong type
   */
  constructor(device: Device, setInterruptLine: (level: boolean) => void, options: PciOptions = {}) {
    checkDevice(device, setInterruptLine);
    checkObject('options', options);
    const { bar = 'io', msix, notify = (queue) => device.notify(queue) } = options;
    if (bar !== 'io' && bar !== 'memory') throw new RangeError(`bar is ${String(bar)}: give io or memory.`);
    checkFunction('notify', notify);
    if (msix !== undefined) {
      checkObject('msix', msix);
      checkFunction('msix.deliver', msix.deliver);
    }
    this.device = device;
    this.barBytes = bar === 'io' ? layout.IO_BAR_BYTES : layout.MEMORY_BAR_BYTES;
    this.#msix = msix && new Msix(msix.vectors ?? device.queues.length + 1, msix.deliver);
    const place = this.#msix?.place;
    this.#header = configHeader({ bar, msix: place });
    this.#common = new CommonConfig(device, place?.vectors ?? 0);
    this.#setInterruptLine = setInterruptLine;
    this.#notify = notify;
    this.window = new PciConfigWindow(this);
    const shapes = [{ kind: bar, bytes: this.barBytes }];
    if (place) shapes.push({ kind: 'memory', bytes: place.barBytes });
    this.#config = new PciConfigSpace(this.#header, shapes, place !== undefined, this.window);
    device.onInterrupt((kind, queue) => this.#raise(kind, queue));
  }

  /**
   * Returns the configuration space, 256 bytes, for a host that keeps it itself. BAR 0 is at `barAddress` and enabled, as firmware would
   * leave it.
   * @param barAddress a port or guest-physical address, a multiple of barBytes
   */
  configHeader(barAddress: number): Uint8Array {
    const space = this.#header.slice();
    const view = new DataView(space.buffer);
    const command = pci.PCI_COMMAND_IO | pci.PCI_COMMAND_MEMORY | pci.PCI_COMMAND_BUS_MASTER;
    view.setUint16(pci.PCI_COMMAND, command, true);
    view.setUint32(pci.PCI_BAR0, view.getUint32(pci.PCI_BAR0, true) | barAddress, true);
    return space;
  }

  /** Reads `size` bytes at `offset` of the configuration space for the guest. After remove() reads return all ones. */
  readConfig(offset: number, size: AccessSize): number {
    return readWithoutRegisters(this.device, offset, size) ?? this.#config.read(offset, size, this.#interruptStatus);
  }

  /** Writes the `size` lowest bytes of `value` at `offset` of the configuration space for the guest. Read-only bits do not change. */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bytes === undefined) return;
    const before = this.#config.msixControl;
    this.#config.write(offset, size, bytes);
    if (this.#config.msixControl !== before) this.#msix?.writeControl(this.#config.msixControl);
    this.#update();
  }

  /** A copy of the BARs as the guest has placed them through writeConfig(). Read it again after each write. */
  get bars(): PciBar[] {
    return this.#config.bars;
  }

  /** Reads `size` bytes at `offset` of a BAR for the guest. Bytes without a register read as 0. After remove() reads return all ones. */
  readBar(bar: number, offset: number, size: AccessSize): number {
    if (bar === layout.STRUCTURES_BAR) return this.read(offset, size);
    const msix = bar === layout.MSIX_BAR ? this.#msix : undefined;
    return readWithoutRegisters(this.device, offset, size) ?? msix?.read(offset, size) ?? 0;
  }

  /** Writes the `size` lowest bytes of `value` at `offset` of a BAR for the guest. */
  writeBar(bar: number, offset: number, size: AccessSize, value: number): void {
    if (bar === layout.STRUCTURES_BAR) {
      this.write(offset, size, value);
      return;
    }
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bar === layout.MSIX_BAR && bytes !== undefined) this.#msix?.write(offset, size, bytes);
  }

  /**
   * Reads `size` bytes at `offset` of BAR 0 for the driver. Bytes that belong to no structure read as 0. After remove() reads return all
   * ones; a host that keeps the configuration space itself must return all ones for reads of it, too.
   */
  read(offset: number, size: AccessSize): number {
    return readWithoutRegisters(this.device, offset, size) ?? littleEndian(offset, size, (at) => this.#readByte(at));
  }

  /** Writes the `size` lowest bytes of `value` at `offset` of BAR 0 for the driver. */
  write(offset: number, size: AccessSize, value: number): void {
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bytes === undefined) return;
    if (offset === layout.NOTIFY.offset) this.#notify(bytes & 0xffff);
    else if (within(offset, layout.COMMON)) {
      // 4.1.4.5: a reset ends all interrupts.
      if (this.#common.write(offset - layout.COMMON.offset, size, bytes)) this.#forgetInterrupts();
    }
    // The device configuration has no field that a driver may write (5.9.5).
  }

  /** Takes the device out of the machine (see CryptoDevice.remove). The interrupt line becomes inactive. */
  remove(): void {
    this.device.remove();
    this.#common.reset();
    this.#forgetInterrupts();
  }

  /** Call this when the machine is reset. It resets the device, as a driver does by writing 0 to the status, and all PCI registers. */
  reset(): void {
    this.device.reset();
    this.#common.reset();
    this.#config.reset();
    this.#msix?.reset();
    this.#forgetInterrupts();
  }

  /** Returns the transport's registers, for restore(). Save the device's own state, too: CryptoDevice.save(). */
  save(): PciState {
    const { selected, vectors } = this.#common;
    return {
      isr: this.#isr,
      selected: { ...selected },
      config: this.#config.save(),
      ...(this.#msix ? { msix: { ...this.#msix.save(), vectors: structuredClone(vectors) } } : {}),
    };
  }

  /**
   * Takes over registers that save() returned, and sets the interrupt line accordingly. Messages that were delivered are not delivered
   * again. Restore the device, too: CryptoDevice.restore().
   * @throws StateError if `saved` is damaged, or if only one of the two functions, the saved one and this one, has MSI-X
   */
  restore(saved: PciState): void {
    const state = parseTransportState(SavedState, saved, 'PCI');
    if ((state.msix === undefined) !== (this.#msix === undefined)) {
      throw new StateError('The saved function and this one differ in MSI-X: create it with the same options.');
    }
    if (state.config !== undefined) this.#config.restore(state.config);
    const none = { config: pci.MSI_NO_VECTOR, queues: [] };
    this.#common.restore(state.selected, state.msix?.vectors ?? none);
    if (state.msix) {
      this.#msix?.restore(state.msix);
      this.#msix?.writeControl(this.#config.msixControl);
    }
    this.#isr = state.isr;
    this.#line = this.#interruptStatus && !this.#config.intxDisabled;
    this.#setInterruptLine(this.#line);
  }

  #readByte(offset: number): number {
    if (within(offset, layout.COMMON)) return this.#common.readByte(offset - layout.COMMON.offset);
    if (offset === layout.ISR.offset) {
      const isr = this.#isr;
      // 4.1.4.5.1: a read acknowledges the interrupt.
      this.#isr = 0;
      this.#update();
      return isr;
    }
    if (offset >= layout.DEVICE.offset && offset < layout.DEVICE.offset + CONFIG_BYTES) {
      return this.device.config.byte(offset - layout.DEVICE.offset);
    }
    return 0;
  }

  /**
   * Interrupts the driver (4.1.5.3, 4.1.5.4). If MSI-X is enabled, by the event's vector, and not at all if that is NO_VECTOR. Otherwise by
   * INTx.
   */
  #raise(kind: 'queue' | 'config', queue: number): void {
    const { vectors } = this.#common;
    const byMessage = this.#msix?.enabled === true;
    // 4.1.4.5.1: a change of configuration sets its ISR bit with MSI-X, too.
    if (kind === 'config') this.#isr |= pci.ISR_CONFIG;
    else if (!byMessage) this.#isr |= pci.ISR_QUEUE;
    if (byMessage)
      this.#msix?.signal(kind === 'config' ? vectors.config : (vectors.queues[queue] ?? pci.MSI_NO_VECTOR));
    else this.#update();
  }

  /** The Interrupt Status bit. 4.1.4.5.1: with MSI-X disabled, it is set if any ISR bit is set. */
  get #interruptStatus(): boolean {
    return this.#isr !== 0 && this.#msix?.enabled !== true;
  }

  #update(): void {
    const level = this.#interruptStatus && !this.#config.intxDisabled;
    if (level === this.#line) return;
    this.#line = level;
    this.#setInterruptLine(level);
  }

  #forgetInterrupts(): void {
    this.#isr = 0;
    this.#msix?.forgetPending();
    this.#update();
  }
}

function within(offset: number, structure: { offset: number; bytes: number }): boolean {
  return offset >= structure.offset && offset < structure.offset + structure.bytes;
}
