import * as virtio from '../../../spec/virtio.ts';
import type { InterruptHandler } from '../../device/contract.ts';
import type { CryptoDevice } from '../../device/device.ts';
import { DeviceTracer, decodeRequest, summarise, type TracedRequest, withoutKeys } from '../../trace/index.ts';
import type { DriverWatcher } from '../checker/watched_device.ts';
import type { DecodedRequest, Happening } from './cell.ts';

/** What is kept before and after each fault or violation, and in all. */
const BEFORE = 14;
const AFTER = 20;
const KEPT_MAX = 160;

const STATUS_BITS = [
  [virtio.STATUS_ACKNOWLEDGE, 'ACKNOWLEDGE'],
  [virtio.STATUS_DRIVER, 'DRIVER'],
  [virtio.STATUS_DRIVER_OK, 'DRIVER_OK'],
  [virtio.STATUS_FEATURES_OK, 'FEATURES_OK'],
  [virtio.STATUS_DEVICE_NEEDS_RESET, 'DEVICE_NEEDS_RESET'],
  [virtio.STATUS_FAILED, 'FAILED'],
] as const;

function statusText(value: number): string {
  if (value === 0) return '0: a reset';
  return STATUS_BITS.filter(([bit]) => value & bit)
    .map(([, name]) => name)
    .join(' | ');
}

type Noted = Omit<Happening, 'request'> & { traced?: TracedRequest };

/** Stands between a device and the checker, and keeps what they see around what goes wrong. */
export class Recorder implements DriverWatcher {
  readonly #inner: DriverWatcher;
  readonly #now: () => number;
  readonly #struck: () => string | undefined;
  #toldOfFault = false;
  #kept: Noted[] = [];
  /** What came last, and is kept if something goes wrong now. */
  #recent: Noted[] = [];
  /** How much of what comes next is kept. */
  #left = 0;
  /** What was left out since the last that was kept. */
  #leftOut = 0;
  #tracer: DeviceTracer | undefined;
  #resets = 0;
  /** Bytes of the configuration that were read one after another. */
  #config: { from: number; to: number } | undefined;

  /**
   * @param now the cell's time in milliseconds
   * @param struck what the device does to its driver, once it does it
   */
  constructor(inner: DriverWatcher, now: () => number, struck: () => string | undefined) {
    this.#inner = inner;
    this.#now = now;
    this.#struck = struck;
  }

  /** How often the driver has reset the device. */
  get resets(): number {
    return this.#resets;
  }

  /** Decodes requests of the device from now on. */
  decode(device: CryptoDevice): void {
    this.#tracer = new DeviceTracer(device, { perSecond: 0 });
  }

  note(kind: Happening['kind'], text: string, traced?: TracedRequest): void {
    this.#endConfig();
    this.#add({ at: this.#now(), kind, text, ...(traced && { traced }) });
  }

  /** Notes a fault or a violation: what comes long before it or long after it is not kept. */
  mark(kind: 'fault' | 'violation', text: string): void {
    this.#endConfig();
    if (this.#kept.length >= KEPT_MAX) return;
    const at = this.#now();
    if (this.#leftOut > 0) this.#kept.push({ at, kind: 'scenario', text: `${this.#leftOut} events are left out` });
    this.#leftOut = 0;
    this.#kept.push(...this.#recent, { at, kind, text });
    this.#recent = [];
    this.#left = AFTER;
  }

  /** What happened around the marks; at the end, without one. */
  get timeline(): Happening[] {
    this.#endConfig();
    const all = this.#kept.length > 0 ? this.#kept : this.#recent;
    const marks = all.flatMap(({ kind }, at) => (kind === 'fault' || kind === 'violation' ? [at] : []));
    return all.map(({ traced, ...happening }, at) => ({
      ...happening,
      // A chain in full takes much room: those beside a mark are shown, or the last one.
      ...(traced && (marks.length === 0 ? at >= all.length - 4 : marks.some((mark) => Math.abs(mark - at) <= 4))
        ? { request: decoded(traced) }
        : {}),
    }));
  }

  statusWritten(device: CryptoDevice, value: number): void {
    if (value === 0) this.#resets++;
    this.note('register', `device status ← ${statusText(value)}`);
    this.#inner.statusWritten(device, value);
  }

  statusRead(): void {
    this.#once('register', 'device status is read');
    this.#inner.statusRead();
  }

  featuresWritten(device: CryptoDevice, word: number, value: number): void {
    this.note('register', `driver features, bits ${32 * word} to ${32 * word + 31} ← 0x${(value >>> 0).toString(16)}`);
    this.#inner.featuresWritten(device, word, value);
  }

  queueEnabled(device: CryptoDevice, queue: number): void {
    const { size = 0, ring = 'split' } = device.queues[queue] ?? {};
    this.note('queue', `queue ${queue} is enabled: ${size} entries, ${ring}`);
    this.#inner.queueEnabled(device, queue);
  }

  queueReset(queue: number): void {
    this.note('queue', `queue ${queue} is reset`);
    this.#inner.queueReset(queue);
  }

  notified(device: CryptoDevice, queue: number): void {
    const waiting = this.#tracer?.waitingRequest(queue);
    const what = waiting ? `: ${summaryOf(waiting)}` : ', whose ring has nothing new';
    this.note('notification', `queue ${queue}${what}`, waiting);
    this.#inner.notified(device, queue);
  }

  resumed(device: CryptoDevice, queue: number): void {
    const waiting = this.#tracer?.waitingRequest(queue);
    this.note('device', `goes on with queue ${queue}${waiting ? `: ${summaryOf(waiting)}` : ''}`, waiting);
    this.#inner.resumed(device, queue);
  }

  ran(device: CryptoDevice, queue: number): void {
    this.#inner.ran(device, queue);
    const struck = this.#toldOfFault ? undefined : this.#struck();
    if (struck !== undefined) {
      this.#toldOfFault = true;
      this.mark('fault', struck);
    }
    const { fault } = device;
    if (fault) this.#once('device', `needs a reset: ${fault.message}`);
    else if (device.queues[queue]?.enabled) {
      const { nextAvail, nextUsed } = device.positions(queue);
      this.note('device', `queue ${queue}: next available ${nextAvail}, next used ${nextUsed}`);
    }
  }

  configRead(offset: number | 'generation'): void {
    if (offset === 'generation') this.note('configuration', 'the generation is read');
    else if (this.#config && offset === this.#config.to + 1) this.#config.to = offset;
    else {
      this.#endConfig();
      this.#config = { from: offset, to: offset };
    }
    this.#inner.configRead(offset);
  }

  taking(device: CryptoDevice, queue: number): number {
    return this.#inner.taking(device, queue);
  }

  stoodIn(features: bigint | undefined): void {
    this.#inner.stoodIn(features);
  }

  positioned(device: CryptoDevice, queue: number): void {
    this.#inner.positioned(device, queue);
  }

  reset(): void {
    this.#inner.reset();
  }

  interrupted(handler: InterruptHandler, kind: 'queue' | 'config', queue: number): void {
    const noting: InterruptHandler = (of, number) => {
      this.note('interrupt', of === 'config' ? 'the configuration has changed' : `queue ${number} has used buffers`);
      handler(of, number);
    };
    this.#inner.interrupted(noting, kind, queue);
  }

  restored(status: number): void {
    this.note('scenario', `the device goes on from a saved state: status ${statusText(status)}`);
    this.#inner.restored(status);
  }

  /** Notes what may come many times in a row once. */
  #once(kind: Happening['kind'], text: string): void {
    this.#endConfig();
    const last = this.#recent.at(-1) ?? this.#kept.at(-1);
    if (last?.text !== text) this.#add({ at: this.#now(), kind, text });
  }

  #endConfig(): void {
    if (!this.#config) return;
    const { from, to } = this.#config;
    this.#config = undefined;
    this.#add({ at: this.#now(), kind: 'configuration', text: `bytes ${from} to ${to} are read` });
  }

  #add(noted: Noted): void {
    if (this.#left > 0) {
      this.#left--;
      this.#kept.push(noted);
      return;
    }
    this.#recent.push(noted);
    if (this.#recent.length <= BEFORE) return;
    this.#recent.shift();
    this.#leftOut++;
  }
}

function summaryOf(request: TracedRequest): string {
  const { operation, algorithm, bytes, session } = summarise(request);
  return [operation, algorithm, `${bytes} bytes`, session === '-' ? '' : `session ${session}`]
    .filter(Boolean)
    .join(', ');
}

function decoded(traced: TracedRequest): DecodedRequest {
  const request = withoutKeys(traced);
  return {
    summary: summaryOf(request),
    descriptors: request.descriptors,
    // The device has not written yet.
    fields: decodeRequest(request)
      .filter(({ part }) => part === 'readable')
      .map(({ data: _, secret: __, ...field }) => field),
  };
}
