import { type Clock, hostClock } from '../../clock.ts';
import type { CreateOptions, InterruptHandler, QueuePositions } from '../../device/contract.ts';
import { CryptoDevice } from '../../device/device.ts';
import type { DeviceObserver } from '../../device/queue_runner.ts';
import { TakingGate } from './taking_gate.ts';

/** What a driver does to a device, in the order in which it does it. */
export interface DriverWatcher {
  /** The driver writes the device status. The device has not handled it yet. */
  statusWritten(device: CryptoDevice, value: number): void;
  /** The driver reads the device status. */
  statusRead(): void;
  /** The driver writes half of its features: `word` 0 has bits 0 to 31. */
  featuresWritten(device: CryptoDevice, word: number, value: number): void;
  /** The driver enables a queue whose registers it has written. */
  queueEnabled(device: CryptoDevice, queue: number): void;
  /** The driver resets a queue. */
  queueReset(queue: number): void;
  /** The driver notifies the device of a queue. The device has not looked at it yet. */
  notified(device: CryptoDevice, queue: number): void;
  /** The device goes on with a queue by itself, after it has held it back. It has not looked at it yet. */
  resumed(device: CryptoDevice, queue: number): void;
  /**
   * The device is about to take chains of a queue, whose driver may make more available at any time. Returns how many the device may take.
   * Called only if the transport writes the registers itself.
   */
  taking(device: CryptoDevice, queue: number): number;
  /** The device has looked at the queue. */
  ran(device: CryptoDevice, queue: number): void;
  /**
   * The transport writes status, features and queues' registers itself from now on.
   * @param features the features that the driver has chosen; undefined: they are not known
   */
  stoodIn(features: bigint | undefined): void;
  /** The transport has said where an enabled queue begins, or goes on. */
  positioned(device: CryptoDevice, queue: number): void;
  /** The driver reads a byte of the configuration space, or its generation. */
  configRead(offset: number | 'generation'): void;
  /** The device was reset, by the driver or with its machine. */
  reset(): void;
  /** The device interrupts its driver, by the handler of its transport. */
  interrupted(handler: InterruptHandler, kind: 'queue' | 'config', queue: number): void;
  /** The device has taken over a saved state, in which its status is `status`. */
  restored(status: number): void;
}

/** A device that tells a watcher what its driver does. Reads of the host count as the driver's. */
export class WatchedDevice extends CryptoDevice {
  // The constructor of CryptoDevice calls none of the methods below.
  readonly #watcher: DriverWatcher;
  readonly #clock: Clock;
  #gate: TakingGate | undefined;
  #observer: DeviceObserver | undefined;
  /** What the device takes for a status that the driver writes. */
  changeStatus = (value: number): number => value;

  constructor(options: CreateOptions, watcher: DriverWatcher) {
    super(options);
    this.#watcher = watcher;
    this.#clock = options.clock ?? hostClock();
    this.config.onRead = (offset) => watcher.configRead(offset);
  }

  override onInterrupt(handler: InterruptHandler): void {
    super.onInterrupt((kind, queue) => this.#watcher.interrupted(handler, kind, queue));
  }

  override get status(): number {
    this.#watcher.statusRead();
    return super.status;
  }

  /** The device status, without a read of the driver. */
  get heldStatus(): number {
    return super.status;
  }

  override writeStatus(value: number): void {
    this.#watcher.statusWritten(this, value);
    super.writeStatus(this.changeStatus(value));
  }

  override writeDriverFeatures(word: number, value: number): void {
    this.#watcher.featuresWritten(this, word, value);
    super.writeDriverFeatures(word, value);
  }

  override enableQueue(index: number): void {
    this.#watcher.queueEnabled(this, index);
    super.enableQueue(index);
  }

  override resetQueue(index: number): void {
    this.#watcher.queueReset(index);
    super.resetQueue(index);
  }

  override notify(index: number): void {
    this.#watcher.notified(this, index);
    super.notify(index);
    this.#watcher.ran(this, index);
  }

  override resume(index: number): void {
    this.#watcher.resumed(this, index);
    super.resume(index);
    this.#watcher.ran(this, index);
  }

  override setPositions(index: number, positions: QueuePositions): void {
    super.setPositions(index, positions);
    this.#watcher.positioned(this, index);
  }

  override standIn(features: bigint | undefined): void {
    super.standIn(features);
    this.#watcher.stoodIn(features);
    this.#gate ??= new TakingGate(
      this,
      (queue) => this.#watcher.taking(this, queue),
      (queue) => super.resume(queue),
      this.#clock,
    );
    this.observe(this.#observer);
  }

  override observe(observer: DeviceObserver | undefined): void {
    this.#observer = observer;
    if (this.#gate) this.#gate.inner = observer;
    super.observe(this.#gate ?? observer);
  }

  override reset(): void {
    super.reset();
    this.#watcher.reset();
  }

  override restore(saved: unknown): void {
    super.restore(saved);
    this.#watcher.restored(super.status);
  }
}
