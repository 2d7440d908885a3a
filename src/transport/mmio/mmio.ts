import { DEVICE_ID_CRYPTO } from '../../../spec/crypto.ts';
import { F_ADMIN_VQ } from '../../../spec/virtio.ts';
import * as mmio from '../../../spec/virtio_mmio.ts';
import { checkFunction, checkObject } from '../../check.ts';
import type { QueueRegisters } from '../../device/queue_registers.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import { type AccessSize, checkDevice, littleEndian, readWithoutRegisters, wordOf, writtenBytes } from '../access.ts';
import { parseTransportState, MmioState as SavedState } from '../state.ts';

export type { AccessSize };

/** The saved registers of the transport: plain data that survives JSON. The device's own state is saved by CryptoDevice.save(). */
export interface MmioState {
  /** InterruptStatus (4.2.2): ISR_* bits. */
  interruptStatus: number;
  /** The values of DeviceFeaturesSel, DriverFeaturesSel and QueueSel. */
  selected: { deviceFeature: number; driverFeature: number; queue: number };
}

/** The value of VendorID: "VCW" in ASCII. */
const VENDOR_ID = 0x00574356;

/**
 * A register model of virtio over MMIO, version 2 (4.2). The host routes the guest's accesses of a 512-byte window to read() and write(),
 * and sets the level of the interrupt line when setInterruptLine is called.
 */
export class VirtioMmio<Device extends DeviceRegisters = DeviceRegisters> {
  /** Length of the register window in bytes. */
  static readonly windowBytes = mmio.MMIO_BYTES;
  readonly device: Device;
  readonly #setInterruptLine: (level: boolean) => void;
  readonly #notify: (queue: number) => void;
  readonly #selected = { deviceFeature: 0, driverFeature: 0, queue: 0 };
  #interruptStatus = 0;

  /**
   * @param device the device, from createCryptoDevice(). The transport becomes its handler of interrupts
   * @param setInterruptLine called with the new level of the level-triggered interrupt: true is active
   * @param options `notify` gets the driver's notifications instead of the device. The host then calls device.notify(queue) later
   * @throws TypeError that names a parameter of a wrong type
   */
  constructor(
    device: Device,
    setInterruptLine: (level: boolean) => void,
    options: { notify?: (queue: number) => void } = {},
  ) {
    checkDevice(device, setInterruptLine);
    checkObject('options', options);
    if (options.notify !== undefined) checkFunction('notify', options.notify);
    this.device = device;
    // 6 of virtio 1.4: only PCI says where an administration queue is.
    device.withhold(1n << BigInt(F_ADMIN_VQ));
    this.#setInterruptLine = setInterruptLine;
    this.#notify = options.notify ?? ((queue) => device.notify(queue));
    device.onInterrupt((kind) =>
      this.#raise(kind === 'queue' ? mmio.MMIO_INTERRUPT_QUEUE : mmio.MMIO_INTERRUPT_CONFIG),
    );
  }

  /**
   * Reads `size` bytes at `offset` of the window for the driver. Control registers take aligned accesses of 4 bytes (4.2.2.2), the
   * configuration space accesses of every width. All other reads return 0, also at offsets that are negative, fractions or beyond the
   * window. After remove() reads return all ones.
   * @returns a little-endian number without a sign
   * @throws RangeError for a size other than 1, 2 and 4
   */
  read(offset: number, size: AccessSize): number {
    const answer = readWithoutRegisters(this.device, offset, size);
    if (answer !== undefined) return answer;
    if (offset >= mmio.MMIO_CONFIG) {
      return littleEndian(offset - mmio.MMIO_CONFIG, size, (at) => this.device.config.byte(at));
    }
    return size === 4 && offset % 4 === 0 ? this.#readRegister(offset) >>> 0 : 0;
  }

  /**
   * Writes the `size` lowest bytes of `value` at `offset` for the driver. Only writes of a whole control register have an effect.
   * @throws RangeError for a size other than 1, 2 and 4
   * @throws TypeError for a value that is not a number
   */
  write(offset: number, size: AccessSize, value: number): void {
    const word = writtenBytes(this.device, offset, size, value);
    if (word === undefined || size !== 4 || offset % 4 !== 0) return;
    const { device } = this;
    switch (offset) {
      case mmio.MMIO_QUEUE_NOTIFY:
        this.#notify(word & 0xffff);
        break;
      case mmio.MMIO_INTERRUPT_ACK:
        this.#acknowledge(word);
        break;
      case mmio.MMIO_STATUS:
        device.writeStatus(word & 0xff);
        if ((word & 0xff) === 0) this.#forget();
        break;
      case mmio.MMIO_DEVICE_FEATURES_SEL:
        this.#selected.deviceFeature = word;
        break;
      case mmio.MMIO_DRIVER_FEATURES_SEL:
        this.#selected.driverFeature = word;
        break;
      case mmio.MMIO_DRIVER_FEATURES:
        device.writeDriverFeatures(this.#selected.driverFeature, word);
        break;
      case mmio.MMIO_QUEUE_SEL:
        this.#selected.queue = word;
        break;
      default:
        this.#writeQueue(offset, word);
    }
  }

  /** Takes the device out of the machine (see CryptoDevice.remove). The interrupt line becomes inactive. */
  remove(): void {
    this.device.remove();
    this.#forget();
  }

  /** Call this when the machine is reset. Resets the device, as a driver does by writing 0 to the status, and the transport's registers. */
  reset(): void {
    this.device.reset();
    this.#forget();
  }

  /** Returns the transport's registers, for restore(). Save the device's own state, too: CryptoDevice.save(). */
  save(): MmioState {
    return { interruptStatus: this.#interruptStatus, selected: { ...this.#selected } };
  }

  /**
   * Takes over registers that save() returned, and sets the interrupt line accordingly. Restore the device, too: CryptoDevice.restore().
   * @throws StateError if `saved` is damaged
   */
  restore(saved: MmioState): void {
    const state = parseTransportState(SavedState, saved, 'MMIO');
    Object.assign(this.#selected, state.selected);
    this.#interruptStatus = state.interruptStatus;
    this.#setInterruptLine(this.#interruptStatus !== 0);
  }

  #readRegister(offset: number): number {
    const { device } = this;
    switch (offset) {
      case mmio.MMIO_MAGIC_VALUE:
        return mmio.MMIO_MAGIC;
      case mmio.MMIO_VERSION_REGISTER:
        return mmio.MMIO_VERSION;
      case mmio.MMIO_DEVICE_ID:
        return DEVICE_ID_CRYPTO;
      case mmio.MMIO_VENDOR_ID:
        return VENDOR_ID;
      case mmio.MMIO_DEVICE_FEATURES:
        return wordOf(device.offeredFeatures, this.#selected.deviceFeature);
      case mmio.MMIO_QUEUE_SIZE_MAX:
        return this.#queue?.maxSize ?? 0;
      case mmio.MMIO_QUEUE_READY:
        return this.#queue?.enabled ? 1 : 0;
      case mmio.MMIO_INTERRUPT_STATUS:
        return this.#interruptStatus;
      case mmio.MMIO_STATUS:
        return device.status;
      case mmio.MMIO_CONFIG_GENERATION:
        return device.config.generation;
      default:
        // 4.2.2: length and base of a shared memory region that does not exist are -1.
        return offset >= mmio.MMIO_SHM_LEN_LOW && offset <= mmio.MMIO_SHM_BASE_HIGH ? 0xffffffff : 0;
    }
  }

  get #queue(): QueueRegisters | undefined {
    return this.device.queues[this.#selected.queue];
  }

  #writeQueue(offset: number, word: number): void {
    const queue = this.#queue;
    if (!queue) return;
    if (offset === mmio.MMIO_QUEUE_READY) {
      if (word === 1) this.device.enableQueue(this.#selected.queue);
      else if (word === 0) this.device.resetQueue(this.#selected.queue);
      return;
    }
    if (offset === mmio.MMIO_QUEUE_RESET) {
      // 4.2.2.1: the reset is complete at once, so QueueReset always reads as 0.
      if (word === 1 && this.device.ringResetNegotiated) this.device.resetQueue(this.#selected.queue);
      return;
    }
    // 4.2.2.2: a driver must not touch these while the queue is ready.
    if (queue.enabled) return;
    switch (offset) {
      case mmio.MMIO_QUEUE_SIZE:
        queue.size = word;
        break;
      case mmio.MMIO_QUEUE_DESC_LOW:
      case mmio.MMIO_QUEUE_DESC_HIGH:
        queue.writeAddress('desc', offset === mmio.MMIO_QUEUE_DESC_HIGH, word);
        break;
      case mmio.MMIO_QUEUE_DRIVER_LOW:
      case mmio.MMIO_QUEUE_DRIVER_HIGH:
        queue.writeAddress('driver', offset === mmio.MMIO_QUEUE_DRIVER_HIGH, word);
        break;
      case mmio.MMIO_QUEUE_DEVICE_LOW:
      case mmio.MMIO_QUEUE_DEVICE_HIGH:
        queue.writeAddress('device', offset === mmio.MMIO_QUEUE_DEVICE_HIGH, word);
        break;
      default:
        break;
    }
  }

  #forget(): void {
    Object.assign(this.#selected, { deviceFeature: 0, driverFeature: 0, queue: 0 });
    this.#acknowledge(0xffffffff);
  }

  #raise(bit: number): void {
    const before = this.#interruptStatus;
    this.#interruptStatus |= bit;
    if (before === 0) this.#setInterruptLine(true);
  }

  #acknowledge(bits: number): void {
    if (this.#interruptStatus === 0) return;
    this.#interruptStatus &= ~bits;
    if (this.#interruptStatus === 0) this.#setInterruptLine(false);
  }
}
