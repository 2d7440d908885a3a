import { FAULT_NONE, FAULT_QUEUE_SIZE } from '../../spec/engine.ts';
import {
  F_RING_PACKED,
  F_RING_RESET,
  STATUS_BITS,
  STATUS_DEVICE_NEEDS_RESET,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
} from '../../spec/virtio.ts';
import { type BackendOptions, type ResolvedBackend, resolveBackend } from '../backend/backend.ts';
import { placeSessions } from '../backend/placement.ts';
import { SwitchableBackend } from '../backend/switchable.ts';
import { checkFunction, checkObject, checkSwitch } from '../check.ts';
import { checkClock, hostClock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import { instantiateEngine } from '../engine/load.ts';
import { checkGuest, claimRegion, type GuestMemory } from '../engine/memory.ts';
import { ClaimedMemory } from './claimed_memory.ts';
import { ConfigSpace } from './config_space.ts';
import type { CreateOptions, InterruptHandler, QueuePositions, SaveOptions } from './contract.ts';
import { type DeviceFault, describeFault } from './faults.ts';
import { acceptable, failedCheck, hasFeature, offeredFeatures } from './features.ts';
import { offerOf } from './offer.ts';
import { type ResolvedOptions, resolveOptions } from './options.ts';
import { type QueueRegisters, queueRegisters } from './queue_registers.ts';
import { type DeviceObserver, QueueRunner } from './queue_runner.ts';
import { featuresRefusal, type Refusal, requestRefusal } from './refusals.ts';
import {
  type DeviceState,
  parseDeviceState,
  readSessions,
  restoreSessions,
  type SavedSession,
  STATE_VERSION,
  StateError,
} from './state.ts';
import { type Statistics, StatisticsReader } from './statistics.ts';
import { Turns } from './turns.ts';

/**
 * A virtio crypto device over a guest memory (5.9), independent of any emulator and any transport: a transport gives it
 * the driver's register accesses, it answers with interrupts.
 */
export class CryptoDevice {
  readonly options: ResolvedOptions;
  readonly config: ConfigSpace;
  /** One entry a virtqueue: the data queues, then the control queue (5.9.2). */
  readonly queues: readonly QueueRegisters[];
  /** The guest's RAM, as it was given. */
  readonly guest: GuestMemory;
  /** Feature bits that this device offers. */
  readonly offeredFeatures: bigint;
  readonly #engine: EngineExports;
  readonly #memory: WebAssembly.Memory;
  readonly #base: number;
  readonly #backend: SwitchableBackend;
  readonly #statistics: StatisticsReader;
  readonly #runner: QueueRunner;
  readonly #turns = new Turns((queue) => this.#runner.notify(queue));
  readonly #onRefused: CreateOptions['onRefused'];
  #backendReady: Promise<void>;
  #status = 0;
  #driverFeatures = 0n;
  #disposed = false;
  #removed = false;

  constructor(options: CreateOptions) {
    this.options = resolveOptions(options);
    const { limits } = this.options;
    const offer = offerOf(this.options.algorithms, limits.keyBytes);
    this.offeredFeatures = offeredFeatures(this.options.features, offer.services);
    this.config = new ConfigSpace(this.options, offer);
    this.queues = queueRegisters(this.options.dataQueues, this.options.queueSize);
    this.guest = options.guest;
    const { dataQueues, queueSize, maxSessions, maxRequestBytes } = this.options;
    checkGuest(options.guest);
    const { memory, regions } = options.guest;
    if (options.onWrite !== undefined) checkFunction('onWrite', options.onWrite);
    if (options.onRefused !== undefined) checkFunction('onRefused', options.onRefused);
    if (options.clock !== undefined) checkClock(options.clock);
    this.#onRefused = options.onRefused;
    this.#memory = memory;
    this.#backend = new SwitchableBackend(this.options.backend, memory);
    this.#engine = instantiateEngine(memory, {
      written: options.onWrite,
      refused: (...request) => this.#refused(requestRefusal(...request)),
      host: this.#backend.host,
      deferral: this.#backend.deferral,
    });
    const capacities = [dataQueues, queueSize, maxSessions, maxRequestBytes] as const;
    this.#base = claimRegion(memory, this.#engine.regionBytes(...capacities));
    this.#engine.initialise(this.#base, ...capacities);
    for (const { guestAddress, bytes, offset } of regions) {
      this.#engine.addMemory(this.#base, BigInt(guestAddress), BigInt(bytes), offset);
    }
    this.#engine.offer(this.#base, offer.services, offer.ciphers, offer.hashes, offer.macs, offer.aeads);
    this.#engine.limitKeys(this.#base, limits.keyBytes);
    this.#engine.reportWrites(this.#base, options.onWrite ? 1 : 0);
    this.#engine.reportRefusals(this.#base, options.onRefused ? 1 : 0);
    this.#statistics = new StatisticsReader(memory, this.#engine.statisticsAt(this.#base) >>> 0, dataQueues);
    const clock = options.clock ?? hostClock();
    this.#runner = new QueueRunner({
      turns: this.#turns,
      engine: this.#engine,
      base: this.#base,
      backend: this.#backend,
      statistics: this.#statistics,
      clock,
      limits,
      dataQueues,
      ready: (queue) => this.#working && this.queues[queue]?.enabled === true,
      used: (queue) => this.#turns.interrupt('queue', queue),
      broken: () => this.#needsReset(),
    });
    const claimed = new ClaimedMemory(memory);
    this.#backendReady = this.#backend.start({
      engine: this.#engine,
      base: this.#base,
      memory,
      maxRequestBytes,
      clock,
      claimTable: (bytes) => claimed.table(bytes),
      claimStretch: (bytes) => claimed.stretch(bytes),
      turn: (work) => this.#turns.run('A worker', work),
      complete: (queue, record, { status, bytes }, by) => this.#runner.complete(queue, record, status, bytes, by),
      released: () => this.#runner.goOn(),
      place: () => this.#placeSessions(),
      report: (event) => this.#turns.say(() => options.onBackendEvent?.(event)),
    });
  }

  /**
   * Names the handler of interrupts; a transport does so when it is built. The handler is called after the call, or the timer, that
   * caused the interrupt has done its work, and before it returns. It may call any method of the device. What it throws is
   * thrown by that call then.
   */
  onInterrupt(handler: InterruptHandler): void {
    this.#turns.onInterrupt = handler;
  }

  /** Attaches an observer in place of the one before; undefined takes it away, and what it held back goes on from a timer. */
  observe(observer: DeviceObserver | undefined): void {
    this.#runner.observe(observer);
  }

  /** Resolves when the backend is at work. Until then, and if it never will be, requests run in the engine. */
  get backendReady(): Promise<void> {
    return this.#backendReady;
  }

  /** Where requests run now. */
  get backend(): ResolvedBackend {
    return this.#backend.choice;
  }

  /**
   * Has requests run elsewhere from now on. What is under way is completed before this returns, and no request waits for the
   * new backend: until it is at work they run in the engine. The first time that it needs records of requests, the WebAssembly
   * memory grows, which detaches the buffer that it had. Thresholds, and a source of workers, that the device was made with hold until
   * others are given.
   * @returns a promise that resolves when the new backend is at work, or never will be
   * @throws RangeError that names what there is
   */
  useBackend(options: BackendOptions): Promise<void> {
    const { thresholds, createWorker } = this.options.backend;
    const ownWorkers = createWorker && options.workerUrl === undefined ? { createWorker } : {};
    const choice = resolveBackend({ ...(thresholds && { thresholds }), ...ownWorkers, ...options });
    if (this.#disposed) return Promise.resolve();
    this.#turns.run('useBackend()', () => {
      this.#backendReady = this.#backend.exchange(choice);
      this.#placeSessions();
    });
    return this.#backendReady;
  }

  /** Where the device stands in an enabled queue: what it takes next, and where it puts the next result (2.7, 2.8.1). */
  positions(index: number): QueuePositions {
    const indices = this.#engine.queueIndices(this.#base, index) >>> 0;
    return { nextAvail: indices & 0xffff, nextUsed: indices >>> 16 };
  }

  /** Sessions that are open now, with their keys. */
  sessions(): SavedSession[] {
    return readSessions(this.#engine, this.#memory, this.#base, this.options.maxSessions, true);
  }

  /** Device status field (2.1). */
  get status(): number {
    return this.#status;
  }

  /**
   * The driver writes the status field: 0 resets (2.4), FEATURES_OK is kept only if the device accepts the features
   * (2.2.2), and from then on until the reset: queues work as was agreed. A bit that the device set is not the driver's to clear.
   */
  writeStatus(value: number): void {
    if (this.#disposed) return;
    if (value === 0) this.reset();
    else this.#turns.run('writeStatus()', () => this.#addStatus(value));
  }

  #addStatus(value: number): void {
    const before = this.#status;
    const kept = before & (STATUS_DEVICE_NEEDS_RESET | STATUS_FEATURES_OK);
    let next = kept | (value & STATUS_BITS & ~STATUS_DEVICE_NEEDS_RESET);
    if (next & STATUS_FEATURES_OK && !(before & STATUS_FEATURES_OK)) {
      const failed = failedCheck(this.#driverFeatures, this.offeredFeatures);
      if (failed) {
        next &= ~STATUS_FEATURES_OK;
        this.#refused(featuresRefusal(this.#driverFeatures, failed));
      } else {
        this.#agree();
      }
    }
    // 3.1.1: a driver that never got FEATURES_OK has no business with the queues.
    if (!(next & STATUS_FEATURES_OK)) next &= ~STATUS_DRIVER_OK;
    this.#status = next;
    if (!this.#working) this.#runner.stop();
    if (next & STATUS_DRIVER_OK && !(before & STATUS_DRIVER_OK)) this.#startQueues();
  }

  /** Features that the driver has chosen so far. */
  get driverFeatures(): bigint {
    return this.#driverFeatures;
  }

  /** The driver chooses features, 32 at a time; ignored once FEATURES_OK stands. */
  writeDriverFeatures(word: number, value: number): void {
    if (this.#status & STATUS_FEATURES_OK || word > 1) return;
    const shift = BigInt(word * 32);
    const kept = this.#driverFeatures & ~(0xffffffffn << shift);
    this.#driverFeatures = kept | (BigInt(value >>> 0) << shift);
  }

  /**
   * queue_enable (4.1.4.3): the queue's size and addresses are checked now; what cannot be used breaks the device. Ignored before
   * FEATURES_OK: until then it is not known how a queue works (3.1.1 steps 5 to 7).
   */
  enableQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue || queue.enabled || this.#disposed) return;
    if ((this.#status & (STATUS_FEATURES_OK | STATUS_DEVICE_NEEDS_RESET)) !== STATUS_FEATURES_OK) return;
    this.#turns.run('enableQueue()', () => {
      const fault = this.#enable(index, queue);
      if (fault === FAULT_NONE) queue.enabled = true;
      else this.#needsReset();
    });
  }

  /** Whether the driver may reset queues one by one: VIRTIO_F_RING_RESET was negotiated (2.6.1). */
  get ringResetNegotiated(): boolean {
    return (this.#status & STATUS_FEATURES_OK) !== 0 && hasFeature(this.#driverFeatures, F_RING_RESET);
  }

  /** Resets one queue (2.6.1.1): it is disabled, with registers as after a device reset; the others go on. */
  resetQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue) return;
    this.#turns.run('resetQueue()', () => {
      this.#turns.forgetInterrupts(index);
      this.#runner.resetQueue(index);
      queue.reset();
      this.#runner.goOnAfterReset();
    });
  }

  /**
   * The driver made buffers available on a queue (2.7.13). Ignored until DRIVER_OK, and while a reset is needed. What the
   * limits do not allow now stays available in the ring, and is done later from a timer.
   */
  notify(index: number): void {
    this.#turns.notify(index);
  }

  /** Device reset (2.4): queues, features and faults are forgotten, every session is closed and its key wiped. */
  reset(): void {
    this.#turns.run('reset()', () => this.#reset());
  }

  #reset(): void {
    this.#turns.forgetInterrupts();
    this.#runner.reset();
    this.#engine.reset(this.#base);
    this.#status = 0;
    this.#driverFeatures = 0n;
    for (const queue of this.queues) {
      queue.useRing('split');
      queue.reset();
    }
  }

  /** Why DEVICE_NEEDS_RESET stands, if it does. */
  get fault(): DeviceFault | undefined {
    const code = this.#engine.fault(this.#base);
    if (code === FAULT_NONE) return undefined;
    const queue = this.#engine.faultQueue(this.#base);
    return describeFault(code, queue, this.queues[queue]?.ring ?? 'split');
  }

  /** Sessions that are open now. */
  get sessionCount(): number {
    return this.#engine.sessionCount(this.#base);
  }

  /** Requests completed on a queue since the driver enabled it, or since a state was restored. */
  requests(queue: number): number {
    return queue < this.queues.length ? Number(this.#engine.queueRequests(this.#base, queue)) : 0;
  }

  /** What the device has done since it was created: a copy, which does not change. */
  statistics(): Statistics {
    return { ...this.#statistics.read(), elsewhere: this.#backend.counts() };
  }

  /** VIRTIO_CRYPTO_S_HW_READY (5.9.5): off means that the driver keeps its requests back; a change interrupts it. */
  setHardwareReady(ready: boolean): void {
    if (this.config.setHardwareReady(ready) && this.#status & STATUS_DRIVER_OK) this.#turns.interrupt('config', 0);
  }

  /** Completes the requests that are under way elsewhere, before this returns. Call it before the guest's RAM is saved. */
  settle(): void {
    this.#turns.run('settle()', () => this.#backend.settle());
  }

  /**
   * The device's state as plain data: registers, ring positions and sessions. Guest RAM is the host's; requests that wait are
   * there, still available. Without keys, the sessions are lost: a request in one of them is answered with INVSESS later on.
   */
  save(options: SaveOptions = {}): DeviceState {
    checkObject('options', options);
    const { includeKeys = false } = options;
    checkSwitch('includeKeys', includeKeys);
    // In a turn of its own: the handler of interrupts may have more for the device to do.
    this.#turns.run('save()', () => this.#backend.settle());
    return this.#turns.run('save()', () => {
      this.#backend.settle();
      return this.#state(includeKeys);
    });
  }

  #state(includeKeys: boolean): DeviceState {
    return {
      version: STATE_VERSION,
      options: this.#capacities(),
      status: this.#status,
      driverFeatures: this.#driverFeatures.toString(),
      hardwareReady: this.config.hardwareReady,
      generation: this.config.generation,
      fault: this.#engine.fault(this.#base),
      faultQueue: this.#engine.faultQueue(this.#base),
      queues: this.queues.map((queue, index) => ({
        ...queue.save(),
        indices: this.#engine.queueIndices(this.#base, index) >>> 0,
        held: this.#runner.waits(index),
      })),
      throttle: this.#runner.levels(),
      sessionSerial: this.#engine.sessionSerial(this.#base) >>> 0,
      sessions: readSessions(this.#engine, this.#memory, this.#base, this.options.maxSessions, includeKeys),
    };
  }

  /**
   * Takes over a state that save() made, in this process or another. Guest memory is not touched, so a host may restore
   * it before or after; where requests waited, they go on from a timer.
   * @throws StateError when the state is of an unknown version, malformed, or of a device with other options or features
   */
  restore(saved: unknown): void {
    if (this.#disposed) throw new StateError('This device was disposed of: create a new one and restore that.');
    const state = parseDeviceState(saved, this.options);
    if (state.status & STATUS_FEATURES_OK && !acceptable(BigInt(state.driverFeatures), this.offeredFeatures)) {
      throw new StateError(
        `The saved device had features ${state.driverFeatures}, which this one does not offer: create it with the same options.`,
      );
    }
    this.#turns.run('restore()', () => this.#takeOver(state));
  }

  /** @throws StateError when a part of the state has no place here: the device is reset then */
  #takeOver(state: DeviceState): void {
    this.#reset();
    this.#driverFeatures = BigInt(state.driverFeatures);
    this.#status = state.status;
    this.config.restore(state.hardwareReady, state.generation);
    if (state.status & STATUS_FEATURES_OK) this.#agree();
    try {
      this.#restoreQueues(state);
      if (state.fault !== FAULT_NONE) this.#engine.setFault(this.#base, state.fault, state.faultQueue);
      restoreSessions(this.#engine, this.#memory, this.#base, state);
      this.#runner.setLevels(state.throttle);
      state.queues.forEach(({ held }, index) => {
        if (held) this.#runner.resume(index);
      });
    } catch (error) {
      this.#reset();
      throw error;
    }
  }

  /** Ends the device: its keys are wiped, no timer is left, and it ignores everything from now on. */
  dispose(): void {
    this.#dispose('dispose()');
  }

  #dispose(what: string): void {
    this.#turns.run(what, () => {
      this.#disposed = true;
      this.#turns.onInterrupt = () => {};
      this.#reset();
      this.#backend.dispose();
    });
  }

  /**
   * Takes the device out of a running machine, as a hand that pulls a card: it is disposed of, what was in flight is lost,
   * and its transport answers every read with all ones.
   */
  remove(): void {
    this.#dispose('remove()');
    this.#removed = true;
  }

  /** Whether the device was taken out. */
  get removed(): boolean {
    return this.#removed;
  }

  /** The features are agreed on: they say how queues work and how long they may be. */
  #agree(): void {
    this.#engine.setFeatures(this.#base, this.#driverFeatures);
    const ring = hasFeature(this.#driverFeatures, F_RING_PACKED) ? 'packed' : 'split';
    for (const queue of this.queues) queue.useRing(ring);
  }

  #refused(refusal: Refusal): void {
    const tell = this.#onRefused;
    if (tell) this.#turns.say(() => tell(refusal));
  }

  get #working(): boolean {
    return (this.#status & (STATUS_DRIVER_OK | STATUS_DEVICE_NEEDS_RESET)) === STATUS_DRIVER_OK;
  }

  #placeSessions(): void {
    placeSessions(this.#engine, this.#memory, this.#base, this.options.maxSessions, this.#backend);
  }

  #capacities(): DeviceState['options'] {
    const { dataQueues, queueSize, maxSessions, maxRequestBytes } = this.options;
    return { dataQueues, queueSize, maxSessions, maxRequestBytes };
  }

  /** @throws StateError when a queue stands where its ring has no place */
  #restoreQueues(state: DeviceState): void {
    state.queues.forEach((saved, index) => {
      const queue = this.queues[index];
      if (!queue) return;
      queue.restore(saved);
      if (!queue.enabled) return;
      if (this.#enable(index, queue) !== FAULT_NONE) {
        this.#status |= STATUS_DEVICE_NEEDS_RESET;
      } else if (!this.#engine.setQueueIndices(this.#base, index, saved.indices)) {
        throw new StateError(`The saved state is damaged: queue ${index} stands beyond the end of its ring.`);
      }
    });
  }

  #enable(index: number, queue: QueueRegisters): number {
    if (queue.size > queue.maxSize) {
      this.#engine.setFault(this.#base, FAULT_QUEUE_SIZE, index);
      return FAULT_QUEUE_SIZE;
    }
    const { size, desc, driver, device } = queue;
    return this.#engine.enableQueue(this.#base, index, size, desc, driver, device);
  }

  /** Buffers may stand in the rings before DRIVER_OK (3.1.1 step 8): they are looked at once it is set. */
  #startQueues(): void {
    for (let index = 0; index < this.queues.length; index++) this.#runner.notify(index);
  }

  /** 2.1.2: the bit is set, and a driver that is up hears of it through a configuration change notification. */
  #needsReset(): void {
    if (this.#status & STATUS_DEVICE_NEEDS_RESET) return;
    this.#status |= STATUS_DEVICE_NEEDS_RESET;
    this.#runner.stop();
    if (this.#status & STATUS_DRIVER_OK) this.#turns.interrupt('config', 0);
  }
}

/**
 * A virtio crypto device over a guest memory.
 * @throws RangeError for options out of range, and TypeError for those of another type, naming them
 */
export function createCryptoDevice(options: CreateOptions): CryptoDevice {
  return new CryptoDevice(options);
}
