// The reference driver with a planted bug, before a device whose driver is watched.

import { DEVICE_ID_CRYPTO } from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import { CryptoDriver, type DriverOptions, type DriverTransport, PciTransport } from '../../../src/driver/index.ts';
import { KNOWN_FEATURES } from '../../../src/driver/ring_driver.ts';
import { DriverChecker, type Violation } from '../../../src/lab/index.ts';
import { type Bench, type BenchOptions, createBench } from '../../../src/testing/index.ts';
import { VirtioPci } from '../../../src/transport/pci/pci.ts';

export const bit = (number: number): bigint => 1n << BigInt(number);
/** The driver's features without some of them. */
export const without = (...bits: number[]): bigint => bits.reduce((all, one) => all & ~bit(one), KNOWN_FEATURES);

/** A driver on its own transport, and what it does it to. */
export class Stage {
  readonly checker: DriverChecker;
  readonly bench: Bench;
  readonly driver: CryptoDriver;
  readonly transport: DriverTransport;

  private constructor(checker: DriverChecker, bench: Bench, driver: DriverOptions, bug: Bug) {
    const { registers, ram, allocator } = bench;
    if (!(registers instanceof VirtioPci)) throw new TypeError('The bench has no PCI transport.');
    this.checker = checker;
    this.bench = bench;
    this.transport = new PciTransport(registers, DEVICE_ID_CRYPTO);
    this.driver = new CryptoDriver(bug(this.transport, this), ram, allocator, driver);
  }

  static async make(options: BenchOptions, driver: DriverOptions, bug: Bug): Promise<Stage> {
    const checker = new DriverChecker();
    const { createDevice } = checker;
    const bench = await createBench({ backend: 'inline', queueSize: 8, ...options, start: false, createDevice });
    return new Stage(checker, bench, driver, bug);
  }

  /** A byte of the configuration, read without the driver. */
  peek(offset: number): number {
    const { config } = this.bench.device;
    const { onRead } = config;
    config.onRead = undefined;
    const byte = config.byte(offset);
    config.onRead = onRead;
    return byte;
  }

  /** Guest RAM as numbers. */
  get view(): DataView {
    const bytes = this.bench.ram();
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A word of 16 bits in the available ring of a split queue. */
  avail(offset: number, queue = 0): { get(): number; set(value: number): void } {
    return this.word((this.driver.queues[queue]?.avail ?? 0) + offset);
  }

  word(at: number): { get(): number; set(value: number): void } {
    return {
      get: () => this.view.getUint16(at, true),
      set: (value) => this.view.setUint16(at, value, true),
    };
  }

  /** The address of the descriptor at the head of the chain that was offered last. */
  lastHead(queue = 0): number {
    const { avail, desc, size } = this.driver.queues[queue] ?? { avail: 0, desc: 0, size: 1 };
    const idx = this.view.getUint16(avail + virtio.AVAIL_IDX, true);
    const slot = (idx - 1) & (size - 1);
    const head = this.view.getUint16(avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES, true);
    return desc + head * virtio.DESC_BYTES;
  }

  /** Sends a chain to the first data queue; what becomes of it does not matter. */
  send(readable: number[] = [72, 16], writable: number[] = [16, 1], hold = false): void {
    const parts = readable.map((bytes) => new Uint8Array(bytes));
    this.driver.submit({ queue: 0, readable: parts, writable, hold }).catch(() => {});
  }

  get violations(): Violation[] {
    return this.checker.violations;
  }
}

/** A planted bug: what the driver has instead of its transport. */
export type Bug = (transport: DriverTransport, stage: Stage) => DriverTransport;

/** A transport whose methods some others replace. */
export function changed(transport: DriverTransport, changes: Partial<DriverTransport>): DriverTransport {
  const through: DriverTransport = {
    get status() {
      return transport.status;
    },
    set status(value) {
      transport.status = value;
    },
    get configGeneration() {
      return transport.configGeneration;
    },
    get deviceFeatures() {
      return transport.deviceFeatures;
    },
    set driverFeatures(value) {
      transport.driverFeatures = value;
    },
    get driverFeatures() {
      return transport.driverFeatures;
    },
    queueSizeMax: (index) => transport.queueSizeMax(index),
    enableQueue: (...place) => transport.enableQueue(...place),
    resetQueue: (index) => transport.resetQueue(index),
    notify: (index, data) => transport.notify(index, data),
    readIsr: () => transport.readIsr(),
    readConfig: (offset, size) => transport.readConfig(offset, size),
  };
  return Object.defineProperties(through, Object.getOwnPropertyDescriptors(changes));
}

/** Writes to the status pass through a function; undefined: nothing is written. */
export const statusBug = (
  change: (value: number, transport: DriverTransport) => number | undefined,
  read?: (transport: DriverTransport, written: number) => number,
): Bug => {
  return (transport) => {
    let written = 0;
    return changed(transport, {
      get status() {
        return read ? read(transport, written) : transport.status;
      },
      set status(value: number) {
        written = value;
        const own = change(value, transport);
        if (own !== undefined) transport.status = own;
      },
    });
  };
};

/** The rings are changed before a data queue's notification is sent. */
export const ringBug = (change: (stage: Stage) => void): Bug => {
  return (transport, stage) =>
    changed(transport, {
      notify: (index, data) => {
        if (index === 0) change(stage);
        transport.notify(index, data);
      },
    });
};

/** A queue is set up with other parameters. */
export const setupBug = (
  change: (place: [number, number, number, number, number]) => [number, number, number, number, number] | undefined,
  before?: (stage: Stage, place: [number, number, number, number, number]) => void,
): Bug => {
  return (transport, stage) =>
    changed(transport, {
      enableQueue: (...place) => {
        before?.(stage, place);
        const own = change(place);
        if (own) transport.enableQueue(...own);
      },
    });
};

/** Reads of fields of the configuration are left out: the driver takes what it was told before. */
export const unreadBug = (...offsets: number[]): Bug => {
  return (transport, stage) =>
    changed(transport, {
      readConfig: (offset, size) =>
        offsets.includes(offset)
          ? [...Array(size).keys()].reduce((sum, at) => sum | (stage.peek(offset + at) << (8 * at)), 0)
          : transport.readConfig(offset, size),
    });
};
