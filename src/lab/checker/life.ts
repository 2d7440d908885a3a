// The rules of initialisation (3.1.1), of the device status (2.1), of features (2.2) and of the configuration space (2.5, 5.9.5).
import * as crypto from '../../../spec/crypto.ts';
import { SERVED, SERVICES, type SessionService, STATELESS_MODES } from '../../../spec/services.ts';
import * as virtio from '../../../spec/virtio.ts';
import type { CryptoDevice } from '../../device/device.ts';
import { hasFeature } from '../../device/features.ts';
import { Suspension } from './suspension.ts';
import type { Findings } from './violation.ts';

/** Fields of the configuration that a driver must read before its first request. */
const FIELDS = [
  { name: 'status', offset: crypto.CONFIG_STATUS, rule: '5.9.5.2-1' },
  { name: 'max_dataqueues', offset: crypto.CONFIG_MAX_DATAQUEUES, rule: '5.9.5.2-3' },
  { name: 'crypto_services', offset: crypto.CONFIG_CRYPTO_SERVICES, rule: '5.9.5.2-4' },
  { name: 'max_size', offset: crypto.CONFIG_MAX_SIZE, rule: '5.9.5.2-6' },
] as const;

/** The device's own bits: it clears them itself. */
const DEVICE_BITS = virtio.STATUS_DEVICE_NEEDS_RESET | virtio.STATUS_SUSPEND;

/** Follows a driver from one reset of the device to the next. */
export class Life {
  readonly #findings: Findings;
  readonly #suspension: Suspension;
  /** The device status as the driver has set it. */
  #status = 0;
  /** Whether the driver has reset the device since the machine started, and has read 0 since its last reset. */
  #resetOnce = false;
  #sawReset = true;
  /** Whether the driver has set FEATURES_OK and not read the status since. */
  #unread = false;
  /** The configuration's bytes that were read in this life, and how often its generation was. */
  #configRead = new Set<number>();
  #generationReads = 0;
  /** Reads of the generation when max_size was read first. */
  #generationBefore: number | undefined;
  #requested = false;
  /** Whether this life began in a machine that was saved. */
  #isRestored = false;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.#suspension = new Suspension(findings);
  }

  /** Whether the driver has suspended the device (3.4 of virtio 1.4). */
  get suspended(): boolean {
    return this.#suspension.suspended;
  }

  /** Called when the device was reset, by the driver or with its machine. */
  reset(): void {
    this.#suspension.reset();
    this.#status = 0;
    this.#unread = false;
    this.#configRead = new Set();
    this.#generationReads = 0;
    this.#generationBefore = undefined;
    this.#requested = false;
    this.#isRestored = false;
  }

  /** Called when the device has taken over a saved state. What the driver did before is not known, and nothing is said about it. */
  restored(status: number): void {
    this.reset();
    this.#suspension.restored(status);
    this.#status = status;
    this.#resetOnce = status !== 0;
    this.#sawReset = true;
    this.#requested = status !== 0;
    this.#isRestored = status !== 0;
  }

  statusRead(): void {
    this.#suspension.statusRead();
    this.#unread = false;
    if (this.#status === 0) this.#sawReset = true;
  }

  /** @param held the status that the device has before it takes the value */
  statusWritten(device: CryptoDevice, value: number, held: number): void {
    if (value === 0) {
      this.#resetOnce = true;
      this.#sawReset = false;
      return;
    }
    // FEATURES_OK that the device has not taken is no bit that the driver clears.
    const before = this.#status & ~(virtio.STATUS_FEATURES_OK & ~held);
    const added = value & ~before;
    const findings = this.#findings;
    const seen = `the status was ${hex(before)}, and ${hex(value)} was written`;
    if (before === 0 && !this.#resetOnce) findings.report('3.1.1-1', seen);
    if (before === 0 && this.#resetOnce && !this.#sawReset) {
      findings.report('2.4.2-1', `0 was written to the status, then ${hex(value)}, without a read of it between them`);
      this.#sawReset = true;
    }
    if (before & ~value & ~DEVICE_BITS) findings.report('2.1.1-1', seen);
    if (before & virtio.STATUS_FAILED && added) findings.report('2.1.1-2', seen);
    if (value & virtio.STATUS_DRIVER && !(value & virtio.STATUS_ACKNOWLEDGE)) findings.report('3.1.1-2', seen);
    if (added & virtio.STATUS_FEATURES_OK) this.#agree(device);
    if (added & virtio.STATUS_DRIVER_OK && !this.suspended) this.#start(device, seen);
    this.#status = this.#suspension.statusWritten(device, before, value);
  }

  featuresWritten(word: number, value: number): void {
    const written = `${hex(value)} was written to word ${word} of the driver's features`;
    if (!(this.#status & virtio.STATUS_DRIVER)) this.#findings.report('3.1.1-3', `${written} before DRIVER was set`);
    if (this.#status & virtio.STATUS_FEATURES_OK) {
      this.#findings.report('3.1.1-3', `${written} after FEATURES_OK was set`);
    }
  }

  queueEnabled(queue: number): void {
    if (!(this.#status & virtio.STATUS_FEATURES_OK)) {
      this.#findings.report('3.1.1-5', 'the queue was enabled before FEATURES_OK', { queue });
    }
    this.#reread('the queue was enabled');
  }

  configRead(offset: number | 'generation'): void {
    if (offset === 'generation') {
      this.#generationReads++;
      return;
    }
    this.#configRead.add(offset);
    if (offset === crypto.CONFIG_MAX_SIZE) this.#generationBefore ??= this.#generationReads;
  }

  notified(device: CryptoDevice, queue: number): void {
    const findings = this.#findings;
    if (this.#suspension.notified(queue)) return;
    if (!(this.#status & virtio.STATUS_DRIVER_OK)) {
      findings.report('3.1.1-7', `the status was ${hex(this.#status)}`, { queue });
      return;
    }
    if (queue >= device.queues.length) {
      findings.report('4.1.5.2.1-1', `the index was ${queue}, and the device has ${device.queues.length} queues`, {
        queue,
      });
    } else if (!device.queues[queue]?.enabled) {
      findings.report('4.1.5.2.1-1', 'the queue was not enabled', { queue });
    }
  }

  /** Called when the driver has sent its first requests, and with each that follows. */
  requested(device: CryptoDevice, queue: number): void {
    this.#suspension.offered(queue);
    if (!device.config.hardwareReady) {
      this.#findings.report('5.9.5.2-2', 'a request came while HW_READY was 0', { queue });
    }
    if (this.#requested) return;
    this.#requested = true;
    for (const { name, offset, rule } of FIELDS) {
      if (!this.#configRead.has(offset)) {
        this.#findings.report(rule, `a request came, and ${name} had not been read since the reset`);
      }
    }
    const before = this.#generationBefore;
    if (before !== undefined && (before === 0 || this.#generationReads <= before)) {
      this.#findings.report('2.5.1-1', 'max_size was read without a read of the generation before it and after it');
    }
  }

  /** Called for each request that makes a session. @param opcode the request's opcode */
  sessionRequested(opcode: number): void {
    const name = SERVED.find((one) => SERVICES[one].create === opcode);
    if (!name || this.#isRestored) return;
    const { masks }: SessionService = SERVICES[name];
    if (masks.every((offset) => !this.#configRead.has(offset ?? 0))) {
      this.#findings.report('5.9.5.2-5', `a session of ${name} was asked for, and its algorithms had not been read`);
    }
  }

  /** The driver has set FEATURES_OK. */
  #agree(device: CryptoDevice): void {
    const { driverFeatures: chosen, offeredFeatures: offered } = device;
    const findings = this.#findings;
    this.#unread = true;
    const foreign = chosen & ~offered;
    if (foreign !== 0n) findings.report('2.2.1-1', `bits 0x${foreign.toString(16)} were not offered`);
    const alone = STATELESS_MODES.filter((mode) => hasFeature(chosen, mode));
    if (alone.length > 0 && !hasFeature(chosen, crypto.F_REVISION_1)) {
      findings.report('2.2.1-2', `bit ${alone[0]}, a stateless mode, needs VIRTIO_CRYPTO_F_REVISION_1 (5.9.3.1)`);
    }
    for (const [bit, rule] of [
      [virtio.F_VERSION_1, '6.1-1'],
      [virtio.F_RING_PACKED, '6.1-2'],
      [virtio.F_ACCESS_PLATFORM, '6.1-3'],
    ] as const) {
      if (hasFeature(offered, bit) && !hasFeature(chosen, bit)) findings.report(rule, `bit ${bit} was left out`);
    }
  }

  /** The driver has set DRIVER_OK. */
  #start(device: CryptoDevice, seen: string): void {
    if (!(this.#status & virtio.STATUS_FEATURES_OK) || this.#refused(device)) this.#findings.report('3.1.1-6', seen);
    this.#reread('DRIVER_OK was set');
    const missing = device.queues.flatMap(({ enabled, kind }, index) => (enabled || kind === 'admin' ? [] : [index]));
    if (missing.length > 0) this.#findings.report('5.9.6.1-1', `queues ${missing.join(', ')} were not enabled`);
  }

  /** Whether the device did not keep FEATURES_OK. */
  #refused(device: CryptoDevice): boolean {
    const { driverFeatures, offeredFeatures } = device;
    return (driverFeatures & ~offeredFeatures) !== 0n || !hasFeature(driverFeatures, virtio.F_VERSION_1);
  }

  #reread(what: string): void {
    if (!this.#unread) return;
    this.#findings.report('3.1.1-4', `${what} without a read of the status after FEATURES_OK`);
    this.#unread = false;
  }
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
