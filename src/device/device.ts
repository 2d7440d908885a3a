import { FAULT_NONE } from '../../spec/engine.ts';
import { F_RING_RESET, STATUS_FEATURES_OK } from '../../spec/virtio.ts';
import { Backend } from '../backend/backend.ts';
import { type BackendOptions, type ResolvedBackend, resolveBackend } from '../backend/options.ts';
import { checkFunction, checkObject, checkSwitch } from '../check.ts';
import { checkClock, hostClock } from '../clock.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { Guest, GuestRegion } from '../engine/memory.ts';
import { Administration } from './admin/administration.ts';
import { adminCommands } from './admin/queue.ts';
import { ConfigSpace } from './config_space.ts';
import type { CreateOptions, InterruptHandler, QueuePositions, SaveOptions } from './contract.ts';
import { createDeviceEngine } from './device_engine.ts';
import { DeviceQueues } from './device_queues.ts';
import { type DeviceFault, describeFault } from './faults.ts';
import { acceptable, offeredFeatures } from './features.ts';
import { GuestRam } from './guest_ram.ts';
import { administeredBy } from './ipsec/administered.ts';
import type { SaTable } from './ipsec/sa_table.ts';
import { DeviceLife } from './life.ts';
import { Negotiation } from './negotiation.ts';

import { offerOf } from './offer.ts';
import { type ResolvedOptions, resolveOptions } from './options.ts';
import { type QueueRegisters, queueRegisters } from './queue_registers.ts';
import { type DeviceObserver, QueueRunner } from './queue_runner.ts';
import { type Refusal, requestRefusal } from './refusals.ts';
import type { DeviceRegisters } from './registers.ts';
import { deviceState, type SavedParts } from './saved_device.ts';
import { type DeviceState, parseDeviceState, readSessions, type SavedSession, StateError } from './state.ts';

import { type Statistics, StatisticsReader } from './statistics.ts';
import { Turns } from './turns.ts';

/**
 * A virtio crypto device over a guest memory (5.9), independent of emulators and transports. A transport passes the driver's register
 * accesses on to it, and delivers its interrupts.
 *
 * onWrite and observers are called in the middle of a request. Methods that they must not call then throw an Error.
 */
export class CryptoDevice implements DeviceRegisters {
  /** The options that the device was created with, checked and with all defaults filled in. */
  readonly options: ResolvedOptions;
  /** The device configuration space (5.9.5). */
  readonly config: ConfigSpace;
  /** The registers of each virtqueue: the data queues, the control queue (5.9.2), and the administration queue if there is one. */
  readonly queues: readonly QueueRegisters[];
  /** The security associations of the IPSEC service (virtio 1.4); undefined if the device does not offer it. */
  readonly associations: SaTable | undefined;
  readonly #engine: EngineExports;
  readonly #ram: GuestRam;
  readonly #base: number;
  readonly #backend: Backend;
  readonly #statistics: StatisticsReader;
  readonly #negotiation: Negotiation;
  readonly #queues: DeviceQueues;
  readonly #runner: QueueRunner;
  readonly #parts: SavedParts;
  readonly #life: DeviceLife;
  readonly #turns = new Turns((queue) => this.#runner.notify(queue));
  readonly #onRefused: CreateOptions['onRefused'];
  #backendReady: Promise<void>;
  #disposed = false;
  #removed = false;

  constructor(options: CreateOptions) {
    this.options = resolveOptions(options);
    const { limits } = this.options;
    const offer = offerOf(this.options.algorithms, limits.keyBytes, this.options.securityAssociations);
    this.#negotiation = new Negotiation(offeredFeatures(this.options.features, offer.services));
    this.config = new ConfigSpace(this.options, offer);
    this.queues = queueRegisters({ ...this.options, administration: this.options.features.adminQueue });
    const { dataQueues, maxRequestBytes } = this.options;
    this.#ram = new GuestRam(options.guest);
    const { memory, claimed, foreign } = this.#ram;
    if (options.onWrite !== undefined) checkFunction('onWrite', options.onWrite);
    if (options.onRefused !== undefined) checkFunction('onRefused', options.onRefused);
    if (options.clock !== undefined) checkClock(options.clock);
    this.#onRefused = options.onRefused;
    const modulusBits = offer.algorithms.akcipher ? limits.modulusBits : 0;
    this.#backend = new Backend(this.options.backend, memory, modulusBits);
    const { engine, base, associations } = createDeviceEngine(this.#ram, this.options, offer, {
      written: options.onWrite,
      ...(options.onRefused && { refused: (...request) => this.#refused(requestRefusal(...request)) }),
      backend: this.#backend,
      administer: (...command) => administer(...command),
    });
    this.#engine = engine;
    this.#base = base;
    this.associations = associations;
    const administration = new Administration(administeredBy(offer, associations, options.administered));
    const administer = adminCommands(memory, administration);
    this.#statistics = new StatisticsReader(
      memory,
      engine.statisticsAt(base) >>> 0,
      this.queues.map(({ kind }) => kind),
    );
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
      broken: () => this.#life.needsReset(),
    });
    this.#parts = {
      ...parts,
      options: this.options,
      negotiation: this.#negotiation,
      config: this.config,
      queues: this.#queues,
      runner: this.#runner,
      keys: this.#backend.keys,
      administration,
      associations,
    };
    this.#life = new DeviceLife({
      ...this.#parts,
      turns: this.#turns,
      settle: () => this.#backend.settle(),
      recover: () => foreign?.recover(),
      refused: (refusal) => this.#refused(refusal),
    });
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
   * Sets the one handler of interrupts. A transport calls this when it is created. The handler is called when the call or timer that
   * caused the interrupt has done its work, before it returns. The handler may call all methods of the device. An error that it throws is
   * thrown by that call.
   */
  onInterrupt(handler: InterruptHandler): void {
    this.#turns.onInterrupt = handler;
  }

  /** Replaces the observer; undefined removes it. Queues that the old observer held back go on from a timer. */
  observe(observer: DeviceObserver | undefined): void {
    this.#runner.observe(observer);
  }

  /** The guest's RAM as it was given, with its current regions. */
  get guest(): Guest {
    return this.#ram.guest;
  }

  /**
   * Replaces the regions of guest RAM while the device runs, for guests whose memory is plugged and unplugged, and for hosts that learn
   * of it late. Requests under way are completed first. A waiting request that names memory outside the new regions breaks the device.
   * @throws RangeError that names a wrong region
   * @throws TypeError for a value of a wrong type
   * @throws Error if the ring of an enabled queue would be outside the regions, or would move
   */
  setRegions(regions: readonly GuestRegion[] | readonly ForeignRegion[]): void {
    if (this.#disposed) return;
    this.#settleAs('setRegions()', () => {
      this.#ram.set(regions, this.queues);
      this.#ram.tell(this.#engine, this.#base);
    });
  }

  /** Resolves when the backend is at work, or has failed to start. Until then, and after a failure, requests run in the engine. */
  get backendReady(): Promise<void> {
    return this.#backendReady;
  }

  /** The current choice of backend. */
  get backend(): ResolvedBackend {
    return this.#backend.choice;
  }

  /**
   * Replaces the backend. Requests under way are completed before this returns. No request waits for the new backend: until it is at work,
   * requests run in the engine. When a backend first needs memory, the WebAssembly memory grows, and its old ArrayBuffer is detached.
   * Thresholds, costs, guestInThread and the source of workers from the device's creation stay in use unless `options` gives others.
   * @returns a promise that resolves when the new backend is at work, or has failed to start
   * @throws RangeError for an unknown backend or a wrong number of workers
   * @throws TypeError for an option of a wrong type
   * @throws ThresholdsError for invalid thresholds
   * @throws CostsError for invalid costs
   */
  useBackend(options: BackendOptions): Promise<void> {
    const { costs, thresholds, createWorker, guestInThread } = this.options.backend;
    const ownWorkers = createWorker && options.workerUrl === undefined ? { createWorker } : {};
    const kept = { guestInThread, ...(costs && { costs }), ...(thresholds && { thresholds }), ...ownWorkers };
    const choice = resolveBackend({ ...kept, ...options });
    if (this.#disposed) return Promise.resolve();
    this.#turns.run('useBackend()', () => {
      this.#backendReady = this.#backend.exchange(choice);
      this.#placeSessions();
    });
    return this.#backendReady;
  }

  /** The device's positions in an enabled queue (2.7, 2.8.1). */
  positions(index: number): QueuePositions {
    return this.#queues.positions(index);
  }

  /**
   * Sets the device's positions in an enabled queue, for a transport whose driver says where to begin. Requests under way are completed
   * first.
   * @throws RangeError for positions that the ring does not have, and for a queue that is not enabled
   * @throws TypeError if `positions` is not an object
   */
  setPositions(index: number, positions: QueuePositions): void {
    checkObject('positions', positions);
    this.#settleAs('setPositions()', () => this.#queues.setPositions(index, positions));
  }

  /** The open sessions, with their keys. */
  sessions(): SavedSession[] {
    return readSessions(this.#engine, this.#ram.memory, this.#base, this.options.maxSessions, true, this.#backend.keys);
  }

  /** Device status field (2.1). */
  get status(): number {
    return this.#negotiation.status;
  }

  /**
   * Writes the status field for the driver (2.1). 0 resets the device (2.4). FEATURES_OK is kept only if the device accepts the features
   * (2.2.2), and then stays until the reset, because queues work as was negotiated. DEVICE_NEEDS_RESET cannot be written. With SUSPEND the
   * device completes the requests under way, and then shows SUSPEND instead of DRIVER_OK (3.4 of virtio 1.4).
   */
  writeStatus(value: number): void {
    if (this.#disposed) return;
    if (value === 0) this.reset();
    else if (this.#turns.run('writeStatus()', () => this.#life.writeStatus(value))) {
      this.#turns.run('writeStatus()', () => this.#life.suspend());
    }
  }

  /** Feature bits that the device offers (2.2). */
  get offeredFeatures(): bigint {
    return this.#negotiation.offered;
  }

  /** Offers some features no more, because the transport cannot carry them. Ignored once the driver has chosen its features. */
  withhold(features: bigint): void {
    this.#negotiation.withhold(features);
  }

  /** The feature bits that the driver has chosen so far. */
  get driverFeatures(): bigint {
    return this.#negotiation.driverFeatures;
  }

  /**
   * Writes half of the driver's features. Ignored once FEATURES_OK is set.
   * @param word 0 for bits 0 to 31, 1 for bits 32 to 63
   */
  writeDriverFeatures(word: number, value: number): void {
    this.#negotiation.writeFeatures(word, value);
  }

  /**
   * Enables a queue (queue_enable, 4.1.4.3). Its size and addresses are checked now; if they are wrong, the device needs a reset. Ignored
   * before FEATURES_OK, because the features decide how a queue works (3.1.1, steps 5 to 7).
   */
  enableQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue || queue.maxSize === 0 || queue.enabled || this.#disposed || !this.#negotiation.takesQueues) return;
    this.#turns.run('enableQueue()', () => {
      const fault = this.#queues.enable(index, queue);
      if (fault === FAULT_NONE) queue.enabled = true;
      else this.#life.needsReset();
    });
  }

  /** Whether the driver may reset single queues: VIRTIO_F_RING_RESET was negotiated (2.6.1). */
  get ringResetNegotiated(): boolean {
    return this.#negotiation.agreed && this.#negotiation.chose(F_RING_RESET);
  }

  /** Resets one queue (2.6.1.1): it is disabled, and its registers are as after a device reset. The other queues go on. */
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
   * Call this when the driver has made buffers available on a queue (2.7.13). Ignored before DRIVER_OK, and while a reset is needed.
   * Requests beyond the limits stay available in the ring, and are run later from a timer.
   */
  notify(index: number): void {
    this.#turns.notify(index);
  }

  /** Takes what waits in a queue, as notify() does, for a host or a transport that looks of its own accord. */
  resume(index: number): void {
    this.#turns.notify(index);
  }

  /** See DeviceRegisters.standIn(). The device does not depend on who writes its registers. */
  standIn(_features: bigint | undefined): void {}

  /** Resets the device (2.4): queues, features and faults are forgotten. Every session is closed, and its keys are wiped. */
  reset(): void {
    this.#turns.run('reset()', () => this.#life.reset());
  }

  /** Why the device set DEVICE_NEEDS_RESET (2.1.2); undefined if it did not. */
  get fault(): DeviceFault | undefined {
    const code = this.#engine.fault(this.#base);
    if (code === FAULT_NONE) return undefined;
    const queue = this.#engine.faultQueue(this.#base);
    return describeFault(code, queue, this.queues[queue]?.ring ?? 'split', this.#ram.foreign?.failure);
  }

  /** Number of open sessions. */
  get sessionCount(): number {
    return this.#engine.sessionCount(this.#base);
  }

  /** Number of requests completed on a queue since the driver enabled it, or since a state was restored. */
  requests(queue: number): number {
    return this.#queues.requests(queue);
  }

  /** Counts of the device's work since it was created, resets included. The result is a copy that does not change. */
  statistics(): Statistics {
    return { ...this.#statistics.read(), elsewhere: this.#backend.counts(), costs: this.#backend.costs() };
  }

  /**
   * Sets VIRTIO_CRYPTO_S_HW_READY (5.9.5). While it is off, a driver sends no requests. A change interrupts the driver. If the device is
   * suspended, it changes when it resumes.
   */
  setHardwareReady(ready: boolean): void {
    this.#life.setHardwareReady(ready);
  }

  /** Completes the requests that run outside the engine before it returns. Call it before you save the guest's RAM. */
  settle(): void {
    this.#turns.run('settle()', () => this.#backend.settle());
  }

  /**
   * Returns the device's state as plain data: registers, positions in the rings, and sessions. Requests under way are completed first.
   * The host saves the guest's RAM, in whose rings waiting requests are still available. Without keys the sessions are lost: after
   * restore() a request in such a session gets the status INVSESS.
   * @throws TypeError for options of a wrong type
   */
  save(options: SaveOptions = {}): DeviceState {
    checkObject('options', options);
    const { includeKeys = false } = options;
    checkSwitch('includeKeys', includeKeys);
    return this.#settleAs('save()', () => deviceState(this.#parts, includeKeys));
  }

  /** Runs `work` as a turn while no request is under way. */
  #settleAs<T>(what: string, work: () => T): T {
    // This is a turn of its own, because at its end the handler of interrupts may give the device more work.
    this.#turns.run(what, () => this.#backend.settle());
    return this.#turns.run(what, () => {
      this.#backend.settle();
      return work();
    });
  }

  /**
   * Takes over a state that save() returned, in this process or another. It does not touch guest memory, so the host may restore that
   * before or after. Waiting requests go on from a timer.
   * @throws StateError if the state has an unknown version, is damaged, or is of a device with other options or features, and if this
   * device was disposed of
   */
  restore(saved: unknown): void {
    if (this.#disposed) throw new StateError('This device was disposed of: create a new one and restore that.');
    const state = parseDeviceState(saved, this.options);
    if (state.status & STATUS_FEATURES_OK && !acceptable(BigInt(state.driverFeatures), this.offeredFeatures)) {
      throw new StateError(
        `The saved device had features ${state.driverFeatures}, which this one does not offer: create it with the same options.`,
      );
    }
    this.#turns.run('restore()', () => this.#life.takeOver(state));
  }

  /** Ends the device: its keys are wiped, its timers and workers end, and it ignores all calls from now on. restore() throws. */
  dispose(): void {
    this.#dispose('dispose()');
  }

  #dispose(what: string): void {
    this.#turns.run(what, () => {
      this.#disposed = true;
      this.#turns.onInterrupt = () => {};
      this.#life.reset();
      this.#backend.dispose();
    });
  }

  /**
   * Takes the device out of a running machine, like a card that is pulled out. The device is disposed of, requests in flight are lost, and
   * reads of its transport return all ones.
   */
  remove(): void {
    this.#dispose('remove()');
    this.#removed = true;
  }

  /** Whether the device was removed. */
  get removed(): boolean {
    return this.#removed;
  }

  #refused(refusal: Refusal): void {
    const tell = this.#onRefused;
    if (tell) this.#turns.say(() => tell(refusal));
  }

  #placeSessions(): void {
    this.#engine.placeSessions(this.#base);
  }
}

/**
 * Creates a virtio crypto device over a guest memory. It grows the given WebAssembly memory for its own use, now and when a backend first
 * needs memory. Growing detaches the memory's old ArrayBuffer, so make new views of it. Foreign guest memory is not changed.
 * @throws RangeError that names an option that is out of range, or if the memory cannot grow
 * @throws TypeError that names an option of a wrong type
 * @throws ThresholdsError for invalid thresholds
 * @throws CostsError for invalid costs
 */
export function createCryptoDevice(options: CreateOptions): CryptoDevice {
  return new CryptoDevice(options);
}
