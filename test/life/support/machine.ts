// A machine with a crypto device, its driver and its host: what happens to it in a life, step by step.
import { FAULT_HOST } from '../../../spec/engine.ts';
import * as virtio from '../../../spec/virtio.ts';
import { type CryptoDevice, createCryptoDevice } from '../../../src/device/device.ts';
import type { DeviceState } from '../../../src/device/state.ts';
import { DeviceTracer } from '../../../src/trace/index.ts';
import { Wrong } from './chains.ts';
import { LifeDriver, type SavedDriver } from './driver.ts';
import { Guest, type Image } from './guest.ts';
import { LifeClock } from './life_clock.ts';
import { BACKENDS, type Callback, NO_SESSION, type Operation, type Setting, type Step } from './operations.ts';
import { SIZES } from './requests.ts';
import { Surfaced } from './surfaced.ts';
import type { Workers } from './workers.ts';

const bit = (number: number): bigint => 1n << BigInt(number);
const UP_TO_DRIVER = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER;
const UP_TO_FEATURES = UP_TO_DRIVER | virtio.STATUS_FEATURES_OK;
const UP = UP_TO_FEATURES | virtio.STATUS_DRIVER_OK;

export const MAX_SESSIONS = 4;

/** What a device says to those who call it in the middle of a request. */
const REFUSED = /was called from onWrite or from an observer, in the middle of a request/;

interface Saved {
  state: DeviceState;
  image: Image;
  driver: SavedDriver;
  keys: boolean;
  broken: boolean;
}

type Armed = Extract<Operation, { do: 'arm' }>;

export class Machine {
  readonly setting: Setting;
  readonly surfaced = new Surfaced();
  readonly clocks: LifeClock[] = [];
  guest: Guest;
  readonly driver: LifeDriver;
  device: CryptoDevice;
  /** Whether the device had a notification fail, and did not count what that had run. */
  miscounted = false;
  clock: LifeClock;
  readonly #workers: Workers;
  readonly #maxRequestBytes: number;
  #tracer: DeviceTracer | undefined;
  #features = 0n;
  /** Whether the driver has the device at work; whether it has taken DRIVER_OK back meanwhile. */
  #up = false;
  #paused = false;
  /** Whether the device was taken out. */
  #gone = false;
  /** Whether the driver or a handler has broken the device, or is about to; and whether the driver was told. */
  #broken = false;
  #told = false;
  /** Rises whenever the machine begins anew, or goes back to where it was. */
  #epoch = 0;
  #armed: Armed[] = [];
  #saves: Saved[] = [];
  #depth = 0;
  /** Handlers that are at work in the middle of a request. */
  #inRequest = 0;

  constructor(setting: Setting, workers: Workers) {
    this.setting = setting;
    this.#workers = workers;
    // Threads share a memory that is large enough for worker_faults.ts to find it.
    this.#maxRequestBytes = workers.real ? 65_536 : 4096;
    this.guest = new Guest(setting.shared);
    this.driver = new LifeDriver(this.guest, { ...setting, maxSessions: MAX_SESSIONS });
    this.clock = this.#newClock();
    this.device = this.#newDevice();
    this.perform({ do: 'start' });
    this.perform({ do: 'open', kind: 0, key: 0 });
    this.perform({ do: 'open', kind: 1, key: 1 });
  }

  arm(armed: Armed): void {
    this.#armed.push({ ...armed });
  }

  disarm(): void {
    this.#armed = [];
  }

  perform(step: Step): void {
    const { device, driver } = this;
    const { dataQueues } = this.setting;
    switch (step.do) {
      case 'open':
        if (this.#up && driver.askForSession(step.kind, step.key)) this.#notify(driver.control);
        break;
      case 'close':
        if (this.#up && driver.askToClose(step.session)) this.#notify(driver.control);
        break;
      case 'submit': {
        if (!this.#up) break;
        const queue = step.queue % dataQueues;
        const { open } = driver;
        const session = step.session === NO_SESSION ? undefined : open[step.session % Math.max(1, open.length)];
        const bytes = SIZES[step.size] ?? 0;
        for (let i = 0; i < step.count; i++) if (!driver.submit(queue, session, bytes, step.shape)) break;
        if (step.notify) this.#notify(queue);
        break;
      }
      case 'notify':
        if (this.#up) this.#notify(step.queue % (dataQueues + 1));
        break;
      case 'break':
        if (!this.#up || this.#paused || !driver.submitBroken(step.queue % (dataQueues + 1))) break;
        this.#broken = true;
        this.#notify(step.queue % (dataQueues + 1));
        break;
      case 'pause':
        if (!this.#up || !this.did(() => device.writeStatus(UP_TO_FEATURES))) break;
        if (this.device === device && this.#up) this.#paused = true;
        break;
      case 'renegotiate':
        this.#renegotiate();
        break;
      case 'resetQueue':
        this.#resetQueue(step.queue % (dataQueues + 1), step.enable);
        break;
      case 'enable':
        if (this.#up) for (const queue of driver.queues) if (!driver.enabled(queue)) this.#enable(queue);
        break;
      case 'reset':
        this.#reset(step.by);
        if (step.start && !this.#gone && !this.#up) this.#start(step.inOrder);
        break;
      case 'start':
        if (this.#gone) this.#plug();
        if (this.#up && this.#paused) this.attempt(() => this.device.writeStatus(UP));
        if (!this.#up && !this.#gone) this.#start(this.setting.inOrder);
        this.#paused = false;
        break;
      case 'advance':
        this.clock.advance(step.milliseconds);
        break;
      case 'work':
        this.#workers.work(step.worker, step.steps);
        break;
      case 'lose':
        // The end of a thread is an event of its own.
        if (step.how === 'hangs' || this.#inRequest === 0)
          this.attempt(() => this.#workers.lose(step.worker, step.how));
        break;
      case 'hold':
        if (this.#gone) break;
        this.#tracer ??= new DeviceTracer(device);
        this.#tracer.hold(() => this.#fire('held'));
        break;
      case 'step':
        this.attempt(() => this.#tracer?.step(step.queue % dataQueues));
        break;
      case 'release': {
        const tracer = this.#tracer;
        this.#tracer = undefined;
        this.attempt(() => tracer?.detach());
        break;
      }
      case 'save':
        this.#save(step.keys);
        break;
      case 'restore': {
        const saved = this.#saves[step.save % Math.max(1, this.#saves.length)];
        if (saved) this.#restore(saved, step);
        break;
      }
      case 'backend':
        this.attempt(() => {
          const choice = BACKENDS[step.choice % BACKENDS.length] ?? {};
          device.useBackend(choice).catch((error) => this.surfaced.take(error));
        });
        break;
      case 'settle':
        this.attempt(() => device.settle());
        break;
      case 'ready':
        this.attempt(() => device.setHardwareReady(step.on));
        break;
      case 'end':
        this.#end(step.how);
        break;
    }
  }

  /**
   * Calls the device. What a handler has thrown may come through.
   * @returns what the call answered; undefined: it threw
   */
  attempt<T>(call: () => T): T | undefined {
    return this.did(call)?.answer;
  }

  /** The same; undefined: the device does not do it in the middle of a request. */
  did<T>(call: () => T): { answer: T | undefined } | undefined {
    const end = this.#depth === 0 ? this.#workers.interleave(this.setting.interleaving) : () => {};
    this.#depth++;
    try {
      return { answer: call() };
    } catch (error) {
      if (error instanceof Wrong) throw error;
      if (this.#inRequest > 0 && error instanceof Error && REFUSED.test(error.message)) return undefined;
      this.surfaced.take(error);
      return { answer: undefined };
    } finally {
      this.#depth--;
      end();
    }
  }

  /** What a driver does after each event, and what must never be. */
  afterwards(): void {
    const { surfaced, driver } = this;
    driver.poll();
    const [unexpected] = surfaced.unexpected;
    if (unexpected !== undefined) throw unexpected instanceof Error ? unexpected : new Error(String(unexpected));
    const { fault, status } = this.device;
    this.#noteFault();
    const needsReset = (status & virtio.STATUS_DEVICE_NEEDS_RESET) !== 0;
    if (needsReset !== (fault !== undefined))
      throw new Wrong(`status 0x${status.toString(16)}, fault ${fault?.message}`);
    if (fault && !this.#broken) throw new Wrong(`the device needs a reset: ${fault.message}`);
    // 2.1.2: the driver hears of it.
    if (fault && status & virtio.STATUS_DRIVER_OK && !this.#told)
      throw new Wrong('the driver does not hear of DEVICE_NEEDS_RESET');
  }

  /** A handler of writes that throws leaves a request half done. A step that ends with a reset must ask before it, too. */
  #noteFault(): void {
    if (this.device.fault?.code !== FAULT_HOST) return;
    this.#broken = true;
    this.miscounted = true;
  }

  /** A device that needs a reset gets one. */
  mend(): void {
    if (this.device.fault) this.perform({ do: 'reset', by: 'status', start: true, inOrder: this.setting.inOrder });
  }

  #start(inOrder: boolean): void {
    const { device, driver } = this;
    const { ring, indirect, eventIdx } = this.setting;
    const features =
      bit(virtio.F_VERSION_1) |
      bit(virtio.F_RING_RESET) |
      (ring === 'packed' ? bit(virtio.F_RING_PACKED) : 0n) |
      (indirect ? bit(virtio.F_INDIRECT_DESC) : 0n) |
      (eventIdx ? bit(virtio.F_EVENT_IDX) : 0n) |
      (inOrder ? bit(virtio.F_IN_ORDER) : 0n);
    this.#epoch++;
    this.#features = features;
    this.attempt(() => device.writeStatus(virtio.STATUS_ACKNOWLEDGE));
    this.attempt(() => device.writeStatus(UP_TO_DRIVER));
    this.#writeFeatures(features);
    this.attempt(() => device.writeStatus(UP_TO_FEATURES));
    driver.begin(inOrder);
    this.#up = true;
    this.#paused = false;
    this.#broken = false;
    this.#told = false;
    for (const queue of driver.queues) this.#enable(queue);
    this.attempt(() => device.writeStatus(UP));
  }

  #writeFeatures(features: bigint): void {
    this.device.writeDriverFeatures(0, Number(features & 0xffffffffn));
    this.device.writeDriverFeatures(1, Number(features >> 32n));
  }

  #enable(index: number): void {
    const ring = this.driver.ring(index);
    const queue = this.device.queues[index];
    if (!queue) throw new RangeError(`There is no queue ${index}.`);
    this.driver.enable(index);
    queue.size = ring.size;
    queue.desc = BigInt(ring.desc);
    queue.driver = BigInt(ring.avail);
    queue.device = BigInt(ring.used);
    this.attempt(() => this.device.enableQueue(index));
  }

  #notify(queue: number): void {
    if (!this.#paused && this.driver.takeNews(queue)) this.attempt(() => this.device.notify(queue));
  }

  #resetQueue(queue: number, enable: boolean): void {
    const { device, driver } = this;
    if (!this.#up || !device.ringResetNegotiated) return;
    driver.poll();
    const epoch = this.#epoch;
    // A handler may have begun anew meanwhile.
    if (!this.did(() => device.resetQueue(queue)) || this.#epoch !== epoch) return;
    driver.lose(queue);
    if (enable) this.#enable(queue);
  }

  #reset(by: 'status' | 'host'): void {
    const { device, driver } = this;
    if (this.#gone) return;
    this.#noteFault();
    driver.poll();
    const epoch = this.#epoch;
    if (!this.did(() => (by === 'host' ? device.reset() : device.writeStatus(0))) || this.#epoch !== epoch) return;
    this.#epoch++;
    this.#up = false;
    driver.loseAll();
  }

  /** What was saved by then is taken over, whatever the driver has done to the features. */
  #renegotiate(): void {
    if (!this.#up) return;
    const { device } = this;
    const epoch = this.#epoch;
    this.attempt(() => device.writeStatus(UP_TO_DRIVER));
    this.#writeFeatures(this.#features ^ bit(virtio.F_RING_PACKED) ^ bit(virtio.F_IN_ORDER));
    this.attempt(() => device.writeStatus(UP_TO_FEATURES));
    this.attempt(() => device.writeStatus(UP));
    const state = this.attempt(() => device.save({ includeKeys: true }));
    if (this.#epoch !== epoch) return;
    if (state) this.attempt(() => device.restore(JSON.parse(JSON.stringify(state))));
    this.#reset('status');
    if (!this.#up && !this.#gone) this.#start(this.setting.inOrder);
  }

  #save(keys: boolean): void {
    const { device, driver } = this;
    const epoch = this.#epoch;
    const state = this.attempt(() => device.save({ includeKeys: keys }));
    if (!state || this.#epoch !== epoch || this.#gone) return;
    driver.poll();
    const saved = { state, image: this.guest.image(), driver: driver.save(), keys, broken: this.#broken };
    this.#saves = [...this.#saves.slice(-2), saved];
  }

  #restore(saved: Saved, { first, into, json }: Extract<Step, { do: 'restore' }>): void {
    const fresh = into === 'fresh';
    if (this.#inRequest > 0 || (this.#gone && !fresh)) return;
    if (fresh) {
      this.attempt(() => this.device.dispose());
      this.#tracer = undefined;
      this.guest = new Guest(this.setting.shared);
      this.#plug();
    }
    const { device, guest } = this;
    this.#epoch++;
    const epoch = this.#epoch;
    const state: unknown = json ? JSON.parse(JSON.stringify(saved.state)) : structuredClone(saved.state);
    if (first === 'ram') guest.load(saved.image);
    this.attempt(() => device.restore(state));
    if (this.#epoch !== epoch) return;
    if (first === 'device') guest.load(saved.image);
    this.driver.restore(guest, saved.driver, saved.keys, fresh);
    const { status } = saved.state;
    this.#features = BigInt(saved.state.driverFeatures);
    this.#up = (status & virtio.STATUS_FEATURES_OK) !== 0;
    this.#paused = (status & virtio.STATUS_DRIVER_OK) === 0;
    this.#broken = saved.broken;
    this.#told = saved.state.fault !== 0;
    if (Buffer.compare(guest.ram, saved.image.ram) !== 0)
      throw new Wrong('after restore() RAM is not what was restored');
    if (device.status !== status)
      throw new Wrong(`after restore() the status is ${device.status}, and ${status} was saved`);
  }

  #end(how: 'remove' | 'dispose'): void {
    const { device, driver } = this;
    if (this.#gone) return;
    driver.poll();
    const epoch = this.#epoch;
    if (!this.did(() => (how === 'remove' ? device.remove() : device.dispose())) || this.#epoch !== epoch) return;
    this.#epoch++;
    this.#gone = true;
    this.#up = false;
    this.#tracer = undefined;
    driver.loseAll();
  }

  /** A new device, in the place of one that is gone. */
  #plug(): void {
    this.clock = this.#newClock();
    this.device = this.#newDevice();
    this.driver.begin(false);
    this.driver.replaced();
    this.#gone = false;
    this.#broken = false;
    this.miscounted = false;
  }

  #newClock(): LifeClock {
    const clock = new LifeClock((call) => this.attempt(call));
    this.clocks.push(clock);
    return clock;
  }

  #newDevice(): CryptoDevice {
    const { dataQueues, queueSize, limits, reports, backend } = this.setting;
    const device = createCryptoDevice({
      dataQueues,
      queueSize,
      limits,
      maxSessions: MAX_SESSIONS,
      maxRequestBytes: this.#maxRequestBytes,
      features: { packed: true },
      ...BACKENDS[backend],
      clock: this.clock,
      guest: this.guest,
      ...(reports ? { onWrite: () => this.#fire('write') } : {}),
      onBackendEvent: () => this.#fire('event'),
    });
    device.onInterrupt((kind, queue) => {
      if (device !== this.device) throw new Wrong('a device that is gone interrupts');
      if (kind === 'queue') this.driver.interrupted(queue);
      else this.#told = true;
      this.#fire('interrupt');
    });
    return device;
  }

  /** A handler of the host's is called: it does what it was armed with, if anything. */
  #fire(on: Callback): void {
    const armed = this.#armed.find((each) => each.on === on);
    if (!armed || armed.after-- > 0) return;
    this.#armed = this.#armed.filter((each) => each !== armed);
    const inRequest = on === 'write' || on === 'held';
    if (inRequest) this.#inRequest++;
    try {
      for (const step of armed.steps) this.perform(step);
    } finally {
      if (inRequest) this.#inRequest--;
    }
    if (armed.throws) throw this.surfaced.make();
  }
}
