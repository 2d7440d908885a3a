// From the rings of vhost-user to the queues of a device. The client starts and stops rings one by one. It says nothing of the device's
// status, so the device is brought up when the first ring starts.
import * as virtio from '../../../spec/virtio.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import type { GuestMemoryPort } from '../../engine/foreign/port.ts';
import { LINGER_MS, Patience } from './patience.ts';
import { VhostUserError } from './protocol.ts';

const UP_TO_FEATURES = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER | virtio.STATUS_FEATURES_OK;
const VERSION_1 = 1n << BigInt(virtio.F_VERSION_1);
const EVENT_IDX = 1n << BigInt(virtio.F_EVENT_IDX);
const INDIRECT = 1n << BigInt(virtio.F_INDIRECT_DESC);
/** How often a ring is looked at again before other work may run. */
const LOOKS_MAX = 64;
/** Milliseconds after which other work may run although a client keeps a ring busy. */
const TURN_MS = 1;

/** Where a ring is: addresses are guest-physical. */
export interface RingPlace {
  readonly size: number;
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
}

/** How rings reach the client. */
export interface RingSignals {
  /** There are used buffers in a ring. */
  used(index: number): void;
  /** The driver has broken the device: only a restart of the rings helps. */
  broken(): void;
  /** The device was reset, because another driver has it now: sessions have ended. */
  reset(): void;
  /** Has event() called for ring `index` once more, after other work. */
  later(index: number): void;
  /** Milliseconds since a fixed moment. */
  now(): number;
}

interface Stopped extends RingPlace {
  /** The base that the client was told. */
  readonly base: number;
}

/** The queues of a device, started and stopped as a vhost-user client does. */
export class Rings {
  readonly #device: DeviceRegisters;
  readonly #memory: GuestMemoryPort;
  readonly #signals: RingSignals;
  readonly #running = new Map<number, RingPlace>();
  /** How the rings that have run since the last reset of the device stopped. */
  readonly #stopped = new Map<number, Stopped>();
  readonly #looking = new Set<number>();
  readonly #patience = new Map<number, Patience>();
  #features = 0n;

  constructor(device: DeviceRegisters, memory: GuestMemoryPort, signals: RingSignals) {
    this.#device = device;
    this.#memory = memory;
    this.#signals = signals;
    device.standIn(undefined);
    device.onInterrupt((kind, queue) => {
      if (kind === 'queue') this.#used(queue);
      else if (device.status & virtio.STATUS_DEVICE_NEEDS_RESET) signals.broken();
    });
  }

  /**
   * Whether the client has told what the guest's driver chose. QEMU's cryptodev-vhost-user tells nothing: the driver may then use indirect
   * tables, and it may or may not use event indices, so it gets both an avail_event and interrupts by the ring's flags.
   */
  get #told(): boolean {
    return (this.#features & VERSION_1) !== 0n;
  }

  /** The features that rings work with from their next start on. @throws VhostUserError while a ring runs with others */
  set features(features: bigint) {
    if (features === this.#features) return;
    if (this.#running.size > 0) {
      throw new VhostUserError(`SET_FEATURES: features is 0x${features.toString(16)}, other ones while rings run.`);
    }
    this.#features = features;
    this.reset();
    this.#device.standIn(this.#told ? features : undefined);
  }

  /** Whether ring `index` runs. */
  runs(index: number): boolean {
    return this.#running.has(index);
  }

  /**
   * Starts a ring. It goes on where it stopped if it is the same ring at the same base. If it is not, a new driver has it: the device is
   * reset, and no session of the old one is left.
   * @param base where the client says that the ring stands, as in SET_VRING_BASE
   * @throws VhostUserError that names what is wrong with the ring
   */
  start(index: number, place: RingPlace, base: number): void {
    const stopped = this.#stopped.get(index);
    const other = stopped !== undefined && !isSame(stopped, { ...place, base });
    if (other || this.#device.status & virtio.STATUS_DEVICE_NEEDS_RESET) this.#newLife();
    this.bringUp();
    this.#enable(index, place, base);
    this.#running.set(index, place);
    this.#stopped.delete(index);
    this.#look(index);
  }

  /**
   * Stops a ring. Requests under way are completed first.
   * @returns where it stands, as GET_VRING_BASE answers it; undefined if it does not run
   */
  stop(index: number): number | undefined {
    const place = this.#running.get(index);
    if (!place) return undefined;
    this.#device.settle();
    const base = this.#base(index);
    this.#device.resetQueue(index);
    this.#running.delete(index);
    this.#stopped.set(index, { ...place, base });
    return base;
  }

  /** Resets the device: rings stop, and sessions end. */
  reset(): void {
    this.#running.clear();
    this.#stopped.clear();
    this.#device.reset();
    this.#signals.reset();
  }

  /** Runs a ring in which the driver may have made buffers available, although it has not said so. */
  #look(index: number): void {
    if (!this.#running.has(index)) return;
    this.#device.resume(index);
    if (!this.#told) this.#lookAgain(index);
  }

  /** Runs a ring because its event was signalled, and looks at it for a moment longer if its client is likely to send more. */
  event(index: number): void {
    const patience = this.#patienceFor(index);
    const lingers = patience.worthwhile(this.#signals.now());
    if (this.#running.has(index)) this.#device.notify(index);
    if (!this.#told) this.#lookAgain(index);
    if (lingers && this.#device.queues[index]?.ring === 'split') this.#linger(index, patience);
    patience.left(this.#signals.now());
  }

  /** Runs the requests that come to a split ring within LINGER_MS of each other. Meanwhile the driver is told not to notify (2.7.10). */
  #linger(index: number, patience: Patience): void {
    const began = this.#signals.now();
    let last = began;
    let next = this.#taken(index);
    while (next !== undefined && last - began < TURN_MS) {
      this.#askForNotifications(index, next, false);
      const came = this.#waitForRequests(index, next, last);
      this.#askForNotifications(index, next, true);
      // A request that came in between had no notification.
      if (!came && !this.#hasMore(index, next)) {
        patience.inVain();
        return;
      }
      patience.rewarded();
      this.#look(index);
      const before = next;
      next = this.#taken(index);
      // What is not taken waits for limits.
      if (next === before) return;
      last = this.#signals.now();
    }
    if (next !== undefined) this.#signals.later(index);
  }

  /** A running ring's next available index; undefined if requests are under way elsewhere, whose results need this thread. */
  #taken(index: number): number | undefined {
    if (!this.#running.has(index) || this.#device.status & virtio.STATUS_DEVICE_NEEDS_RESET) return undefined;
    const { nextAvail, nextUsed } = this.#device.positions(index);
    return nextAvail === nextUsed ? nextAvail : undefined;
  }

  #hasMore(index: number, next: number): boolean {
    const place = this.#running.get(index);
    return place !== undefined && this.#memory.load16(place.driver + virtio.AVAIL_IDX) !== next;
  }

  #waitForRequests(index: number, next: number, from: number): boolean {
    do {
      if (this.#hasMore(index, next)) return true;
    } while (this.#signals.now() - from < LINGER_MS);
    return false;
  }

  /** Says in a split ring whether the driver is to notify the device of the next request: by event index, or by a flag (2.7.7, 2.7.10). */
  #askForNotifications(index: number, next: number, ask: boolean): void {
    const place = this.#running.get(index);
    if (!place) return;
    if (this.#told && !(this.#features & EVENT_IDX)) {
      this.#memory.store16(place.device + virtio.USED_FLAGS, ask ? 0 : virtio.USED_F_NO_NOTIFY);
      return;
    }
    const availEvent = place.device + virtio.USED_RING + place.size * virtio.USED_ELEM_BYTES;
    this.#memory.store16(availEvent, (ask ? next : next - 1) & 0xffff);
  }

  #patienceFor(index: number): Patience {
    const patience = this.#patience.get(index) ?? new Patience();
    this.#patience.set(index, patience);
    return patience;
  }

  /** Brings the device up, unless it is. @throws VhostUserError if it refuses the features */
  bringUp(): void {
    const device = this.#device;
    if (device.status & virtio.STATUS_DRIVER_OK) return;
    // DPDK's virtio_user driver sends indirect tables that it has not negotiated, and of QEMU's driver nothing is known.
    const features = (this.#told ? this.#features : VERSION_1) | (device.offeredFeatures & INDIRECT);
    device.writeStatus(virtio.STATUS_ACKNOWLEDGE);
    device.writeStatus(virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER);
    device.writeDriverFeatures(0, Number(features & 0xffffffffn));
    device.writeDriverFeatures(1, Number(features >> 32n));
    device.writeStatus(UP_TO_FEATURES);
    if (!(device.status & virtio.STATUS_FEATURES_OK)) {
      throw new VhostUserError(`SET_FEATURES: features is 0x${features.toString(16)}, which the device refuses.`);
    }
    device.writeStatus(UP_TO_FEATURES | virtio.STATUS_DRIVER_OK);
  }

  /** Resets the device, and has it go on with the rings that run. */
  #newLife(): void {
    this.#device.settle();
    const running = [...this.#running].map(([index, place]) => ({ index, place, base: this.#base(index) }));
    this.reset();
    this.bringUp();
    for (const { index, place, base } of running) {
      this.#enable(index, place, base);
      this.#running.set(index, place);
      this.#look(index);
    }
  }

  #enable(index: number, place: RingPlace, base: number): void {
    const queue = this.#device.queues[index];
    const wrong = (what: string) => new VhostUserError(`SET_VRING_KICK: ring ${index}: ${what}`);
    if (!queue) throw wrong('there is no such queue.');
    if (place.size > queue.maxSize) throw wrong(`num is ${place.size}, and the queue has at most ${queue.maxSize}.`);
    queue.size = place.size;
    queue.desc = BigInt(place.desc);
    queue.driver = BigInt(place.driver);
    queue.device = BigInt(place.device);
    this.#device.enableQueue(index);
    if (!queue.enabled) throw wrong('num or an address is not possible, or a part is not inside one region.');
    const [nextAvail, nextUsed] =
      queue.ring === 'packed'
        ? [base & 0xffff, base >>> 16 || base & 0xffff]
        : [base & 0xffff, this.#memory.load16(place.device + virtio.USED_IDX)];
    try {
      this.#device.setPositions(index, { nextAvail, nextUsed });
    } catch {
      throw wrong(`base is 0x${base.toString(16)}, a place that the ring does not have.`);
    }
  }

  /** A ring's base: a split ring's next available index; of a packed ring both positions, with their wrap counters. */
  #base(index: number): number {
    const { nextAvail, nextUsed } = this.#device.positions(index);
    return this.#device.queues[index]?.ring === 'packed' ? ((nextUsed << 16) | nextAvail) >>> 0 : nextAvail;
  }

  #used(index: number): void {
    if (!this.#running.has(index)) return;
    this.#signals.used(index);
    if (!this.#told) this.#lookAgain(index);
  }

  /**
   * Asks for a notification of the next chain (2.7.10), as if event indices were negotiated, and then looks whether a chain came in
   * between. A driver without event indices does not read what is written there.
   */
  #lookAgain(index: number): void {
    // The device may interrupt in the middle of it: the look that is under way sees what came.
    if (this.#looking.has(index)) return;
    this.#looking.add(index);
    try {
      for (let looks = 0, last = -1; ; looks++) {
        const place = this.#running.get(index);
        if (!place || this.#device.status & virtio.STATUS_DEVICE_NEEDS_RESET) return;
        const { nextAvail } = this.#device.positions(index);
        this.#memory.store16(place.device + virtio.USED_RING + place.size * virtio.USED_ELEM_BYTES, nextAvail);
        // What is available and not taken although the device was asked waits for limits, or for a request under way.
        if (this.#memory.load16(place.driver + virtio.AVAIL_IDX) === nextAvail || nextAvail === last) return;
        if (looks === LOOKS_MAX) {
          this.#signals.later(index);
          return;
        }
        last = nextAvail;
        this.#device.resume(index);
      }
    } finally {
      this.#looking.delete(index);
    }
  }
}

function isSame(a: Stopped, b: Stopped): boolean {
  return a.size === b.size && a.desc === b.desc && a.driver === b.driver && a.device === b.device && a.base === b.base;
}
