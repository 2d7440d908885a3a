import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import type { BackendEvent } from '../../src/backend/contract.ts';
import type { Clock } from '../../src/clock.ts';
import { type CryptoDevice, createCryptoDevice } from '../../src/device/device.ts';
import type { FeatureOptions } from '../../src/device/features.ts';
import type { CryptoDeviceOptions, ResolvedOptions } from '../../src/device/options.ts';
import type { WriteReport } from '../../src/engine/instantiate.ts';
import { instantiateEngine } from '../../src/engine/load.ts';
import type { Guest, GuestMemory, GuestRegion } from '../../src/engine/memory.ts';
import { asForeign } from './foreign.ts';
import { fillWithNoise, Snapshot, type Stretch, stretch } from './memory.ts';
import { RawPackedRing } from './raw_packed_ring.ts';
import { RawRing } from './raw_ring.ts';
import type { RawGuest, TestRing } from './test_ring.ts';

/** Tests of rigs look at results as soon as a notification has returned: of workers they know nothing. */
const { BACKEND, GUEST_MEMORY } = process.env;
const GUEST_MEMORY_OF_RUN = GUEST_MEMORY === 'foreign' ? asForeign : undefined;

const PAGE_BYTES = 65536;
export const RAM_BYTES = 1024 * 1024;
/** Larger memories keep zeros beyond: nobody compares them. */
const CANARY_BYTES_MAX = 4 * RAM_BYTES;
const KNOWN_DATA_RING = 0x4000;
const KNOWN_CONTROL_RING = 0x1000;

export const feature = (bit: number): bigint => 1n << BigInt(bit);
export const VERSION_1 = feature(virtio.F_VERSION_1);
export const INDIRECT = feature(virtio.F_INDIRECT_DESC);
export const EVENT_IDX = feature(virtio.F_EVENT_IDX);
export const PACKED = feature(virtio.F_RING_PACKED);

const UP_TO_DRIVER = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER;
const UP_TO_FEATURES = UP_TO_DRIVER | virtio.STATUS_FEATURES_OK;
export const UP = UP_TO_FEATURES | virtio.STATUS_DRIVER_OK;
export const NEEDS_RESET = virtio.STATUS_DEVICE_NEEDS_RESET;

export interface RigOptions extends Omit<CryptoDeviceOptions, 'features'> {
  /** Features that the device offers. */
  offer?: FeatureOptions;
  /** Features that the driver accepts. Default: VERSION_1 and INDIRECT_DESC. */
  features?: bigint;
  /** Entries of the data ring. Default: queueSize. */
  ringSize?: number;
  /** Guest RAM. Default: 1 MiB from address 0. */
  regions?: GuestRegion[];
  /** Whether threads share the memory. */
  sharedMemory?: boolean;
  /** Makes of the rig's memory a foreign one, which the device is given. Default: as the run of the suite is for. */
  guestMemory?: (memory: GuestMemory) => Guest;
  onWrite?: WriteReport;
  clock?: Clock;
  onBackendEvent?: (event: BackendEvent) => void;
  /** Whether the driver brings the device up at once. Default true. */
  start?: boolean;
}

/**
 * A device whose driver is the test: rings and requests are written by hand. Memory around guest RAM and around the
 * engine's region is filled with canaries.
 */
abstract class RigOver<Ring extends TestRing> {
  readonly memory: WebAssembly.Memory;
  readonly regions: readonly GuestRegion[];
  readonly device: CryptoDevice;
  /** Whether threads share the memory: workers then have a part of it. */
  readonly sharesMemory: boolean;
  /** The engine's region, and nothing of the page's rest behind it; empty where guest memory is foreign. */
  readonly engine: Stretch;
  data: Ring;
  readonly control: Ring;
  /** What the device told the driver, oldest first. */
  interrupts: { kind: 'queue' | 'config'; queue: number }[] = [];
  features: bigint;

  constructor(options: RigOptions = {}) {
    const { features, offer, ringSize, regions, onWrite, start, guestMemory = GUEST_MEMORY_OF_RUN, ...given } = options;
    const { sharedMemory = GUEST_MEMORY === 'shared', ...forDevice } = given;
    // One algorithm, so that requests for others are requests for what is not offered.
    const small = {
      queueSize: 64,
      maxSessions: 4,
      maxRequestBytes: 65536,
      algorithms: ['aes-cbc'] as const,
      backend: BACKEND === 'host' ? ('host' as const) : ('inline' as const),
    };
    const deviceOptions = { ...small, ...forDevice };
    this.regions = regions ?? [{ guestAddress: 0, bytes: RAM_BYTES, offset: PAGE_BYTES }];
    this.features = features ?? VERSION_1 | INDIRECT;
    const end = Math.max(...this.regions.map(({ offset, bytes }) => offset + bytes));
    const isForeign = guestMemory !== undefined;
    // The page that is added below is there from the start: foreign memory does not grow.
    const initial = Math.ceil(end / PAGE_BYTES) + (isForeign ? 2 : 1);
    this.sharesMemory = sharedMemory;
    this.memory = new WebAssembly.Memory(sharedMemory ? { initial, maximum: 65536, shared: true } : { initial });
    fillWithNoise(new Uint8Array(this.memory.buffer).subarray(0, CANARY_BYTES_MAX), 7);
    const engineStart = this.memory.buffer.byteLength;
    const guest = { memory: this.memory, regions: this.regions };
    this.device = createCryptoDevice({
      ...deviceOptions,
      ...(offer ? { features: offer } : {}),
      guest: guestMemory ? guestMemory(guest) : guest,
      ...(onWrite ? { onWrite } : {}),
    });
    this.engine = stretch(engineStart, isForeign ? 0 : regionBytes(this.device.options));
    if (!isForeign) this.#addCanaries();
    this.device.onInterrupt((kind, queue) => this.interrupts.push({ kind, queue }));
    this.data = this.ringAt(KNOWN_DATA_RING, ringSize ?? this.device.options.queueSize);
    this.control = this.ringAt(KNOWN_CONTROL_RING, 64);
    if (start ?? true) this.bringUp();
  }

  #addCanaries(): void {
    // Workers' records stand between the engine's region and what is added now.
    const added = this.memory.grow(1) * PAGE_BYTES;
    const rest = Math.ceil(this.engine.end / PAGE_BYTES) * PAGE_BYTES - this.engine.end;
    fillWithNoise(new Uint8Array(this.memory.buffer, this.engine.end, rest), 8);
    fillWithNoise(new Uint8Array(this.memory.buffer, added), 8);
  }

  /** Where a guest-physical address stands in the memory. */
  offset(address: number): number {
    const region = this.regions.find(
      ({ guestAddress, bytes }) => address >= guestAddress && address < guestAddress + bytes,
    );
    if (!region) throw new RangeError(`No RAM at 0x${address.toString(16)}.`);
    return region.offset + address - region.guestAddress;
  }

  view(address: number, bytes: number): DataView {
    return new DataView(this.memory.buffer, this.offset(address), bytes);
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, this.offset(address));
  }

  read(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.offset(address), bytes).slice();
  }

  /** Takes a stretch of guest RAM as one of the memory. */
  guest(address: number, bytes: number): Stretch {
    return stretch(this.offset(address), bytes);
  }

  /** What the device has claimed behind the engine's region: records, and what workers share where they serve in place. */
  get claimed(): Stretch {
    return { start: this.engine.end, end: this.memory.buffer.byteLength };
  }

  snapshot(): Snapshot {
    return new Snapshot(this.memory);
  }

  /** Reset, then 3.1.1 from ACKNOWLEDGE to DRIVER_OK. */
  bringUp(features = this.features): void {
    this.negotiate(features);
    this.enableQueues();
    this.device.writeStatus(UP);
    this.interrupts = [];
  }

  /** Reset, then 3.1.1 steps 2 to 6: FEATURES_OK is asked for. */
  negotiate(features = this.features): void {
    const { device } = this;
    device.writeStatus(0);
    device.writeStatus(virtio.STATUS_ACKNOWLEDGE);
    device.writeStatus(UP_TO_DRIVER);
    device.writeDriverFeatures(0, Number(features & 0xffffffffn));
    device.writeDriverFeatures(1, Number(features >> 32n));
    device.writeStatus(UP_TO_FEATURES);
  }

  enableQueues(): void {
    this.enable(0, this.data);
    this.enable(this.controlIndex, this.control);
  }

  /** Clears a ring and enables it as queue `index`, with registers that the caller may get wrong. */
  enable(
    index: number,
    ring: Ring,
    registers: { size?: number; desc?: bigint; driver?: bigint; device?: bigint } = {},
  ): void {
    const queue = this.device.queues[index];
    if (!queue) throw new RangeError(`No queue ${index}.`);
    ring.clear();
    queue.size = registers.size ?? ring.size;
    queue.desc = registers.desc ?? BigInt(ring.desc);
    queue.driver = registers.driver ?? BigInt(ring.avail);
    queue.device = registers.device ?? BigInt(ring.used);
    this.device.enableQueue(index);
  }

  /** A ring at another place; assign it to `data` before bringUp(), or enable it by hand. */
  ringAt(base: number, size: number): Ring {
    return this.makeRing(this, base, size);
  }

  protected abstract makeRing(guest: RawGuest, base: number, size: number): Ring;

  get controlIndex(): number {
    return this.device.options.dataQueues;
  }

  get needsReset(): boolean {
    return (this.device.status & virtio.STATUS_DEVICE_NEEDS_RESET) !== 0;
  }
}

/** A rig whichever its rings are. */
export type AnyRig = RigOver<TestRing>;

/** A rig with split rings (2.7). */
export class Rig extends RigOver<RawRing> {
  protected makeRing(guest: RawGuest, base: number, size: number): RawRing {
    return new RawRing(guest, base, size);
  }
}

/** A rig with packed rings (2.8); its driver accepts VERSION_1, INDIRECT_DESC and RING_PACKED unless told otherwise. */
export class PackedRig extends RigOver<RawPackedRing> {
  constructor(options: RigOptions = {}) {
    const offer = { packed: true, ...options.offer };
    super({ ...options, offer, features: (options.features ?? VERSION_1 | INDIRECT) | PACKED });
  }

  protected makeRing(guest: RawGuest, base: number, size: number): RawPackedRing {
    return new RawPackedRing(guest, base, size);
  }
}

/** Both kinds of rig, for tests that hold whichever the ring is. */
export const RIGS = [
  ['split', (options: RigOptions): AnyRig => new Rig(options)],
  ['packed', (options: RigOptions): AnyRig => new PackedRig(options)],
] as const;

/** Bytes of the engine's region for a device of these options. */
export function regionBytes(options: ResolvedOptions): number {
  const engine = instantiateEngine(new WebAssembly.Memory({ initial: 1 }));
  return engine.regionBytes(options.dataQueues, options.queueSize, options.maxSessions, options.maxRequestBytes);
}

/** Sets 32-bit fields of a header by their offsets. */
export function patch(header: Uint8Array, fields: Record<number, number>): Uint8Array {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  for (const [offset, value] of Object.entries(fields)) view.setUint32(Number(offset), value, true);
  return header;
}

export const CREATE_INPUT = crypto.CREATE_INPUT_BYTES;
