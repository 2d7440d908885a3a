import {
  F_RING_PACKED,
  F_SUSPEND,
  STATUS_BITS,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_SUSPEND,
} from '../../spec/virtio.ts';
import { failedCheck, hasFeature } from './features.ts';
import type { Ring } from './queue_registers.ts';
import type { Check } from './refusals.ts';

/** The effect of a write to the status field. */
export interface StatusChange {
  /** Whether this write set FEATURES_OK: queues work as was negotiated from now on. */
  agreed: boolean;
  /** The check that the driver's features failed, if FEATURES_OK was refused. */
  failed: Check | undefined;
  /** Whether this write set DRIVER_OK: the queues must be run. */
  started: boolean;
  /** Whether this write asks a device that works to suspend itself (3.4.2 of virtio 1.4). No queue is run from now on. */
  suspends: boolean;
}

/** The state of the initialisation (3.1.1): the status field (2.1), and the features (2.2). */
export class Negotiation {
  #offered: bigint;
  #status = 0;
  #driverFeatures = 0n;
  #suspending = false;

  constructor(offered: bigint) {
    this.#offered = offered;
  }

  /** Feature bits that the device offers. */
  get offered(): bigint {
    return this.#offered;
  }

  /** Offers some features no more. Ignored once FEATURES_OK is set. */
  withhold(features: bigint): void {
    if (!this.agreed) this.#offered &= ~features;
  }

  get status(): number {
    return this.#status;
  }

  get driverFeatures(): bigint {
    return this.#driverFeatures;
  }

  /** Whether FEATURES_OK is set. */
  get agreed(): boolean {
    return (this.#status & STATUS_FEATURES_OK) !== 0;
  }

  /** Whether DRIVER_OK is set. */
  get driverIsUp(): boolean {
    return (this.#status & STATUS_DRIVER_OK) !== 0;
  }

  /** Whether DEVICE_NEEDS_RESET is set. */
  get broken(): boolean {
    return (this.#status & STATUS_DEVICE_NEEDS_RESET) !== 0;
  }

  /** Whether queues are run: DRIVER_OK is set, no reset is needed, and the driver has not asked for SUSPEND. */
  get working(): boolean {
    return (this.#status & (STATUS_DRIVER_OK | STATUS_DEVICE_NEEDS_RESET)) === STATUS_DRIVER_OK && !this.#suspending;
  }

  /** Whether the device is suspended (3.4 of virtio 1.4): SUSPEND is set, and DRIVER_OK is not. */
  get suspended(): boolean {
    return (this.#status & STATUS_SUSPEND) !== 0;
  }

  /** Whether queues may be enabled: FEATURES_OK is set, and no reset is needed. */
  get takesQueues(): boolean {
    return (this.#status & (STATUS_FEATURES_OK | STATUS_DEVICE_NEEDS_RESET)) === STATUS_FEATURES_OK;
  }

  /** The ring that the driver has chosen for all queues. */
  get ring(): Ring {
    return this.chose(F_RING_PACKED) ? 'packed' : 'split';
  }

  /** Whether the driver chose the feature with this bit number. */
  chose(bit: number): boolean {
    return hasFeature(this.#driverFeatures, bit);
  }

  /**
   * Writes the status field for the driver; `value` is not 0. FEATURES_OK is kept only if the device accepts the features (2.2.2). SUSPEND
   * counts only while the device works, and if it was negotiated (3.4.2). Only DRIVER_OK ends it.
   */
  write(value: number): StatusChange {
    const before = this.#status;
    const suspends = this.working && (value & STATUS_SUSPEND) !== 0 && this.chose(F_SUSPEND);
    const kept = before & (STATUS_DEVICE_NEEDS_RESET | STATUS_FEATURES_OK | STATUS_SUSPEND);
    let next = kept | (value & STATUS_BITS & ~STATUS_DEVICE_NEEDS_RESET & ~STATUS_SUSPEND);
    // The device itself clears DRIVER_OK when it is suspended.
    if (suspends || this.#suspending) next |= STATUS_DRIVER_OK;
    else if (next & STATUS_DRIVER_OK) next &= ~STATUS_SUSPEND;
    const asks = (next & STATUS_FEATURES_OK) !== 0 && (before & STATUS_FEATURES_OK) === 0;
    const failed = asks ? failedCheck(this.#driverFeatures, this.#offered) : undefined;
    if (failed) next &= ~STATUS_FEATURES_OK;
    // 3.1.1: DRIVER_OK comes after FEATURES_OK. Without FEATURES_OK it is ignored.
    if (!(next & STATUS_FEATURES_OK)) next &= ~STATUS_DRIVER_OK;
    this.#status = next;
    if (suspends) this.#suspending = true;
    return { agreed: asks && !failed, failed, started: (next & ~before & STATUS_DRIVER_OK) !== 0, suspends };
  }

  /**
   * Shows SUSPEND instead of DRIVER_OK, now that no request is under way. Returns false if the device was reset meanwhile, or needs a reset
   * (3.4.2).
   */
  suspend(): boolean {
    const suspends = this.#suspending && !this.broken;
    this.#suspending = false;
    if (suspends) this.#status = (this.#status & ~STATUS_DRIVER_OK) | STATUS_SUSPEND;
    return suspends;
  }

  /** Writes half of the driver's features: `word` 0 is bits 0 to 31, 1 is bits 32 to 63. Ignored once FEATURES_OK is set. */
  writeFeatures(word: number, value: number): void {
    if (this.agreed || word > 1) return;
    const shift = BigInt(word * 32);
    const kept = this.#driverFeatures & ~(0xffffffffn << shift);
    this.#driverFeatures = kept | (BigInt(value >>> 0) << shift);
  }

  /** Sets DEVICE_NEEDS_RESET (2.1.2). Returns false if it was set already. */
  needReset(): boolean {
    if (this.broken) return false;
    this.#status |= STATUS_DEVICE_NEEDS_RESET;
    return true;
  }

  reset(): void {
    this.#suspending = false;
    this.#status = 0;
    this.#driverFeatures = 0n;
  }

  /** Takes over a saved status and saved features. */
  restore(status: number, driverFeatures: bigint): void {
    this.#status = status;
    this.#driverFeatures = driverFeatures;
  }
}
