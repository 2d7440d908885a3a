import { FAULT_NONE } from '../../spec/engine.ts';
import { F_RING_RESET, STATUS_FEATURES_OK } from '../../spec/virtio.ts';
import { Backend } from '../backend/backend.ts';
import { type BackendOptions, type ResolvedBackend, resolveBackend } from '../backend/options.ts';
import { checkFunction, checkObject, checkSwitch } from '../check.ts';
import { checkClock, hostClock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { Guest, GuestRegion } from '../engine/memory.ts';
import { ConfigSpace } from './config_space.ts';
import type { CreateOptions, InterruptHandler, QueuePositions, SaveOptions } from './contract.ts';
import { createDeviceEngine } from './device_engine.ts';
import { DeviceQueues } from './device_queues.ts';
import { type DeviceFault, describeFault } from './faults.ts';

import { acceptable, offeredFeatures } from './features.ts';
import { GuestRam } from './guest_ram.ts';
import { Negotiation } from './negotiation.ts';

import { offerOf } from './offer.ts';
import { type ResolvedOptions, resolveOptions } from './options.ts';
import { type QueueRegisters, queueRegisters } from './queue_registers.ts';
import { type DeviceObserver, QueueRunner } from './queue_runner.ts';
import { featuresRefusal, type Refusal, requestRefusal } from './refusals.ts';
import type { DeviceRegisters } from './registers.ts';
import { deviceState, restoreParts, type SavedParts } from './saved_device.ts';
import { type DeviceState, parseDeviceState, readSessions, type SavedSession, StateError } from './state.ts';

import { type Statistics, StatisticsReader } from './statistics.ts';
import { Turns } from './turns.ts';

/**
 * A virtio crypto device over a guest memory (5.9), independent of any emulator and any transport: a transport gives it
 * the driver's register accesses, it answers with interrupts.
 */
export class CryptoDevice implements DeviceRegisters {
  readonly options: ResolvedOptions;
  readonly config: ConfigSpace;
  /** One entry a virtqueue: the data queues, then the control queue (5.9.2). */
  readonly queues: readonly QueueRegisters[];
  /** Feature bits that this device offers. */
  readonly offeredFeatures: bigint;
  readonly #engine: EngineExports;
  readonly #ram: GuestRam;
  readonly #base: number;
  readonly #backend: Backend;
  readonly #statistics: StatisticsReader;
  readonly #negotiation: Negotiation;
  readonly #queues: DeviceQueues;
  readonly #runner: QueueRunner;
  readonly #parts: SavedParts;
  readonly #turns = new Turns((queue) => this.#runner.notify(queue));
  readonly #onRefused: CreateOptions['onRefused'];
  #backendReady: Promise<void>;
  #disposed = false;
  #removed = false;

  constructor(options: CreateOptions) {
    this.options = resolveOptions(options);
    const { limits } = this.options;
    const offer = offerOf(this.options.algorithms, limits.keyBytes);
    this.offeredFeatures = offeredFeatures(this.options.features, offer.services);
    this.#negotiation = new Negotiation(this.offeredFeatures);
    this.config = new ConfigSpace(this.options, offer);
    this.queues = queueRegisters(this.options.dataQueues, this.options.queueSize);
    const { dataQueues, maxRequestBytes } = this.options;
    this.#ram = new GuestRam(options.guest);
    const { memory, claimed, foreign } = this.#ram;
    if (options.onWrite !== undefined) checkFunction('onWrite', options.onWrite);
    if (options.onRefused !== undefined) checkFunction('onRefused', options.onRefused);
    if (options.clock !== undefined) checkClock(options.clock);
    this.#onRefused = options.onRefused;
    this.#backend = new Backend(this.options.backend, memory);
    const { engine, base } = createDeviceEngine(this.#ram, this.options, offer, {
      written: options.onWrite,
      ...(options.onRefused && { refused: (...request) => this.#refused(requestRefusal(...request)) }),
      backend: this.#backend,
    });
    this.#engine = engine;
    this.#base = base;
    this.#statistics = new StatisticsReader(memory, engine.statisticsAt(base) >>> 0, dataQueues);
    this.#queues = new DeviceQueues(this.queues, engine, base);
    const clock = options.clock ?? hostClock();
    const parts = { engine, base, memory, clock };
    this.#runner = new QueueRunner({
      ...parts,
      turns: this.#turns,
      backend: this.#backend,
      statistics: this.#statistics,
      limits,
      dataQueues,
      ready: (queue) => this.#negotiation.working && this.queues[queue]?.enabled === true,
      used: (queue) => this.#turns.interrupt('queue', queue),
      broken: () => this.#needsReset(),
    });
    this.#parts = {
      ...parts,
      options: this.options,
      negotiation: this.#negotiation,
      config: this.config,
      queues: this.#queues,
      runner: this.#runner,
    };
    this.#backendReady = this.#backend.start({
      ...parts,
      foreign,
      maxRequestBytes,
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

  /** The guest's RAM, as it was given, with the regions of now. */
  get guest(): Guest {
    return this.#ram.guest;
  }

  /**
   * Replaces the regions of guest RAM while the device runs, for guests whose memory is plugged and unplugged, and for hosts that hear of
   * it late. Requests that are under way are completed before; those that wait in a ring and name memory that is gone break the device.
   * @throws RangeError for regions that cannot be, naming them, and TypeError where something is of another type
   * @throws Error where the ring of a queue that is enabled would go, or would move
   */
  setRegions(regions: readonly GuestRegion[] | readonly ForeignRegion[]): void {
    if (this.#disposed) return;
    this.#settleAs('setRegions()', () => {
      this.#ram.set(regions, this.queues);
      this.#ram.tell(this.#engine, this.#base);
    });
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
    const { thresholds, createWorker, guestInThread } = this.options.backend;
    const ownWorkers = createWorker && options.workerUrl === undefined ? { createWorker } : {};
    const choice = resolveBackend({ guestInThread, ...(thresholds && { thresholds }), ...ownWorkers, ...options });
    if (this.#disposed) return Promise.resolve();
    this.#turns.run('useBackend()', () => {
      this.#backendReady = this.#backend.exchange(choice);
      this.#placeSessions();
    });
    return this.#backendReady;
  }

  /** Where the device stands in an enabled queue: what it takes next, and where it puts the next result (2.7, 2.8.1). */
  positions(index: number): QueuePositions {
    return this.#queues.positions(index);
  }

  /**
   * Puts the device somewhere else in an enabled queue, for a transport whose driver says where to begin. Requests that are under way
   * are completed before.
   * @throws RangeError for positions that the ring does not have, and for a queue that is not enabled
   */
  setPositions(index: number, positions: QueuePositions): void {
    checkObject('positions', positions);
    this.#settleAs('setPositions()', () => this.#queues.setPositions(index, positions));
  }

  /** Sessions that are open now, with their keys. */
  sessions(): SavedSession[] {
    return readSessions(this.#engine, this.#ram.memory, this.#base, this.options.maxSessions, true);
  }

  /** Device status field (2.1). */
  get status(): number {
    return this.#negotiation.status;
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
    const { agreed, failed, started } = this.#negotiation.write(value);
    if (failed) this.#refused(featuresRefusal(this.#negotiation.driverFeatures, failed));
    if (agreed) this.#agree();
    if (!this.#negotiation.working) this.#runner.stop();
    if (started) this.#startQueues();
  }

  /** Features that the driver has chosen so far. */
  get driverFeatures(): bigint {
    return this.#negotiation.driverFeatures;
  }

  /** The driver chooses features, 32 at a time; ignored once FEATURES_OK stands. */
  writeDriverFeatures(word: number, value: number): void {
    this.#negotiation.writeFeatures(word, value);
  }

  /**
   * queue_enable (4.1.4.3): the queue's size and addresses are checked now; what cannot be used breaks the device. Ignored before
   * FEATURES_OK: until then it is not known how a queue works (3.1.1 steps 5 to 7).
   */
  enableQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue || queue.enabled || this.#disposed || !this.#negotiation.takesQueues) return;
    this.#turns.run('enableQueue()', () => {
      const fault = this.#queues.enable(index, queue);
      if (fault === FAULT_NONE) queue.enabled = true;
      else this.#needsReset();
    });
  }

  /** Whether the driver may reset queues one by one: VIRTIO_F_RING_RESET was negotiated (2.6.1). */
  get ringResetNegotiated(): boolean {
    return this.#negotiation.agreed && this.#negotiation.chose(F_RING_RESET);
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
    this.#ram.foreign?.recover();
    this.#negotiation.reset();
    this.#queues.reset();
  }

  /** Why DEVICE_NEEDS_RESET stands, if it does. */
  get fault(): DeviceFault | undefined {
    const code = this.#engine.fault(this.#base);
    if (code === FAULT_NONE) return undefined;
    const queue = this.#engine.faultQueue(this.#base);
    return describeFault(code, queue, this.queues[queue]?.ring ?? 'split', this.#ram.foreign?.failure);
  }

  /** Sessions that are open now. */
  get sessionCount(): number {
    return this.#engine.sessionCount(this.#base);
  }

  /** Requests completed on a queue since the driver enabled it, or since a state was restored. */
  requests(queue: number): number {
    return this.#queues.requests(queue);
  }

  /** What the device has done since it was created: a copy, which does not change. */
  statistics(): Statistics {
    return { ...this.#statistics.read(), elsewhere: this.#backend.counts() };
  }

  /** VIRTIO_CRYPTO_S_HW_READY (5.9.5): off means that the driver keeps its requests back; a change interrupts it. */
  setHardwareReady(ready: boolean): void {
    if (this.config.setHardwareReady(ready) && this.#negotiation.driverIsUp) this.#turns.interrupt('config', 0);
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
    return this.#settleAs('save()', () => deviceState(this.#parts, includeKeys));
  }

  /** Does something as a turn while no request is under way. */
  #settleAs<T>(what: string, work: () => T): T {
    // In a turn of its own: the handler of interrupts may have more for the device to do.
    this.#turns.run(what, () => this.#backend.settle());
    return this.#turns.run(what, () => {
      this.#backend.settle();
      return work();
    });
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
    this.#negotiation.restore(state.status, BigInt(state.driverFeatures));
    this.config.restore(state.hardwareReady, state.generation);
    if (this.#negotiation.agreed) this.#agree();
    try {
      restoreParts(this.#parts, state);
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
    this.#engine.setFeatures(this.#base, this.#negotiation.driverFeatures);
    this.#queues.useRing(this.#negotiation.ring);
  }

  #refused(refusal: Refusal): void {
    const tell = this.#onRefused;
    if (tell) this.#turns.say(() => tell(refusal));
  }

  #placeSessions(): void {
    this.#engine.placeSessions(this.#base);
  }

  /** Buffers may stand in the rings before DRIVER_OK (3.1.1 step 8): they are looked at once it is set. */
  #startQueues(): void {
    for (let index = 0; index < this.queues.length; index++) this.#runner.notify(index);
  }

  /** 2.1.2: the bit is set, and a driver that is up hears of it through a configuration change notification. */
  #needsReset(): void {
    if (!this.#negotiation.needReset()) return;
    this.#runner.stop();
    if (this.#negotiation.driverIsUp) this.#turns.interrupt('config', 0);
  }
}

/**
 * A virtio crypto device over a guest memory. It grows the WebAssembly memory that it is given, for what it keeps itself: that detaches
 * the memory's ArrayBuffer, so that every view of it has to be made anew. It grows it again when a backend first needs memory. Guest
 * memory that is foreign it leaves as it is.
 * @throws RangeError for options out of range, and TypeError for those of another type, naming them
 */
export function createCryptoDevice(options: CreateOptions): CryptoDevice {
  return new CryptoDevice(options);
}
