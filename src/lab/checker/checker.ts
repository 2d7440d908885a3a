import * as crypto from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import { checkFunction, checkObject, checkSwitch, refuse } from '../../check.ts';
import { type Clock, hostClock } from '../../clock.ts';
import type { CreateOptions, InterruptHandler } from '../../device/contract.ts';
import type { CryptoDevice } from '../../device/device.ts';
import { hasFeature } from '../../device/features.ts';
import type { DeviceObserver } from '../../device/queue_runner.ts';
import type { Refusal } from '../../device/refusals.ts';
import { GuestView } from '../../trace/index.ts';
import { LookBudget } from '../../trace/look_budget.ts';
import type { Fault } from '../faults/fault.ts';
import { FAULTS, type FaultName } from '../faults/index.ts';
import { FaultInjector } from '../faults/injector.ts';
import { Administration } from './administration.ts';
import type { ReadChain } from './descriptors.ts';
import { Life } from './life.ts';
import { PackedRingWatch } from './packed_ring.ts';
import { checkQueueSetup } from './queue_setup.ts';
import type { RingWatch, Terms } from './ring_watch.ts';
import { RULES, type RuleName } from './rules.ts';
import { SplitRingWatch } from './split_ring.ts';
import { Findings, type Violation } from './violation.ts';
import { type DriverWatcher, WatchedDevice } from './watched_device.ts';

/** Options of a checker. */
export interface CheckerOptions {
  /** Called when a rule is broken for the first time on a queue, in the middle of the driver's access. */
  onViolation?: (violation: Violation) => void;
  /**
   * Number of chains a second whose descriptors are looked at, for a driver that is to keep its speed. Registers and set-up are always
   * looked at. Default Infinity: all chains.
   */
  perSecond?: number;
  /** A way in which the device misbehaves: see FAULTS. The device's observer is then in use. Default: none. */
  fault?: FaultName;
  /** The request that the fault strikes, counted from 1 over all data queues. Default 1. */
  nth?: number;
  /** Whether the fault is there from the beginning, and counts requests from there on. Default true; otherwise call arm(). */
  armed?: boolean;
  /** Interrupts the driver for another device on its line, for the fault `interrupt-shared`. Default: the line has no other device. */
  shared?: () => void;
  /**
   * Returns what stands between the device and this checker, and passes all calls on: it sees what the checker sees. Default: nothing.
   */
  watch?: (checker: DriverWatcher) => DriverWatcher;
}

const RULE_NAMES = Object.keys(RULES) as RuleName[];

/** Requests that the device refused for a reason that is no mistake of the driver: it could not know. */
const NO_MISTAKES = new Set(['sessions', 'tag', 'signature']);

/**
 * Watches a driver: holds every access to the device's registers, and every ring at every notification, against the statements of virtio 1.3
 * about drivers (RULES). The device works as it does without a checker.
 *
 * Give `createDevice` to createBench(), attachVirtioCrypto() or serveVhostUser(). One checker watches one device. Over vhost-user, rings and
 * requests are watched, and what a driver does to registers is not seen: `rules` has the rules that hold there. The device is the same for
 * all clients, one after the other, and so is the list of violations.
 */
export class DriverChecker implements DriverWatcher {
  readonly #findings: Findings;
  readonly #life: Life;
  readonly #administration: Administration;
  readonly #budget: LookBudget;
  #rings: (RingWatch | undefined)[] = [];
  #view: GuestView | undefined;
  #faulted = false;
  /** Whether the driver may not have heard yet that the device needs a reset: the interrupt is under way. */
  #unheard = false;
  #clock: Clock = hostClock();
  #device: WatchedDevice | undefined;
  readonly #fault: Fault | undefined;
  readonly #nth: number;
  readonly #watch: (checker: DriverWatcher) => DriverWatcher;
  readonly #shared: () => void;
  readonly #armed: boolean;
  #injector: FaultInjector | undefined;
  #handler: InterruptHandler = () => {};
  /** What the transport has said of the driver's features, if it writes the registers itself. */
  #stoodIn: { features: bigint | undefined } | undefined;

  /**
   * @throws TypeError that names an option of a wrong type
   * @throws RangeError for an unknown fault, or a number of a request that is not a whole number from 1
   */
  constructor(options: CheckerOptions = {}) {
    checkObject('options', options);
    const { onViolation = () => {}, perSecond = Number.POSITIVE_INFINITY, fault, nth = 1 } = options;
    const { watch = (checker) => checker, shared = () => {}, armed = true } = options;
    checkSwitch('armed', armed);
    checkFunction('watch', watch);
    checkFunction('shared', shared);
    checkFunction('onViolation', onViolation);
    if (typeof perSecond !== 'number' || !(perSecond >= 0)) refuse('perSecond', perSecond, 'a number from 0');
    if (fault !== undefined && !Object.hasOwn(FAULTS, fault)) {
      throw new RangeError(`fault is ${String(fault)}: give one of ${Object.keys(FAULTS).join(', ')}.`);
    }
    if (!Number.isSafeInteger(nth) || nth < 1) throw new RangeError(`nth is ${nth}: give a whole number from 1.`);
    this.#fault = fault === undefined ? undefined : FAULTS[fault];
    this.#nth = nth;
    this.#watch = watch;
    this.#shared = shared;
    this.#armed = armed;
    this.#budget = new LookBudget(perSecond);
    this.#findings = new Findings(onViolation);
    this.#life = new Life(this.#findings);
    this.#administration = new Administration(this.#findings);
  }

  /**
   * Makes the device that is watched.
   * @throws Error if the checker watches a device already
   * @throws RangeError or TypeError as createCryptoDevice() does
   */
  readonly createDevice = (options: CreateOptions): CryptoDevice => {
    if (this.#device) throw new Error('This checker watches a device already: make one checker for each device.');
    const device = new WatchedDevice(
      {
        ...options,
        ...this.#fault?.options,
        ...(this.#fault?.options?.features && { features: { ...options.features, ...this.#fault.options.features } }),
        onRefused: (refusal) => {
          this.#refused(refusal);
          options.onRefused?.(refusal);
        },
      },
      this.#watch(this),
    );
    this.#device = device;
    this.#view = new GuestView(device.guest);
    this.#clock = options.clock ?? this.#clock;
    if (this.#fault) {
      const injector = new FaultInjector(device, this.#fault, this.#nth, this.#clock, {
        handler: () => this.#handler,
        shared: this.#shared,
        hasControl: () => this.#stoodIn === undefined || this.#stoodIn.features !== undefined,
      });
      device.changeStatus = (value) => injector.status(value);
      this.#injector = injector;
      if (this.#armed) injector.arm();
    }
    return device;
  };

  /**
   * The rules that the driver is held to: all of RULES, or over vhost-user those that can be seen there. Before a client of vhost-user has
   * told what its driver chose, these are without the rules that need the features.
   */
  get rules(): RuleName[] {
    return RULE_NAMES.filter((rule) => this.#findings.sees(rule));
  }

  /** What the driver did wrong so far, in the order in which it was first seen. */
  get violations(): Violation[] {
    return this.#findings.all;
  }

  /**
   * Call this when the driver is idle and waits for nothing but the device: reports chains that it made available without a notification.
   * @returns the violations, as `violations` does
   */
  finish(): Violation[] {
    for (const ring of this.#rings) ring?.finish();
    return this.violations;
  }

  /** Forgets the violations so far, and goes on watching. */
  clear(): void {
    this.#findings.clear();
  }

  /**
   * Has the fault begin, of a checker that was made with `armed: false`. Requests are counted from now on. What the device is made with, as
   * with `queue-size-2`, is there in any case.
   */
  arm(): void {
    this.#injector?.arm();
  }

  /** Whether the device has misbehaved, or is about to: the request that the fault strikes has come. False without a fault. */
  get struck(): boolean {
    return this.#injector?.struck ?? false;
  }

  /** The device's observer that makes it misbehave, for an observer that takes its place and passes calls on. Undefined without a fault. */
  get observer(): DeviceObserver | undefined {
    return this.#injector;
  }

  // Called by the device.

  interrupted(handler: InterruptHandler, kind: 'queue' | 'config', queue: number): void {
    this.#handler = handler;
    if (this.#injector) this.#injector.interrupt(kind, queue);
    else handler(kind, queue);
  }

  reset(): void {
    this.#injector?.reset();
    this.#life.reset();
    this.#administration.reset();
    this.#rings = [];
    this.#faulted = false;
  }

  restored(status: number): void {
    this.#life.restored(status);
    this.#administration.restored();
    // Rings are watched again once the driver sets them up: which chains the device held is not known.
    this.#rings = [];
    this.#faulted = this.#device?.fault !== undefined;
  }

  statusRead(): void {
    this.#life.statusRead();
  }

  statusWritten(device: CryptoDevice, value: number): void {
    // What is in the rings when the driver sets SUSPEND may be there. Before the device goes on, nothing may have joined it.
    const aroundSuspension = this.#life.suspended || (value & virtio.STATUS_SUSPEND) !== 0;
    if (aroundSuspension) this.#lookAtAll(device);
    this.#life.statusWritten(device, value, this.#device?.heldStatus ?? 0);
    // Chains may stand in the rings before DRIVER_OK, and then run without a notification.
    if (!aroundSuspension && value & virtio.STATUS_DRIVER_OK) this.#lookAtAll(device);
  }

  featuresWritten(_: CryptoDevice, word: number, value: number): void {
    this.#life.featuresWritten(word, value);
  }

  queueEnabled(device: CryptoDevice, queue: number): void {
    this.#life.queueEnabled(queue);
    const registers = device.queues[queue];
    const view = this.#view;
    if (!registers || !view) return;
    checkQueueSetup(queue, registers, view, this.#findings);
    // The transport may have the device accept more than the driver has chosen.
    const features = this.#stoodIn ? (this.#stoodIn.features ?? 0n) : device.driverFeatures;
    const chose = (bit: number) => hasFeature(features, bit);
    const terms: Terms = {
      indirect: chose(virtio.F_INDIRECT_DESC),
      eventIdx: chose(virtio.F_EVENT_IDX),
      inOrder: chose(virtio.F_IN_ORDER),
    };
    const Watch = registers.ring === 'packed' ? PackedRingWatch : SplitRingWatch;
    this.#rings[queue] = new Watch(queue, registers, view, this.#findings, terms);
  }

  queueReset(queue: number): void {
    this.#rings[queue] = undefined;
  }

  notified(device: CryptoDevice, queue: number): void {
    // A driver cannot know yet that the device is gone.
    if (device.removed) return;
    this.#life.notified(device, queue);
    if (this.#faulted) {
      if (this.#unheard) return;
      this.#findings.report('2.1.1-3', 'a notification came while DEVICE_NEEDS_RESET was set', { queue });
      return;
    }
    this.#look(device, queue);
    this.#rings[queue]?.notified();
  }

  resumed(device: CryptoDevice, queue: number): void {
    if (this.#faulted) return;
    this.#look(device, queue);
    // Such a transport looks while it has asked for no notification, and takes what it finds.
    if (this.#stoodIn) this.#rings[queue]?.notified();
  }

  taking(device: CryptoDevice, queue: number): number {
    this.resumed(device, queue);
    const ring = this.#rings[queue];
    return this.#faulted || !ring ? Number.POSITIVE_INFINITY : ring.ahead(device.positions(queue));
  }

  stoodIn(features: bigint | undefined): void {
    this.#stoodIn = { features };
    this.#findings.sight = { registers: false, features: features !== undefined };
  }

  positioned(device: CryptoDevice, queue: number): void {
    this.#rings[queue]?.begin(device.positions(queue));
  }

  ran(device: CryptoDevice, queue: number): void {
    const ring = this.#rings[queue];
    if (ring && !ring.paused && device.queues[queue]?.enabled) ring.ran(device.positions(queue));
    this.#administered(device, queue);
    const { fault } = device;
    if (!fault || this.#faulted) return;
    this.#faulted = true;
    this.#unheard = true;
    this.#clock.schedule(() => {
      this.#unheard = false;
    }, 0);
    if (this.#fault?.needsReset) return;
    this.#findings.add({
      rule: 'fault',
      section: /\(([0-9.]+)\)/.exec(fault.message)?.[1] ?? '2.1.2',
      level: 'must',
      statement: 'The driver must keep its rings such that the device can go on.',
      seen: fault.message,
      queue: fault.queue,
    });
  }

  configRead(offset: number | 'generation'): void {
    this.#injector?.configRead(offset);
    this.#life.configRead(offset);
  }

  /** Tells what the device has answered on the administration queue, once it has answered everything. */
  #administered(device: CryptoDevice, queue: number): void {
    const registers = device.queues[queue];
    if (!this.#view || registers?.kind !== 'admin' || !registers.enabled) return;
    const { nextAvail, nextUsed } = device.positions(queue);
    if (nextAvail === nextUsed) this.#administration.answered(this.#view);
  }

  #lookAtAll(device: CryptoDevice): void {
    for (let queue = 0; queue < this.#rings.length; queue++) this.#look(device, queue);
  }

  #look(device: CryptoDevice, queue: number): void {
    const ring = this.#rings[queue];
    if (!ring || !device.queues[queue]?.enabled || !this.#admit(device, queue, ring)) return;
    const chains = ring.look(this.#budget, device.positions(queue));
    if (chains.length === 0) return;
    this.#life.requested(device, queue);
    if (this.#view && device.queues[queue]?.kind === 'admin') this.#administration.offered(chains, this.#view, queue);
    if (queue !== device.options.dataQueues) return;
    for (const chain of chains) this.#life.sessionRequested(this.#opcodeOf(chain));
  }

  /** Whether there is time to look at a ring. A ring that was left out is looked at again when the device holds none of its chains. */
  #admit(device: CryptoDevice, queue: number, ring: RingWatch): boolean {
    this.#budget.refill(performance.now(), 0);
    if (!this.#budget.left) {
      if (!ring.paused) ring.pause();
      return false;
    }
    if (!ring.paused) return true;
    const positions = device.positions(queue);
    if (positions.nextAvail !== positions.nextUsed) return false;
    ring.resume(positions);
    return true;
  }

  /** The opcode of a control request (5.9.7.2); 0 if it cannot be read. */
  #opcodeOf({ own, indirect }: ReadChain): number {
    const [first] = indirect.length > 0 ? indirect : own;
    return (first && this.#view?.uint32(first.address + crypto.CTRL_OPCODE)) ?? 0;
  }

  #refused(refusal: Refusal): void {
    // The rules of features have reported what the device refuses here.
    if (refusal.kind === 'features' || NO_MISTAKES.has(refusal.check)) return;
    this.#findings.add({
      rule: `request:${refusal.check}`,
      section: refusal.section,
      level: 'must',
      statement: 'The driver must send requests that the device can carry out.',
      seen: `${refusal.message}; opcode 0x${refusal.opcode.toString(16)}, status ${refusal.status}`,
      queue: refusal.queue,
    });
  }
}
