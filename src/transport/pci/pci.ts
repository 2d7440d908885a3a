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

/** How the function shows itself, and what its host can do for it. */
export interface PciOptions {
  /** The kind of BAR 0, which holds the virtio structures: 256 ports or 4096 bytes of memory. Default io. */
  bar?: 'io' | 'memory';
  /** Offers MSI-X, with table and pending bits in BAR 1, in memory. Default: INTx alone. */
  msix?: {
    /** Entries of the table, 1 to 2048. Default: one for each queue and one for the configuration. */
    vectors?: number;
    deliver: DeliverMessage;
  };
  /** Takes the driver's notifications, for a host that chooses when to pass them on to the device. */
  notify?: (queue: number) => void;
}

/** What is saved of the transport, beside the device's own state. */
export interface PciState {
  isr: number;
  selected: Selectors;
  /** The configuration space in hexadecimal; left out by a host that keeps it itself. */
  config?: string;
  /** Of a function with MSI-X. */
  msix?: MsixState & { vectors: Vectors };
}

/**
 * Virtio over PCI (4.1): a register model. The host routes accesses of the configuration space to readConfig() and
 * writeConfig(), those of the BARs to readBar() and writeBar() (read() and write() for BAR 0), and drives the interrupt
 * line as it is told. A host with configuration spaces of its own fills one with configHeader() instead.
 *
 * An access has 1, 2 or 4 bytes: another size is refused with a RangeError. Of a value that is written those bytes count, whatever
 * else the number holds; what is no number is refused with a TypeError. Where there is no register, at an offset beyond the
 * structures, a negative one or one that is no whole number, reads give 0 and writes do nothing (PCI 3.0, 6.1).
 */
export class VirtioPci<Device extends DeviceRegisters = DeviceRegisters> {
  readonly device: Device;
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
   * @param setInterruptLine called with the new level of INTA#, which is level-triggered
   * @throws RangeError for an option that is out of range, and TypeError for one of another type, naming it
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
   * The configuration space for a host that keeps it, 256 bytes, with BAR 0 at `barAddress` and enabled, as firmware would
   * leave it.
   */
  configHeader(barAddress: number): Uint8Array {
    const space = this.#header.slice();
    const view = new DataView(space.buffer);
    const command = pci.PCI_COMMAND_IO | pci.PCI_COMMAND_MEMORY | pci.PCI_COMMAND_BUS_MASTER;
    view.setUint16(pci.PCI_COMMAND, command, true);
    view.setUint32(pci.PCI_BAR0, view.getUint32(pci.PCI_BAR0, true) | barAddress, true);
    return space;
  }

  /** The guest reads `size` bytes at `offset` of the configuration space. Where the device was, reads give all ones. */
  readConfig(offset: number, size: AccessSize): number {
    return readWithoutRegisters(this.device, offset, size) ?? this.#config.read(offset, size, this.#interruptStatus);
  }

  /** The guest writes the `size` lowest bytes of `value` at `offset` of the configuration space; read-only bits stay. */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bytes === undefined) return;
    const before = this.#config.msixControl;
    this.#config.write(offset, size, bytes);
    if (this.#config.msixControl !== before) this.#msix?.writeControl(this.#config.msixControl);
    this.#update();
  }

  /** The BARs as the guest placed them through writeConfig(); look again after each write. */
  get bars(): PciBar[] {
    return this.#config.bars;
  }

  /** The guest reads `size` bytes at `offset` of a BAR. Bytes that belong to nothing read as 0. */
  readBar(bar: number, offset: number, size: AccessSize): number {
    if (bar === layout.STRUCTURES_BAR) return this.read(offset, size);
    const msix = bar === layout.MSIX_BAR ? this.#msix : undefined;
    return readWithoutRegisters(this.device, offset, size) ?? msix?.read(offset, size) ?? 0;
  }

  /** The guest writes the `size` lowest bytes of `value` at `offset` of a BAR. */
  writeBar(bar: number, offset: number, size: AccessSize, value: number): void {
    if (bar === layout.STRUCTURES_BAR) {
      this.write(offset, size, value);
      return;
    }
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bar === layout.MSIX_BAR && bytes !== undefined) this.#msix?.write(offset, size, bytes);
  }

  /**
   * The driver reads `size` bytes at `offset` of BAR 0. Bytes that belong to no structure read as 0; where the device was,
   * reads give all ones. A host that keeps the configuration space itself answers it in the same way.
   */
  read(offset: number, size: AccessSize): number {
    return readWithoutRegisters(this.device, offset, size) ?? littleEndian(offset, size, (at) => this.#readByte(at));
  }

  /** The driver writes the `size` lowest bytes of `value` at `offset` of BAR 0. */
  write(offset: number, size: AccessSize, value: number): void {
    const bytes = writtenBytes(this.device, offset, size, value);
    if (bytes === undefined) return;
    if (offset === layout.NOTIFY.offset) this.#notify(bytes & 0xffff);
    else if (within(offset, layout.COMMON)) {
      this.#common.write(offset - layout.COMMON.offset, size, bytes);
      // 4.1.4.5: nothing of an interrupt outlives a reset.
      if (this.device.status === 0) this.#forgetInterrupts();
    }
    // The device configuration has no field that a driver may write (5.9.5).
  }

  /** Takes the device out of the machine (CryptoDevice.remove); the interrupt line falls. */
  remove(): void {
    this.device.remove();
    this.#common.reset();
    this.#forgetInterrupts();
  }

  /** The machine was reset: as if the driver had written 0 to the status, with all of the transport's own registers. */
  reset(): void {
    this.device.reset();
    this.#common.reset();
    this.#config.reset();
    this.#msix?.reset();
    this.#forgetInterrupts();
  }

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
   * Takes over what save() answered; the interrupt line follows. Messages that were delivered are not delivered again.
   * @throws StateError for anything else, and when the saved function had MSI-X and this one has not, or the other way round
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
    if (within(offset, layout.COMMON)) {
      const word = this.#common.readWord(offset & ~3);
      return (word >>> (8 * (offset & 3))) & 0xff;
    }
    if (offset === layout.ISR.offset) {
      const isr = this.#isr;
      // 4.1.4.5.1: reading acknowledges.
      this.#isr = 0;
      this.#update();
      return isr;
    }
    if (offset >= layout.DEVICE.offset && offset < layout.DEVICE.offset + CONFIG_BYTES) {
      return this.device.config.byte(offset - layout.DEVICE.offset);
    }
    return 0;
  }

  /** 4.1.5.3, 4.1.5.4: by the event's vector if MSI-X is enabled, and not at all if that is NO_VECTOR; else by INTx. */
  #raise(kind: 'queue' | 'config', queue: number): void {
    const { vectors } = this.#common;
    const byMessage = this.#msix?.enabled === true;
    // 4.1.4.5.1: a change of configuration shows in the ISR status either way.
    if (kind === 'config') this.#isr |= pci.ISR_CONFIG;
    else if (!byMessage) this.#isr |= pci.ISR_QUEUE;
    if (byMessage)
      this.#msix?.signal(kind === 'config' ? vectors.config : (vectors.queues[queue] ?? pci.MSI_NO_VECTOR));
    else this.#update();
  }

  /** 4.1.4.5.1: with MSI-X disabled, the Interrupt Status bit is the OR of the ISR's. */
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
