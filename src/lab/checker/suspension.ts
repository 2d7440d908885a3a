// The rules of suspension (3.4.1 of virtio 1.4).
import * as virtio from '../../../spec/virtio.ts';
import type { CryptoDevice } from '../../device/device.ts';
import { hasFeature } from '../../device/features.ts';
import type { Findings } from './violation.ts';

/** Whether the device works, the driver has asked it to suspend itself, or the driver has asked it to go on. */
type Phase = 'working' | 'suspended' | 'resuming';

/** Follows a driver that suspends the device. */
export class Suspension {
  readonly #findings: Findings;
  #phase: Phase = 'working';
  /** Whether the driver has read the status since it set SUSPEND. */
  #read = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Whether the driver has set SUSPEND and not DRIVER_OK since. */
  get suspended(): boolean {
    return this.#phase === 'suspended';
  }

  reset(): void {
    this.#phase = 'working';
  }

  /** Called when the device has taken over a saved state. */
  restored(status: number): void {
    this.#phase = status & virtio.STATUS_SUSPEND ? 'suspended' : 'working';
    this.#read = true;
  }

  statusRead(): void {
    this.#read = true;
    if (this.#phase === 'resuming') this.#phase = 'working';
  }

  /** The driver writes `value`, and the status that it has set was `before`. Returns the status from then on. */
  statusWritten(device: CryptoDevice, before: number, value: number): number {
    const { STATUS_SUSPEND: SUSPEND, STATUS_DRIVER_OK: DRIVER_OK } = virtio;
    if (this.#phase === 'suspended') {
      if (!(value & DRIVER_OK)) return before | value;
      if (!this.#read) {
        this.#findings.report('3.4.1-2', 'DRIVER_OK was written, and the status was not read after SUSPEND was');
      }
      this.#phase = 'resuming';
      return (before | value) & ~SUSPEND;
    }
    if (!(value & SUSPEND)) return before | value;
    const chosen = hasFeature(device.driverFeatures, virtio.F_SUSPEND);
    if (!(before & DRIVER_OK) || !chosen) {
      const why = chosen ? 'DRIVER_OK was not set' : 'VIRTIO_F_SUSPEND was not negotiated';
      this.#findings.report('3.4.1-1', `SUSPEND was written, and ${why}`);
      return (before | value) & ~SUSPEND;
    }
    this.#phase = 'suspended';
    this.#read = false;
    return (before | value) & ~DRIVER_OK;
  }

  /** Called when chains were made available. */
  offered(queue: number): void {
    if (this.#phase === 'suspended') this.#findings.report('3.4.1-3', 'chains were made available', { queue });
  }

  /** Called for a notification. Returns whether the device is suspended, and does not look at the queue. */
  notified(queue: number): boolean {
    if (this.#phase === 'resuming') {
      const seen = 'a notification came before the status was read after DRIVER_OK was written';
      this.#findings.report('3.4.1-5', seen, { queue });
      this.#phase = 'working';
    }
    if (this.#phase === 'suspended') this.#findings.report('3.4.1-4', 'a notification came', { queue });
    return this.#phase === 'suspended';
  }
}
